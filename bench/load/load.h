// What the files of the load generator share: options, connections, tapes, meters and the report.
//
// The generator is one thread: raw sockets, epoll, bytes computed beforehand. Everything it sends is counted, every
// byte it receives is compared with what it expects.

#ifndef LOAD_H
#define LOAD_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// --- options.c -------------------------------------------------------------------------------------------------

typedef struct Options {
  const char *mode;
  const char *pubUser, *subUser; // "name:password"
  bool sids;                      // each subscriber has a sid of its own
  bool plainSub;                  // subscribers and responders read no headers
  const char *flood;             // what disturbs the quiet connection: "fan" or "pub"
  const char *storage;           // of streams: "file" or "memory"
  const char *op;                // get: "seq", "last" or "batch"; jsquiet, jsconsume: see js_quiet.c, js_consume.c
  int port, monitorPort, pid;
  int pubs, subs, inflight, streams;
  int batch; // jsconsume, jsget: messages asked for at once
  size_t size, headerSize; // payload without headers; header block, 0 for PUB
  size_t subjects;         // distinct subjects per publisher
  size_t writeBytes;       // bytes of one write, about; 1 makes each message a write of its own
  size_t leadBytes;        // how far a publisher may be ahead of the slowest subscriber
  size_t count;            // idle: how many; streams: messages stored before
  double warmSec, seconds, limitSec;
  double settleSec; // jsmem: how long before memory is looked at
  double paceUs; // rr: one request each so many microseconds, instead of as fast as replies come
  int helperPid; // quiet: the process that floods, part of the load
  bool queue, tls, websocket;
  bool bucket; // streams are those of key-value buckets with a history of one
  bool ids;    // messages have an id that the stream must not have seen
  bool filled; // the stream is there already, as jsfill made it
  bool filter; // jsconsume: only one of the subjects
} Options;

/** Reads `mode key=value …`; ends the program when a key is unknown. */
Options readOptions(int argc, char **argv);

// --- meter.c ---------------------------------------------------------------------------------------------------

double nowSec(void);
double loadCpuSec(void);
/** CPU seconds of all threads of a process; 0 without a pid. */
double processCpuSec(int pid);
/** A line of /proc/PID/status in kB: "VmRSS" or "VmHWM". */
long serverMemoryKb(int pid, const char *name);

/** Counters at one moment; two of them make a measurement. */
typedef struct Sample {
  double atSec, serverCpu, loadCpu, machineCpu;
  uint64_t messages;
} Sample;
Sample takeSample(const Options *options, uint64_t messages);

typedef struct Latencies {
  uint32_t *nanos;
  size_t count, capacity;
} Latencies;
void addLatency(Latencies *latencies, double seconds);

typedef struct Report {
  Sample start, end;
  Latencies latencies;
  uint64_t published, delivered; // over the whole run, verified
  size_t idle;                   // idle: how many, and what they cost
  long idleKb;
} Report;
void printReport(const Options *options, Report *report);

