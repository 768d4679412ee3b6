// The connection of a JetStream client: questions with unique reply subjects under one wildcard inbox, their answers,
// calls of the API. What is stored, js_stream.c knows.

#include "jetstream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Word {
  const char *at;
  size_t length;
} Word;

JetStream *openJetStream(const Options *options) {
  static int opened;
  JetStream *js = allocate(sizeof *js);
  js->options = options;
  js->id = opened++;
  snprintf(js->inbox, sizeof js->inbox, "_INBOX.loadJetStreamInbox%05d", js->id);
  js->buffer = allocate(READ_BYTES);
  js->ring = (size_t)options->inflight * 4 + 64;
  js->waiting = allocate(js->ring * sizeof *js->waiting);
  for (size_t i = 0; i < js->ring; i++) js->waiting[i].sentAtSec = -1;
  openConn(&js->conn, options, js->id, options->pubUser);
  tell(&js->conn, "SUB %s.* 1\r\n", js->inbox);
  watch(&js->conn);
  return js;
}

void leaveJetStream(JetStream *js) {
  unwatch(&js->conn);
  close(js->conn.fd);
}

void putDigits(char *to, uint64_t value, int width) {
  for (int i = width - 1; i >= 0; i--, value /= 10) to[i] = (char)('0' + value % 10);
}

// --- questions ------------------------------------------------------------------------------------------------

bool mayAsk(const JetStream *js) {
  return js->asked - js->answered < (uint64_t)js->options->inflight && js->asked - js->oldest < js->ring;
}

uint64_t remember(JetStream *js, uint64_t about, double now) {
  js->waiting[js->asked % js->ring] = (Waiting){now, about};
  return js->asked++;
}

static void takeAnswer(JetStream *js, const Frame *frame) {
  if (frame->number >= js->asked || frame->number < js->oldest) fail("answer %lu to nobody", frame->number);
  Waiting *waiting = &js->waiting[frame->number % js->ring];
  if (waiting->sentAtSec < 0) fail("answer %lu came twice", frame->number);
  if (js->calling && frame->number == js->callNumber) {
    js->answer.length = 0;
    append(&js->answer, frame->payload, frame->size);
    append(&js->answer, "", 1);
    js->calling = false;
  } else {
    if (!js->onAnswer(js, frame, &waiting->about)) return;
    if (js->recording) addLatency(&js->latencies, nowSec() - waiting->sentAtSec);
  }
  waiting->sentAtSec = -1;
  js->answered++;
  while (js->oldest < js->asked && js->waiting[js->oldest % js->ring].sentAtSec < 0) js->oldest++;
}

void awaitAnswers(JetStream *js) {
  double giveUpAt = nowSec() + js->options->limitSec;
  while (js->answered < js->asked) {
    jetStreamTurn(js, 100);
    if (nowSec() > giveUpAt) fail("%lu of %lu questions were answered", js->answered, js->asked);
  }
}

// --- frames ---------------------------------------------------------------------------------------------------

/** Splits a line at its spaces; how many words. */
static int splitLine(const char *line, const char *end, Word *words, int most) {
  int count = 0;
  while (line < end && count < most) {
    const char *space = memchr(line, ' ', end - line);
    const char *stop = space ? space : end;
    words[count++] = (Word){line, stop - line};
    line = stop + 1;
  }
  return count;
}

static uint64_t wholeNumber(Word word) {
  uint64_t value = 0;
  for (size_t i = 0; i < word.length; i++) {
    if (word.at[i] < '0' || word.at[i] > '9') fail("not a number: %.*s", (int)word.length, word.at);
    value = value * 10 + (uint64_t)(word.at[i] - '0');
  }
  return value;
}

