// Streams and what is in them: made, filled by asynchronous publishing, and compared with what was acknowledged.
//
// Message n (from 0) goes to stream n % streams, so its sequence there must be n / streams + 1; with several subjects
// they take turns. The payload begins with n. So each acknowledgement and each message has exactly one right text.

#include "jetstream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the clients' key-value stores ask for; the names of stream and subjects do not matter to a server. */
static const char bucket[] = ",\"max_msgs_per_subject\":1,\"discard\":\"new\",\"allow_rollup_hdrs\":true,\"deny_delete\":true";

/** The header of a message with an id. */
#define WITH_ID "NATS/1.0\r\nNats-Msg-Id: %010lu"
enum { ID_BYTES = 8 + 2 + 13 + NUMBER_WIDTH + 4 };

static int subjectOf(const Options *options, char *to, size_t capacity, int stream, uint64_t seq) {
  if (options->subjects <= 1) return snprintf(to, capacity, "js.%03d", stream);
  return snprintf(to, capacity, "js.%03d.%0*lu", stream, SUBJECT_WIDTH, (seq - 1) % options->subjects);
}

void makeTemplates(JetStream *js) {
  const Options *options = js->options;
  if (options->size < NUMBER_WIDTH) fail("size=%d or more: the payload begins with the number", NUMBER_WIDTH);
  js->templates = allocate(sizeof(char *) * options->streams);
  for (int stream = 0; stream < options->streams; stream++) {
    char line[300], subject[60];
    int subjectBytes = subjectOf(options, subject, sizeof subject, stream, 1), head = options->ids ? 5 : 4, length;
    if (options->ids)
      length = snprintf(line, sizeof line, "HPUB %s %s.%010d %d %zu\r\n" WITH_ID "\r\n\r\n", subject, js->inbox, 0,
                        ID_BYTES, ID_BYTES + options->size, 0UL);
    else length = snprintf(line, sizeof line, "PUB %s %s.%010d %zu\r\n", subject, js->inbox, 0, options->size);
    js->subjectAt = head + subjectBytes - SUBJECT_WIDTH;
    js->replyAt = head + subjectBytes + 1 + INBOX_BYTES + 1;
    js->idAt = length - 4 - NUMBER_WIDTH;
    js->payloadAt = length;
    js->templateBytes = length + options->size + 2;
    char *text = js->templates[stream] = allocate(js->templateBytes);
    memcpy(text, line, length);
    for (size_t i = 0; i < options->size; i++) text[length + i] = (char)('a' + i % 26);
    memcpy(text + length + options->size, "\r\n", 2);
  }
}

