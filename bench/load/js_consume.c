// Consumers at full speed: push and pull, with and without acknowledgements, one or many of one stream.
//
// The stream is filled beforehand. With several subjects (filter=1) one of them is read. A consumer reads it from its first message to its last; then it is deleted and the
// next one begins, until the time is over. Each delivery has one right text but for its time: the sequence, its reply
// subject (stream, consumer, deliveries, both sequences, messages still to come) and its payload are compared. Before
// a consumer goes, its acknowledgements must have arrived.

#include "jetstream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The subject that is asked for when there are several. */
enum { FILTERED = 7 };

typedef struct Kind {
  const char *op;
  bool push, acks, fetch; // fetch: the next batch is asked for when the last one is there
  const char *config;
} Kind;

#define ORDERED "\"ack_policy\":\"none\",\"max_deliver\":1,\"mem_storage\":true,\"num_replicas\":1," \
                "\"flow_control\":true,\"idle_heartbeat\":5000000000,\"inactive_threshold\":300000000000"

static const Kind kinds[] = {
    {"ordered", .push = true, .config = ORDERED},
    {"push", .push = true, .acks = true, .config = "\"ack_policy\":\"explicit\""},
    {"noack", .config = "\"ack_policy\":\"none\""},
    {"explicit", .acks = true, .config = "\"ack_policy\":\"explicit\""},
    {"fetch", .acks = true, .fetch = true, .config = "\"ack_policy\":\"explicit\""},
};

typedef struct Consumer {
  Conn conn;
  int id;
  char name[20]; // of the consumer that is read now
  int pass;
  uint64_t next;   // the sequence that must come
  uint64_t wanted; // pull: messages asked for and not yet here
  bool reading, leaving, finished;
  uint64_t total;
} Consumer;

typedef struct Consuming {
  const Options *options;
  const Kind *kind;
  Consumer *consumers;
  const char *payload; // of every message, behind its number
  char subject[20];    // of every message that is delivered
  uint64_t count;      // of these in the stream
  char *buffer;
  bool stopping;
} Consuming;

/** What a delivery's line says; the pieces point into the buffer. */
typedef struct Line {
  const char *subject, *reply, *end;
  size_t subjectBytes, replyBytes, header, total;
} Line;

// --- calls ----------------------------------------------------------------------------------------------------

static void call(Consumer *consumer, const char *subject, const char *body) {
  char line[200];
  int length = snprintf(line, sizeof line, "PUB $JS.API.%s.LOAD000.%s _INBOX.c%03d.a %zu\r\n", subject, consumer->name,
                        consumer->id, strlen(body));
  queueOut(&consumer->conn, line, length);
  queueOut(&consumer->conn, body, strlen(body));
  queueOut(&consumer->conn, "\r\n", 2);
}

/** The sequence of what is delivered as the `place`th. */
static uint64_t sequenceOf(const Consuming *consuming, uint64_t place) {
  const Options *options = consuming->options;
  return options->filter ? (place - 1) * options->subjects + FILTERED + 1 : place;
}

static void begin(const Consuming *consuming, Consumer *consumer) {
  const Kind *kind = consuming->kind;
  char body[700], deliver[60] = "", filter[60] = "";
  snprintf(consumer->name, sizeof consumer->name, "C%03dx%05d", consumer->id, consumer->pass++);
  if (kind->push) snprintf(deliver, sizeof deliver, ",\"deliver_subject\":\"_INBOX.c%03d.d\"", consumer->id);
  if (consuming->options->filter) snprintf(filter, sizeof filter, ",\"filter_subject\":\"%s\"", consuming->subject);
  bool lasting = strcmp(kind->op, "ordered") != 0;
  snprintf(body, sizeof body,
           "{\"stream_name\":\"LOAD000\",\"action\":\"create\",\"config\":{\"name\":\"%s\",%s%s%s"
           "\"deliver_policy\":\"all\",\"replay_policy\":\"instant\",%s%s%s}}",
           consumer->name, lasting ? "\"durable_name\":\"" : "", lasting ? consumer->name : "", lasting ? "\"," : "",
           kind->config, deliver, filter);
  consumer->next = 1;
  consumer->wanted = 0;
  consumer->leaving = false;
  consumer->reading = kind->push;
  call(consumer, "CONSUMER.CREATE", body);
}

