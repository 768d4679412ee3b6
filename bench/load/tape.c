// Bytes computed before the clock starts: what publishers send and what subscribers must receive.

#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HEADER_START[] = "NATS/1.0\r\nPad: ";

/** Header block and payload as they stand on the wire, the same for each message. */
static void appendBody(Bytes *to, const Options *options) {
  char block[4096];
  if (options->headerSize) {
    size_t start = sizeof HEADER_START - 1;
    if (options->headerSize < start + 4 || options->headerSize > sizeof block) fail("header=20…4096");
    memset(block, 'h', options->headerSize);
    memcpy(block, HEADER_START, start);
    memcpy(block + options->headerSize - 4, "\r\n\r\n", 4);
    append(to, block, options->headerSize);
  }
  char *payload = allocate(options->size + 2);
  for (size_t i = 0; i < options->size; i++) payload[i] = (char)('a' + i % 26);
  memcpy(payload + options->size, "\r\n", 2);
  append(to, payload, options->size + 2);
  free(payload);
}

static void appendFrame(Bytes *to, const Options *options, const char *words) {
  char line[300];
  size_t total = options->headerSize + options->size;
  int length = options->headerSize
                   ? snprintf(line, sizeof line, "H%s %zu %zu\r\n", words, options->headerSize, total)
                   : snprintf(line, sizeof line, "%s %zu\r\n", words, total);
  append(to, line, length);
  appendBody(to, options);
}

static void subjectOf(char *to, size_t capacity, const Options *options, const char *prefix, size_t index) {
  if (options->subjects > 1) snprintf(to, capacity, "%s.%07zu", prefix, index % options->subjects);
  else snprintf(to, capacity, "%s", prefix);
}

Tape *makeTape(const Options *options, const char *prefix) {
  char subject[100], words[200];
  Bytes one = {0}, all = {0};
  subjectOf(subject, sizeof subject, options, prefix, 0);
  snprintf(words, sizeof words, "PUB %s", subject);
  appendFrame(&one, options, words);
  Tape *tape = allocate(sizeof *tape);
  tape->cutMsgs = options->writeBytes / one.length;
  if (tape->cutMsgs < 1) tape->cutMsgs = 1;
  while (options->subjects > 1 && options->subjects % tape->cutMsgs) tape->cutMsgs--;
  tape->cuts = options->subjects > tape->cutMsgs ? options->subjects / tape->cutMsgs : 1;
  for (size_t cut = 0; cut < tape->cuts; cut++) {
    Bytes write = {0};
    for (size_t i = 0; i < tape->cutMsgs; i++) {
      subjectOf(subject, sizeof subject, options, prefix, cut * tape->cutMsgs + i);
      snprintf(words, sizeof words, "PUB %s", subject);
      appendFrame(&write, options, words);
    }
    if (options->websocket) websocketFrame(&all, write.at, write.length);
    else append(&all, write.at, write.length);
    free(write.at);
  }
  free(one.at);
  tape->bytes = all.at;
  tape->cutBytes = all.length / tape->cuts;
  return tape;
}

Expected *makeExpected(const Options *options, const char *prefix, int sid) {
  char subject[100], words[200];
  Bytes all = {0};
  Expected *expected = allocate(sizeof *expected);
  size_t frames = options->subjects;
  for (size_t i = 0; i < frames; i++) {
    subjectOf(subject, sizeof subject, options, prefix, i);
    snprintf(words, sizeof words, "MSG %s %d", subject, sid);
    appendFrame(&all, options, words);
    if (i == 0) {
      expected->frameBytes = all.length;
      // Long enough that comparing is one memcmp for most reads, short enough to stay in the cache.
      if (frames == 1) frames = 1 + 65536 / all.length;
    }
  }
  expected->bytes = all.at;
  expected->length = all.length;
  if (all.length != frames * expected->frameBytes) fail("frames are not of equal length");
  return expected;
}

static void onMismatch(const Conn *conn, const char *data, size_t length, size_t at) {
  int shown = (int)(length > 100 ? 100 : length);
  fail("connection %d, message %lu, byte %zu of its frame: got %.*s", conn->id, received(conn) + 1, at, shown, data);
}

/** Moves through one frame, or one line between two frames; the bytes used. */
static size_t matchOne(Conn *conn, const char *data, size_t length) {
  Expected *expect = conn->expect;
  size_t at = conn->phase % expect->frameBytes, left = expect->frameBytes - at;
  size_t take = length < left ? length : left;
  if (!conn->lineLength && !memcmp(data, expect->bytes + conn->phase, take)) {
    conn->phase = (conn->phase + take) % expect->length;
    conn->matched += take;
    return take;
  }
  if (at) onMismatch(conn, data, length, at);
  if (!conn->lineLength && (*data == 'M' || *data == 'H')) onMismatch(conn, data, length, at);
  const char *newline = memchr(data, '\n', length);
  take = newline ? (size_t)(newline - data) + 1 : length;
  readLines(conn, data, take);
  return take;
}

void matchExpected(Conn *conn, const char *data, size_t length) {
  if (!conn->expect) {
    readLines(conn, data, length);
    return;
  }
  Expected *expect = conn->expect;
  while (length) {
    size_t left = expect->length - conn->phase, take = length < left ? length : left;
    if (!conn->lineLength && !memcmp(data, expect->bytes + conn->phase, take)) {
      conn->matched += take;
      conn->phase = conn->phase + take == expect->length ? 0 : conn->phase + take;
    } else take = matchOne(conn, data, length);
    data += take;
    length -= take;
  }
}

uint64_t received(const Conn *conn) { return conn->expect ? conn->matched / conn->expect->frameBytes : 0; }