int takePubAck(const Frame *frame, uint64_t *seq) {
  static const char start[] = "{\"stream\":\"LOAD", middle[] = "\",\"seq\":";
  const char *text = frame->payload, *digits = text + sizeof start - 1;
  size_t used = sizeof start - 1 + 3 + sizeof middle - 1;
  bool right = !frame->headerSize && frame->size >= used + 2 && !memcmp(text, start, sizeof start - 1) &&
               !memcmp(text + sizeof start + 2, middle, sizeof middle - 1);
  for (*seq = 0; right && used < frame->size - 1 && text[used] >= '0' && text[used] <= '9'; used++)
    *seq = *seq * 10 + (uint64_t)(text[used] - '0');
  if (!right || used != frame->size - 1 || text[used] != '}') fail("a message was acknowledged with %.*s", (int)frame->size, text);
  return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

static bool onPubAck(JetStream *js, const Frame *frame, uint64_t *about) {
  uint64_t streams = js->options->streams, seq;
  if (takePubAck(frame, &seq) != (int)(*about % streams) || seq != *about / streams + 1)
    fail("message %lu was acknowledged with %.*s", *about, (int)frame->size, frame->payload);
  js->stored++;
  return true;
}

void createStreams(JetStream *js, const char *more) {
  const Options *options = js->options;
  makeTemplates(js);
  js->onAnswer = onPubAck;
  for (int stream = 0; stream < options->streams; stream++) {
    char name[60], body[500];
    snprintf(name, sizeof name, "STREAM.CREATE.LOAD%03d", stream);
    snprintf(body, sizeof body,
             "{\"name\":\"LOAD%03d\",\"subjects\":[\"js.%03d%s\"],\"storage\":\"%s\",\"num_replicas\":1,"
             "\"allow_direct\":true%s%s}",
             stream, stream, options->subjects > 1 ? ".>" : "", options->storage, options->bucket ? bucket : "", more);
    callApi(js, name, body);
  }
}

const char *nextMessage(JetStream *js, uint64_t message, double now) {
  const Options *options = js->options;
  char *text = js->templates[message % options->streams];
  if (options->subjects > 1)
    putDigits(text + js->subjectAt, message / options->streams % options->subjects, SUBJECT_WIDTH);
  putDigits(text + js->replyAt, remember(js, message, now), NUMBER_WIDTH);
  if (options->ids) putDigits(text + js->idAt, message, NUMBER_WIDTH);
  putDigits(text + js->payloadAt, message, NUMBER_WIDTH);
  return text;
}

void publishWindow(JetStream *js, uint64_t last) {
  double now = nowSec();
  while (js->published < last && mayAsk(js) && js->conn.out.length < (1 << 18))
    queueOut(&js->conn, nextMessage(js, js->published++, now), js->templateBytes);
}

void publishAll(JetStream *js, uint64_t last) {
  double giveUpAt = nowSec() + js->options->limitSec;
  while (js->stored < last) {
    publishWindow(js, last);
    jetStreamTurn(js, js->conn.out.length && !js->conn.blocked ? 0 : 100);
    if (nowSec() > giveUpAt) fail("%lu of %lu messages were acknowledged", js->stored, last);
  }
}

void checkMessage(JetStream *js, const Frame *frame, int stream, uint64_t seq, const char *behind) {
  const Options *options = js->options;
  char subject[60], own[60] = "NATS/1.0", start[300];
  uint64_t message = (seq - 1) * options->streams + stream;
  subjectOf(options, subject, sizeof subject, stream, seq);
  if (options->ids) snprintf(own, sizeof own, WITH_ID, message);
  int length = snprintf(start, sizeof start,
                        "%s\r\nNats-Stream: LOAD%03d\r\nNats-Subject: %s\r\nNats-Sequence: %lu\r\nNats-Time-Stamp: 20",
                        own, stream, subject, seq);
  const char *header = frame->header;
  size_t size = frame->headerSize, tail = strlen(behind);
  if (size < length + tail + 20 || memcmp(header, start, length) || memcmp(header + size - tail, behind, tail) ||
      header[size - tail - 1] != 'Z' || strspn(header + length, "0123456789-:.TZ") != size - tail - length)
    fail("sequence %lu came with %.*s", seq, (int)size, header);
  char number[NUMBER_WIDTH];
  putDigits(number, message, NUMBER_WIDTH);
  // Behind its number every payload is the template's.
  const char *text = js->templates[stream] + js->payloadAt;
  if (frame->size != options->size || memcmp(frame->payload, number, NUMBER_WIDTH) ||
      memcmp(frame->payload + NUMBER_WIDTH, text + NUMBER_WIDTH, options->size - NUMBER_WIDTH))
    fail("sequence %lu holds %.*s", seq, (int)(frame->size > 100 ? 100 : frame->size), frame->payload);
}

static bool onLast(JetStream *js, const Frame *frame, uint64_t *about) {
  uint64_t streams = js->options->streams;
  checkMessage(js, frame, (int)(*about % streams), *about / streams + 1, "\r\n\r\n");
  return true;
}

void checkStreams(JetStream *js) {
  uint64_t streams = js->options->streams, total = 0;
  for (uint64_t stream = 0; stream < streams; stream++) {
    char call[60], line[200];
    snprintf(call, sizeof call, "STREAM.INFO.LOAD%03lu", stream);
    const char *state = strstr(callApi(js, call, ""), "\"state\":{");
    if (!state) fail("no state in the answer of %s", call);
    uint64_t messages = numberOf(state, "last_seq"), kept = messages;
    if (js->options->bucket && kept > js->options->subjects) kept = js->options->subjects;
    if (numberOf(state, "messages") != kept) fail("LOAD%03lu lacks some of its messages", stream);
    total += messages;
    if (messages == 0) continue;
    char body[60];
    int size = snprintf(body, sizeof body, "{\"seq\":%lu}", messages);
    uint64_t number = remember(js, (messages - 1) * streams + stream, nowSec());
    int length = snprintf(line, sizeof line, "PUB $JS.API.DIRECT.GET.LOAD%03lu %s.%010lu %d\r\n%s\r\n", stream,
                          js->inbox, number, size, body);
    js->onAnswer = onLast;
    queueOut(&js->conn, line, length);
    awaitAnswers(js);
    js->onAnswer = onPubAck;
  }
  if (total != js->stored) fail("%lu messages were acknowledged and %lu are there", js->stored, total);
}

JetStream *fillStream(const Options *options) {
  Options *filling = allocate(sizeof *filling);
  *filling = *options;
  filling->inflight = 4000;
  JetStream *js = openJetStream(filling);
  if (options->filled) {
    makeTemplates(js);
    js->stored = options->count;
  } else {
    createStreams(js, "");
    publishAll(js, options->count);
  }
  checkStreams(js);
  leaveJetStream(js);
  return js;
}