static void ask(const Consuming *consuming, Consumer *consumer) {
  uint64_t most = (uint64_t)consuming->options->batch;
  if (consumer->wanted > (consuming->kind->fetch ? 0 : most / 2)) return;
  char line[300], body[120];
  int size = snprintf(body, sizeof body, "{\"batch\":%lu,\"expires\":30000000000,\"idle_heartbeat\":15000000000}",
                      most - consumer->wanted);
  int length = snprintf(line, sizeof line, "PUB $JS.API.CONSUMER.MSG.NEXT.LOAD000.%s _INBOX.c%03d.d %d\r\n%s\r\n",
                        consumer->name, consumer->id, size, body);
  queueOut(&consumer->conn, line, length);
  consumer->wanted = most;
}

/** Everything was read: asks how the acknowledgements stand, or deletes the consumer at once. */
static void leave(const Consuming *consuming, Consumer *consumer) {
  consumer->reading = false;
  consumer->leaving = true;
  if (consuming->kind->acks) call(consumer, "CONSUMER.INFO", "");
  else call(consumer, "CONSUMER.DELETE", "");
}

static void onApiAnswer(const Consuming *consuming, Consumer *consumer, const char *payload, size_t size) {
  char text[4096];
  if (size >= sizeof text) fail("an answer of %zu bytes", size);
  memcpy(text, payload, size);
  text[size] = 0;
  if (strstr(text, "\"error\":{")) fail("%.300s", text);
  if (strstr(text, "consumer_create_response")) {
    if (consuming->kind->push) return;
    consumer->reading = true;
    ask(consuming, consumer);
  } else if (strstr(text, "consumer_info_response")) {
    const char *floor = strstr(text, "\"ack_floor\":{");
    if (!floor) fail("no ack floor in %.300s", text);
    bool all = numberOf(text, "num_ack_pending") == 0 && numberOf(floor, "stream_seq") == sequenceOf(consuming, consuming->count);
    call(consumer, all ? "CONSUMER.DELETE" : "CONSUMER.INFO", "");
  } else if (consuming->stopping) consumer->finished = true;
  else begin(consuming, consumer);
}

// --- deliveries -----------------------------------------------------------------------------------------------

static uint64_t takeNumber(const char **at) {
  uint64_t value = 0;
  const char *start = *at;
  while (**at >= '0' && **at <= '9') value = value * 10 + (uint64_t)(*(*at)++ - '0');
  if (*at == start) fail("a number is missing before %.20s", start);
  return value;
}

static void checkReply(const Consuming *consuming, const Consumer *consumer, const Line *line) {
  char start[60];
  int length = snprintf(start, sizeof start, "$JS.ACK.LOAD000.%s.1.", consumer->name);
  const char *at = line->reply + length;
  if (line->replyBytes < (size_t)length || memcmp(line->reply, start, length))
    fail("reply subject %.*s of %s", (int)line->replyBytes, line->reply, consumer->name);
  uint64_t sequence = takeNumber(&at), delivered = (at++, takeNumber(&at));
  at++;
  takeNumber(&at);
  at++;
  uint64_t pending = takeNumber(&at);
  if (sequence != sequenceOf(consuming, consumer->next) || delivered != consumer->next || at != line->reply + line->replyBytes ||
      pending != consuming->count - consumer->next)
    fail("reply subject %.*s for message %lu", (int)line->replyBytes, line->reply, consumer->next);
}

