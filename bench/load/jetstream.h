// JetStream as a client sees it: one connection with one wildcard inbox of its own, streams, publishes with their
// acknowledgements, calls of the API. Shared by the files js_*.c.

#ifndef JETSTREAM_H
#define JETSTREAM_H

#include "load.h"

/** One message that arrived; it points into the connection's buffer. */
typedef struct Frame {
  const char *header, *payload;
  size_t headerSize, size; // size of the payload, without headers
  uint64_t number;         // the last token of the inbox it came to
} Frame;

/** A question on its way: when it was asked, negative when answered; and what the answer must name. */
typedef struct Waiting {
  double sentAtSec;
  uint64_t about;
} Waiting;

typedef struct JetStream {
  const Options *options;
  Conn conn;
  int id;         // of those that this program has opened
  char inbox[40]; // nobody else gets its answers
  char *buffer, **templates; // one publication of each stream; the numbers in it are written in place
  size_t templateBytes, subjectAt, replyAt, idAt, payloadAt;
  Waiting *waiting; // by number, modulo `ring`
  size_t ring;
  uint64_t asked, answered, oldest; // oldest: everything below it is answered
  uint64_t callNumber;              // the call waited for; its answer has this number
  bool calling;
  Bytes answer; // of the last call, ended by a zero
  Latencies latencies;
  bool recording;
  uint64_t published, stored; // messages sent, and acknowledged
  /** Checks an answer to something other than a call; false when more will come to the same question. */
  bool (*onAnswer)(struct JetStream *js, const Frame *frame, uint64_t *about);
} JetStream;

/** Connects and subscribes to an inbox. */
JetStream *openJetStream(const Options *options);
/** Closes the connection; what was made for it may still be looked at. */
void leaveJetStream(JetStream *js);
/** Reads what is there for any of the open ones, waiting up to so long, and checks it. */
void jetStreamTurn(JetStream *js, int timeoutMs);
/** True while another question may be sent. */
bool mayAsk(const JetStream *js);
/** Remembers a question; the number of its reply subject. */
uint64_t remember(JetStream *js, uint64_t about, double now);
/** Waits until every question is answered. */
void awaitAnswers(JetStream *js);

/** Calls the API (or sends `header` and body to any subject that answers) and waits; fails when the answer is an error. */
const char *callWith(JetStream *js, const char *subject, const char *header, const char *body);
const char *callApi(JetStream *js, const char *subject, const char *body);
/** The whole number behind `"key":` in a text; fails when it is not there. */
uint64_t numberOf(const char *text, const char *key);
size_t countOf(const char *text, const char *words);

/** Computes what is published beforehand; createStreams does it too. */
void makeTemplates(JetStream *js);
/** Makes the streams: LOAD000 … with js.000 or js.000.>; `more` is added to their configuration. */
void createStreams(JetStream *js, const char *more);
/** Sends publications as far as the window goes, up to message `last`; message n goes to stream n % streams. */
void publishWindow(JetStream *js, uint64_t last);
/** Publishes messages until `last` of them are acknowledged. */
void publishAll(JetStream *js, uint64_t last);
/** Makes and fills the streams with `count` messages, or looks at what is there (filled=1); the connection is closed. */
JetStream *fillStream(const Options *options);
/** Asks each stream for its count and its last message. */
void checkStreams(JetStream *js);
/** The next message, about to be queued; it is valid until the next one. */
const char *nextMessage(JetStream *js, uint64_t message, double now);
/** The stream that a publish acknowledgement names, its sequence into `seq`; fails when it is anything else. */
int takePubAck(const Frame *frame, uint64_t *seq);
/** Fails when a direct get's answer is not message `seq` of stream `stream`; `behind` is what follows its time. */
void checkMessage(JetStream *js, const Frame *frame, int stream, uint64_t seq, const char *behind);

/** Writes a number with leading zeros. */
void putDigits(char *to, uint64_t value, int width);

/** Of an inbox, without the dot and the number behind it. */
#define INBOX_BYTES 30
#define NUMBER_WIDTH 10
#define SUBJECT_WIDTH 7

#endif