/** Takes one frame or line from the start of `data`; the bytes used, 0 when it is not complete. */
static size_t takeFrame(JetStream *js, const char *data, size_t length) {
  const char *newline = memchr(data, '\n', length);
  if (!newline) return 0;
  size_t lineBytes = newline - data + 1;
  bool withHeader = !memcmp(data, "HMSG ", lineBytes < 5 ? lineBytes : 5);
  if (!withHeader && memcmp(data, "MSG ", lineBytes < 4 ? lineBytes : 4)) {
    onControlLine(&js->conn, data, lineBytes);
    return lineBytes;
  }
  Word words[6];
  int wanted = withHeader ? 5 : 4;
  int count = splitLine(data, newline - 1, words, 6);
  if (count != wanted || newline[-1] != '\r') fail("unexpected %.*s", (int)lineBytes, data);
  size_t total = wholeNumber(words[count - 1]);
  if (length < lineBytes + total + 2) return 0;
  Word subject = words[1];
  if (subject.length != INBOX_BYTES + 1 + NUMBER_WIDTH || memcmp(subject.at, js->inbox, INBOX_BYTES) ||
      subject.at[INBOX_BYTES] != '.' || words[2].length != 1 || *words[2].at != '1')
    fail("unexpected %.*s", (int)lineBytes, data);
  Frame frame = {.header = newline + 1, .headerSize = withHeader ? wholeNumber(words[3]) : 0};
  if (frame.headerSize > total) fail("unexpected %.*s", (int)lineBytes, data);
  frame.payload = frame.header + frame.headerSize;
  frame.size = total - frame.headerSize;
  frame.number = wholeNumber((Word){subject.at + INBOX_BYTES + 1, NUMBER_WIDTH});
  if (memcmp(frame.payload + frame.size, "\r\n", 2)) fail("no end of line after %.*s", (int)lineBytes, data);
  takeAnswer(js, &frame);
  return lineBytes + total + 2;
}

static void readAnswers(JetStream *js) {
  Conn *conn = &js->conn;
  size_t length = readConn(conn, js->buffer, READ_BYTES);
  append(&conn->in, js->buffer, length);
  size_t at = 0, used;
  while (at < conn->in.length && (used = takeFrame(js, conn->in.at + at, conn->in.length - at))) at += used;
  memmove(conn->in.at, conn->in.at + at, conn->in.length - at);
  conn->in.length -= at;
}

void jetStreamTurn(JetStream *js, int timeoutMs) {
  Conn *ready[64];
  flushOut(&js->conn);
  int count = waitEvents(ready, 64, timeoutMs);
  for (int i = 0; i < count; i++) readAnswers((JetStream *)((char *)ready[i] - offsetof(JetStream, conn)));
}

// --- calls ----------------------------------------------------------------------------------------------------

const char *callWith(JetStream *js, const char *subject, const char *header, const char *body) {
  char line[500];
  size_t size = strlen(body), headerSize = strlen(header);
  js->callNumber = remember(js, 0, nowSec());
  js->calling = true;
  int length = headerSize ? snprintf(line, sizeof line, "HPUB %s %s.%010lu %zu %zu\r\n%s", subject, js->inbox,
                                     js->callNumber, headerSize, headerSize + size, header)
                          : snprintf(line, sizeof line, "PUB %s %s.%010lu %zu\r\n", subject, js->inbox,
                                     js->callNumber, size);
  queueOut(&js->conn, line, length);
  queueOut(&js->conn, body, size);
  queueOut(&js->conn, "\r\n", 2);
  double giveUpAt = nowSec() + js->options->limitSec;
  while (js->calling) {
    jetStreamTurn(js, 100);
    if (nowSec() > giveUpAt) fail("no answer to %s", subject);
  }
  if (strstr(js->answer.at, "\"error\":{")) fail("%s: %.300s", subject, js->answer.at);
  return js->answer.at;
}

const char *callApi(JetStream *js, const char *call, const char *body) {
  char subject[300];
  snprintf(subject, sizeof subject, "$JS.API.%s", call);
  return callWith(js, subject, "", body);
}

uint64_t numberOf(const char *text, const char *key) {
  char quoted[60];
  int length = snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *at = strstr(text, quoted);
  if (!at) fail("no \"%s\" in %.300s", key, text);
  return strtoull(at + length, NULL, 10);
}

size_t countOf(const char *text, const char *words) {
  size_t count = 0, length = strlen(words);
  for (const char *at = text; (at = strstr(at, words)); at += length) count++;
  return count;
}