static void onMessage(const Consuming *consuming, Consumer *consumer, const Line *line, const char *payload) {
  const Options *options = consuming->options;
  char number[NUMBER_WIDTH];
  checkReply(consuming, consumer, line);
  putDigits(number, sequenceOf(consuming, consumer->next) - 1, NUMBER_WIDTH);
  if (!consumer->reading || line->header || line->total != options->size ||
      line->subjectBytes != strlen(consuming->subject) ||
      memcmp(line->subject, consuming->subject, line->subjectBytes) || memcmp(payload, number, NUMBER_WIDTH) ||
      memcmp(payload + NUMBER_WIDTH, consuming->payload, options->size - NUMBER_WIDTH))
    fail("message %lu holds %.*s", consumer->next, (int)(line->total > 100 ? 100 : line->total), payload);
  consumer->total++;
  if (consuming->kind->acks) {
    queueOut(&consumer->conn, "PUB ", 4);
    queueOut(&consumer->conn, line->reply, line->replyBytes);
    queueOut(&consumer->conn, " 4\r\n+ACK\r\n", 10);
  }
  if (!consuming->kind->push && consumer->wanted-- == 0) fail("more messages than were asked for");
  if (consumer->next++ == consuming->count) leave(consuming, consumer);
  else if (!consuming->kind->push) ask(consuming, consumer);
}

static bool hasStart(const char *text, const char *start) { return !strncmp(text, start, strlen(start)); }

/** A status: flow control is answered, heartbeats are not, and requests end with the consumer they waited for. */
static void onStatus(Consumer *consumer, const Line *line, const char *header) {
  if (hasStart(header, "NATS/1.0 100 FlowControl Request\r\n")) {
    queueOut(&consumer->conn, "PUB ", 4);
    queueOut(&consumer->conn, line->reply, line->replyBytes);
    queueOut(&consumer->conn, " 0\r\n\r\n", 6);
  } else if (!hasStart(header, "NATS/1.0 100 Idle Heartbeat\r\n") &&
             // Of the consumer before, also when the next one has begun.
             !(hasStart(header, "NATS/1.0 409 Consumer Deleted\r\n") && (!consumer->reading || consumer->next == 1)))
    fail("%s got %.*s", consumer->name, (int)line->header, header);
}

/** Splits `[H]MSG subject sid [reply] [header] total`; false when it is no delivery. */
static bool splitLine(const char *data, const char *end, Line *line) {
  bool withHeader = *data == 'H';
  if (memcmp(data + withHeader, "MSG ", 4)) return false;
  const char *words[6], *at = data;
  size_t bytes[6], count = 0;
  while (count < 6) {
    const char *space = memchr(at, ' ', end - at);
    words[count] = at;
    bytes[count++] = (space ? space : end) - at;
    if (!space) break;
    at = space + 1;
  }
  size_t numbers = withHeader ? 2 : 1, rest = count - 3 - numbers;
  if (count < 3 + numbers || rest > 1) fail("unexpected %.*s", (int)(end - data), data);
  const char *total = words[count - 1], *header = words[count - 2];
  *line = (Line){.subject = words[1], .subjectBytes = bytes[1], .end = end};
  if (rest) line->reply = words[3], line->replyBytes = bytes[3];
  if (withHeader) line->header = takeNumber(&header);
  line->total = takeNumber(&total);
  return true;
}

/** Handles one frame; the bytes it took, 0 when it is not complete. */
static size_t takeFrame(const Consuming *consuming, Consumer *consumer, const char *data, size_t length) {
  const char *newline = memchr(data, '\n', length);
  if (!newline) return 0;
  size_t lineBytes = newline + 1 - data;
  Line line;
  if (lineBytes < 8 || !splitLine(data, newline - 1, &line)) {
    onControlLine(&consumer->conn, data, lineBytes);
    return lineBytes;
  }
  if (length < lineBytes + line.total + 2) return 0;
  const char *body = newline + 1;
  if (memcmp(body + line.total, "\r\n", 2)) fail("no end of line after %.*s", (int)lineBytes, data);
  if (line.subjectBytes > 3 && !memcmp(line.subject + line.subjectBytes - 2, ".a", 2))
    onApiAnswer(consuming, consumer, body, line.total);
  else if (line.header) onStatus(consumer, &line, body);
  else onMessage(consuming, consumer, &line, body);
  return lineBytes + line.total + 2;
}

