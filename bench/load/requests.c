// Request-reply: each requester has one wildcard subscription and a new reply subject per request.

#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Requests {
  const Options *options;
  Conn *requesters, *responders;
  int requesterCount, responderCount;
  char *payload, *buffer;
  Latencies latencies;
  bool recording, stopping;
};

typedef struct Word {
  const char *at;
  size_t length;
} Word;

Requests *openRequests(const Options *options) {
  Requests *requests = allocate(sizeof *requests);
  requests->options = options;
  requests->responderCount = options->subs;
  requests->requesterCount = options->pubs;
  requests->responders = allocate(sizeof(Conn) * requests->responderCount);
  requests->requesters = allocate(sizeof(Conn) * requests->requesterCount);
  requests->buffer = allocate(READ_BYTES);
  requests->payload = allocate(options->size + 3);
  memset(requests->payload, 'q', options->size);
  memcpy(requests->payload + options->size, "\r\n", 2);
  for (int i = 0; i < requests->responderCount; i++) {
    openConn(&requests->responders[i], options, i, options->subUser);
    tell(&requests->responders[i], "SUB service.echo workers 1\r\n");
  }
  for (int i = 0; i < requests->requesterCount; i++) {
    Conn *conn = &requests->requesters[i];
    openConn(conn, options, 1000 + i, options->pubUser);
    conn->requester = true;
    conn->sentAtSec = allocate(sizeof(double) * options->inflight);
    tell(conn, "SUB _INBOX.load%04d.* 1\r\n", i);
  }
  for (int i = 0; i < requests->responderCount; i++) watch(&requests->responders[i]);
  for (int i = 0; i < requests->requesterCount; i++) watch(&requests->requesters[i]);
  return requests;
}

static void ask(Requests *requests, Conn *conn, double now) {
  char line[200];
  int length = snprintf(line, sizeof line, "PUB service.echo _INBOX.load%04d.%010lu %zu\r\n", conn->id - 1000,
                        conn->asked, requests->options->size);
  queueOut(conn, line, length);
  queueOut(conn, requests->payload, requests->options->size + 2);
  conn->sentAtSec[conn->asked++ % requests->options->inflight] = now;
}

static void askWhatIsDue(Requests *requests, Conn *conn) {
  uint64_t most = requests->options->inflight;
  double now = nowSec();
  double pace = requests->options->paceUs * 1e-6;
  if (conn->nextAtSec == 0) conn->nextAtSec = now;
  while (!requests->stopping && conn->asked - conn->answered < most && now >= conn->nextAtSec) {
    ask(requests, conn, now);
    conn->nextAtSec += pace;
  }
  flushOut(conn);
}

static void onReply(Requests *requests, Conn *conn, Word subject) {
  // With several responders, replies may overtake each other within the window.
  if (subject.length != 26) fail("reply to %.*s", (int)subject.length, subject.at);
  uint64_t number = strtoull(subject.at + 16, NULL, 10);
  if (number >= conn->asked || conn->asked - number > (uint64_t)requests->options->inflight)
    fail("reply %lu to nobody", number);
  double *sentAt = &conn->sentAtSec[number % requests->options->inflight];
  if (*sentAt < 0) fail("reply %lu came twice", number);
  double now = nowSec();
  if (requests->recording) addLatency(&requests->latencies, now - *sentAt);
  *sentAt = -1;
  conn->answered++;
}

static void onRequest(Requests *requests, Conn *conn, Word reply) {
  char line[200];
  int length = snprintf(line, sizeof line, "PUB %.*s %zu\r\n", (int)reply.length, reply.at, requests->options->size);
  queueOut(conn, line, length);
  queueOut(conn, requests->payload, requests->options->size + 2);
}

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

/** Takes one frame or line from the start of `data`; the bytes used, 0 when it is not complete. */
static size_t takeFrame(Requests *requests, Conn *conn, const char *data, size_t length) {
  const char *newline = memchr(data, '\n', length);
  if (!newline) return 0;
  size_t lineBytes = newline - data + 1, size = requests->options->size;
  if (memcmp(data, "MSG ", 4)) {
    onControlLine(conn, data, lineBytes);
    return lineBytes;
  }
  if (length < lineBytes + size + 2) return 0;
  Word words[5];
  int count = splitLine(data, newline - 1, words, 5);
  if (count != (conn->requester ? 4 : 5)) fail("unexpected %.*s", (int)lineBytes, data);
  if (strtoull(words[count - 1].at, NULL, 10) != size || memcmp(newline + 1, requests->payload, size + 2))
    fail("another payload than was sent, after %.*s", (int)lineBytes, data);
  if (conn->requester) onReply(requests, conn, words[1]);
  else onRequest(requests, conn, words[3]);
  return lineBytes + size + 2;
}

static void onReadable(Requests *requests, Conn *conn) {
  size_t length = readConn(conn, requests->buffer, READ_BYTES);
  append(&conn->in, requests->buffer, length);
  size_t at = 0, used;
  while (at < conn->in.length && (used = takeFrame(requests, conn, conn->in.at + at, conn->in.length - at))) at += used;
  memmove(conn->in.at, conn->in.at + at, conn->in.length - at);
  conn->in.length -= at;
  if (conn->requester) askWhatIsDue(requests, conn);
  else flushOut(conn);
}

uint64_t answeredRequests(const Requests *requests) {
  uint64_t total = 0;
  for (int i = 0; i < requests->requesterCount; i++) total += requests->requesters[i].answered;
  return total;
}

static void turn(Requests *requests) {
  Conn *ready[256];
  int count = waitEvents(ready, 256, requests->options->paceUs > 0 ? 1 : 100);
  for (int i = 0; i < count; i++) onReadable(requests, ready[i]);
  if (requests->options->paceUs > 0)
    for (int i = 0; i < requests->requesterCount; i++) askWhatIsDue(requests, &requests->requesters[i]);
}

void runRequestsUntil(Requests *requests, double atSec) {
  while (nowSec() < atSec) turn(requests);
}

void drainRequests(Requests *requests) {
  requests->stopping = true;
  double giveUpAt = nowSec() + requests->options->limitSec;
  for (int i = 0; i < requests->requesterCount; i++) {
    Conn *conn = &requests->requesters[i];
    while (conn->answered < conn->asked) {
      turn(requests);
      if (nowSec() > giveUpAt) fail("%lu of %lu requests were answered", conn->answered, conn->asked);
    }
  }
}

void recordRequests(Requests *requests, bool on) { requests->recording = on; }

Latencies requestLatencies(const Requests *requests) { return requests->latencies; }

Report runRequests(const Options *options) {
  Requests *requests = openRequests(options);
  Report report = {0};
  for (int i = 0; i < requests->requesterCount; i++) askWhatIsDue(requests, &requests->requesters[i]);
  runRequestsUntil(requests, nowSec() + options->warmSec);
  recordRequests(requests, true);
  report.start = takeSample(options, answeredRequests(requests));
  runRequestsUntil(requests, nowSec() + options->seconds);
  report.end = takeSample(options, answeredRequests(requests));
  recordRequests(requests, false);
  drainRequests(requests);
  report.published = report.delivered = answeredRequests(requests);
  report.latencies = requestLatencies(requests);
  return report;
}