/** Ends the program with status 2 and a sentence. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
void *allocate(size_t bytes);

// --- conn.c ----------------------------------------------------------------------------------------------------

#define READ_BYTES (1 << 20)

typedef struct Bytes {
  char *at;
  size_t length, capacity;
} Bytes;
void append(Bytes *bytes, const void *data, size_t length);

struct Tape;
struct Expected;

typedef struct Conn {
  int fd, id;
  bool requester; // rr: this side asks
  bool blocked;   // the kernel took nothing more; waiting for EPOLLOUT
  bool websocket;
  void *tls;
  Bytes out; // control lines and requests not yet accepted
  size_t outSent;

  // Reading.
  Bytes raw;               // websocket: bytes before de-framing
  size_t frameLeft;        // websocket: payload left of the current frame
  struct Expected *expect; // what must arrive, over and over
  size_t phase;            // where in it we are
  uint64_t matched;        // bytes matched
  char line[4096];         // a control line that is not complete
  size_t lineLength;
  Bytes in; // rr: frames that are not complete
  int pongs;

  // Publishing.
  struct Tape *tape;
  size_t cut, cutSent; // which write, and how much of it the kernel took
  bool inCut;          // a write was begun: nothing else may be sent
  uint64_t published;
  struct Conn *peer;

  // Requests: when each one in flight was sent, by its number modulo the window.
  double *sentAtSec;
  uint64_t asked, answered;
  double nextAtSec;
} Conn;

/** Connects, shakes hands as TLS or WebSocket when the options say so, sends CONNECT and waits for PONG. */
void openConn(Conn *conn, const Options *options, int id, const char *user);
/** Sends a line and waits until the server has processed it. Only before `watch`. */
void tell(Conn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Adds lines before `watch` without waiting for an answer. */
void tellLater(Conn *conn, const void *data, size_t length);
/** Waits for PONG to a PING sent now. Only before `watch`. */
void settle(Conn *conn);
/** Makes the socket non-blocking and adds it to epoll. */
void watch(Conn *conn);
void unwatch(Conn *conn);
int waitEvents(struct Conn **ready, int max, int timeoutMs);
/** Reads NATS bytes; 0 when there are none now. The closing of the connection ends the program. */
size_t readConn(Conn *conn, char *into, size_t capacity);
/** Writes bytes that are already framed; how many the kernel took, 0 when it is full. */
size_t writeConn(Conn *conn, const char *data, size_t length);
/** Queues NATS bytes, framed for the connection's transport. */
void queueOut(Conn *conn, const void *data, size_t length);
/** True when nothing is left to send. */
bool flushOut(Conn *conn);
/** A line that is not a message: answers PING, counts PONG, fails on -ERR. */
void onControlLine(Conn *conn, const char *line, size_t length);
/** Takes the control lines out of `data`, for a connection that receives no messages. */
void readLines(Conn *conn, const char *data, size_t length);

// --- tls.c, websocket.c ----------------------------------------------------------------------------------------

void *tlsConnect(int fd);
ssize_t tlsRead(void *tls, char *into, size_t capacity);
ssize_t tlsWrite(void *tls, const char *data, size_t length);

void websocketConnect(Conn *conn, int port);
size_t websocketRead(Conn *conn, char *into, size_t capacity);
/** Appends one masked binary frame. */
void websocketFrame(Bytes *to, const void *data, size_t length);
/** Bytes from the kernel or TLS, before de-framing; 0 when there are none now. */
size_t readRaw(Conn *conn, char *into, size_t capacity);

// --- tape.c ----------------------------------------------------------------------------------------------------

/** Publications computed beforehand: equal cuts, each one write; played over and over. */
typedef struct Tape {
  char *bytes;
  size_t cuts, cutBytes, cutMsgs;
} Tape;

/** What a subscription receives: equal frames, over and over. */
typedef struct Expected {
  char *bytes;
  size_t length, frameBytes;
} Expected;

/** Publications to `prefix`, or to `prefix.000000 …` when there are several subjects. */
Tape *makeTape(const Options *options, const char *prefix);
Expected *makeExpected(const Options *options, const char *prefix, int sid);
/** Compares bytes with what the connection expects; lines between frames are handled, anything else is an error. */
void matchExpected(Conn *conn, const char *data, size_t length);
uint64_t received(const Conn *conn);

// --- requests.c ------------------------------------------------------------------------------------------------

typedef struct Requests Requests;
/** Opens requesters and responders as the options say. */
Requests *openRequests(const Options *options);
void runRequestsUntil(Requests *requests, double atSec);
/** Whether the time each answer took is kept. */
void recordRequests(Requests *requests, bool on);
/** Stops asking and waits for every answer. */
void drainRequests(Requests *requests);
uint64_t answeredRequests(const Requests *requests);
Latencies requestLatencies(const Requests *requests);
Report runRequests(const Options *options);

// --- flow.c, quiet.c, idle.c, js_rate.c, js_clients.c, js_quiet.c, js_consume.c ---------------------------------

/** When set, the flow counts what it has done here, for another process to see. */
extern volatile uint64_t *flowProgress;
Report runFlow(const Options *options);
Report runQuiet(const Options *options);
Report runIdle(const Options *options);
Report runJetStreamPublish(const Options *options);
Report runJetStreamClients(const Options *options);
Report runJetStreamGet(const Options *options);
Report runJetStreamFill(const Options *options);
Report runJetStreamMemory(const Options *options);
Report runJetStreamQuiet(const Options *options);
Report runJetStreamConsume(const Options *options);

#endif