static void turn(Consuming *consuming) {
  Conn *ready[256];
  int count = waitEvents(ready, 256, 100);
  for (int i = 0; i < count; i++) {
    Consumer *consumer = (Consumer *)ready[i]; // its first field
    Conn *conn = ready[i];
    size_t at = 0, used, length = readConn(conn, consuming->buffer, READ_BYTES);
    append(&conn->in, consuming->buffer, length);
    while (at < conn->in.length && (used = takeFrame(consuming, consumer, conn->in.at + at, conn->in.length - at)))
      at += used;
    memmove(conn->in.at, conn->in.at + at, conn->in.length - at);
    conn->in.length -= at;
    flushOut(conn);
  }
}

static uint64_t deliveredTo(const Consuming *consuming) {
  uint64_t total = 0;
  for (int i = 0; i < consuming->options->subs; i++) total += consuming->consumers[i].total;
  return total;
}

// --- the run --------------------------------------------------------------------------------------------------

static void fill(Consuming *consuming) {
  const Options *options = consuming->options;
  JetStream *filler = fillStream(options);
  if (options->filter) snprintf(consuming->subject, sizeof consuming->subject, "js.000.%0*d", SUBJECT_WIDTH, FILTERED);
  else strcpy(consuming->subject, "js.000");
  consuming->count = options->filter ? options->count / options->subjects : options->count;
  consuming->payload = filler->templates[0] + filler->payloadAt + NUMBER_WIDTH;
}

static void openConsumers(Consuming *consuming) {
  const Options *options = consuming->options;
  consuming->buffer = allocate(READ_BYTES);
  consuming->consumers = allocate(sizeof(Consumer) * options->subs);
  for (int i = 0; i < options->subs; i++) {
    Consumer *consumer = &consuming->consumers[i];
    consumer->id = i;
    openConn(&consumer->conn, options, i, options->subUser);
    // Servers see the interest of a push consumer by its very subject, not by a wildcard.
    tell(&consumer->conn, "SUB _INBOX.c%03d.a 1\r\nSUB _INBOX.c%03d.d 2\r\n", i, i);
    watch(&consumer->conn);
    begin(consuming, consumer);
    flushOut(&consumer->conn);
  }
}

static void runUntil(Consuming *consuming, double atSec) {
  while (nowSec() < atSec)
    for (int i = 0; i < 8; i++) turn(consuming);
}

/** Lets every consumer come to the end of the stream, so that each pass is a whole one. */
static void finish(Consuming *consuming) {
  double giveUpAt = nowSec() + consuming->options->limitSec;
  consuming->stopping = true;
  for (int i = 0; i < consuming->options->subs; i++)
    while (!consuming->consumers[i].finished) {
      turn(consuming);
      if (nowSec() > giveUpAt) fail("%s came to message %lu", consuming->consumers[i].name, consuming->consumers[i].next);
    }
  uint64_t passes = 0;
  for (int i = 0; i < consuming->options->subs; i++) passes += (uint64_t)consuming->consumers[i].pass;
  if (deliveredTo(consuming) != passes * consuming->count) fail("%lu messages in %lu passes", deliveredTo(consuming), passes);
}

Report runJetStreamConsume(const Options *options) {
  Consuming consuming = {.options = options};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(kinds[i].op, options->op)) consuming.kind = &kinds[i];
  if (!consuming.kind) fail("op=ordered, push, noack, explicit or fetch");
  if (options->streams != 1 || (options->subjects != 1) != options->filter || options->count % options->subjects)
    fail("one stream, and of several subjects one of them");
  fill(&consuming);
  if (consuming.count % (uint64_t)options->batch) fail("whole batches");
  openConsumers(&consuming);
  Report report = {0};
  runUntil(&consuming, nowSec() + options->warmSec);
  report.start = takeSample(options, deliveredTo(&consuming));
  runUntil(&consuming, nowSec() + options->seconds);
  report.end = takeSample(options, deliveredTo(&consuming));
  finish(&consuming);
  report.published = options->count;
  report.delivered = deliveredTo(&consuming);
  return report;
}
