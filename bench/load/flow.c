// Publishers and subscribers at full speed: pub, fan, queue groups and pairs.
//
// A publisher stays within a window of the slowest subscriber of its messages, so nobody becomes a slow consumer. The
// rate is taken between two moments of the steady flow; afterwards the flow is drained and every message accounted for.

#include "load.h"
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

volatile uint64_t *flowProgress;

typedef enum { PUB, FAN, PAIRS } Shape;

typedef struct Flow {
  const Options *options;
  Shape shape;
  Conn *pubs, *subs;
  int pubCount, subCount;
  uint64_t leadMsgs;
  char *buffer;
  bool stopping;
} Flow;

static void openFlow(Flow *flow) {
  const Options *options = flow->options;
  flow->pubCount = options->pubs;
  flow->subCount = flow->shape == PUB ? 0 : flow->shape == PAIRS ? options->pubs : options->subs;
  flow->pubs = allocate(sizeof(Conn) * flow->pubCount);
  flow->subs = allocate(sizeof(Conn) * (flow->subCount + 1));
  flow->buffer = allocate(READ_BYTES);
  const char *wildcard = options->subjects > 1 ? ".*" : "";
  Expected *shared = NULL;
  for (int i = 0; i < flow->subCount; i++) {
    char prefix[40];
    snprintf(prefix, sizeof prefix, "bench.%03d", flow->shape == PAIRS ? i : 0);
    Conn *conn = &flow->subs[i];
    openConn(conn, options, i, options->subUser);
    int sid = options->sids ? i + 1 : 1;
    tell(conn, "SUB %s%s %s%d\r\n", prefix, wildcard, options->queue ? "workers " : "", sid);
    if (!shared || options->sids || flow->shape == PAIRS) shared = makeExpected(options, prefix, sid);
    conn->expect = shared;
  }
  if (options->subjects > 1 && flow->subCount && (options->queue || (flow->pubCount > 1 && flow->shape == FAN)))
    fail("several subjects need one publisher and no queue group: their order is checked");
  for (int i = 0; i < flow->pubCount; i++) {
    char prefix[40];
    snprintf(prefix, sizeof prefix, "bench.%03d", flow->shape == PAIRS ? i : 0);
    Conn *conn = &flow->pubs[i];
    openConn(conn, options, 1000 + i, options->pubUser);
    conn->tape = i == 0 || flow->shape == PAIRS ? makeTape(options, prefix) : flow->pubs[0].tape;
    if (flow->shape == PAIRS) conn->peer = &flow->subs[i];
  }
  const Tape *tape = flow->pubs[0].tape;
  flow->leadMsgs = options->leadBytes / (options->size + options->headerSize + 20);
  if (flow->leadMsgs < 64) flow->leadMsgs = 64;
  if (flow->leadMsgs < 2 * tape->cutMsgs) flow->leadMsgs = 2 * tape->cutMsgs;
  for (int i = 0; i < flow->subCount; i++) watch(&flow->subs[i]);
  for (int i = 0; i < flow->pubCount; i++) watch(&flow->pubs[i]);
}

static uint64_t publishedBy(const Flow *flow) {
  uint64_t total = 0;
  for (int i = 0; i < flow->pubCount; i++) total += flow->pubs[i].published;
  return total;
}

static uint64_t deliveredTo(const Flow *flow) {
  uint64_t total = 0;
  for (int i = 0; i < flow->subCount; i++) total += received(&flow->subs[i]);
  return total;
}

/** Messages that count: deliveries, or publications when nobody subscribes. */
static uint64_t progress(const Flow *flow) { return flow->shape == PUB ? publishedBy(flow) : deliveredTo(flow); }

/** How many messages the slowest reader has of each publisher, about; pairs look at their peer instead. */
static uint64_t slowestReader(const Flow *flow) {
  if (flow->shape != FAN) return 0;
  if (flow->options->queue) return deliveredTo(flow) / flow->pubCount;
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < flow->subCount; i++) {
    uint64_t count = received(&flow->subs[i]);
    if (count < least) least = count;
  }
  return least / flow->pubCount;
}

/** Offers the kernel at most one write; true when it took something. */
static bool publishOnce(Flow *flow, Conn *conn, uint64_t slowest) {
  if (conn->blocked) return false;
  const Tape *tape = conn->tape;
  if (!conn->inCut) {
    if (conn->out.length && !flushOut(conn)) return false;
    if (flow->stopping) return false;
    uint64_t base = flow->shape == PAIRS ? received(conn->peer) : slowest;
    if (flow->shape != PUB && conn->published + tape->cutMsgs > base + flow->leadMsgs) return false;
    conn->inCut = true;
  }
  size_t sent = writeConn(conn, tape->bytes + conn->cut * tape->cutBytes + conn->cutSent, tape->cutBytes - conn->cutSent);
  if (!sent) return false;
  conn->cutSent += sent;
  if (conn->cutSent < tape->cutBytes) return true;
  conn->inCut = false;
  conn->cutSent = 0;
  conn->cut = conn->cut + 1 == tape->cuts ? 0 : conn->cut + 1;
  conn->published += tape->cutMsgs;
  return true;
}

/** One round: each publisher writes once, each ready connection is read. */
static void turn(Flow *flow) {
  uint64_t slowest = slowestReader(flow);
  bool wrote = false;
  for (int i = 0; i < flow->pubCount; i++)
    if (publishOnce(flow, &flow->pubs[i], slowest)) wrote = true;
  Conn *ready[256];
  int count = waitEvents(ready, 256, wrote ? 0 : 100);
  for (int i = 0; i < count; i++) {
    size_t length;
    do {
      length = readConn(ready[i], flow->buffer, READ_BYTES);
      matchExpected(ready[i], flow->buffer, length);
    } while (length == READ_BYTES && ready[i]->tls);
    if (!ready[i]->tape) flushOut(ready[i]);
  }
  if (flowProgress) *flowProgress = progress(flow);
}

static void runUntil(Flow *flow, double atSec) {
  while (nowSec() < atSec)
    for (int i = 0; i < 8; i++) turn(flow);
}

static bool drained(const Flow *flow, uint64_t expected) {
  for (int i = 0; i < flow->pubCount; i++)
    if (!flow->pubs[i].pongs) return false;
  return deliveredTo(flow) >= expected;
}

/** Ends every cut, waits until the server has seen everything and the subscribers have it, and counts. */
static void drain(Flow *flow, double giveUpAt) {
  flow->stopping = true;
  for (bool busy = true; busy;) {
    turn(flow);
    busy = false;
    for (int i = 0; i < flow->pubCount; i++) busy |= flow->pubs[i].inCut;
    if (nowSec() > giveUpAt) fail("the server takes no more bytes");
  }
  uint64_t expected = flow->shape == PUB ? 0 : publishedBy(flow) * (flow->shape == FAN && !flow->options->queue ? flow->subCount : 1);
  for (int i = 0; i < flow->pubCount; i++) {
    flow->pubs[i].pongs = 0;
    queueOut(&flow->pubs[i], "PING\r\n", 6);
  }
  while (!drained(flow, expected)) {
    turn(flow);
    if (nowSec() > giveUpAt) fail("%lu of %lu messages arrived", deliveredTo(flow), expected);
  }
  // What comes after everything was delivered would be a duplicate: give it the chance to arrive.
  for (int i = 0; i < flow->subCount; i++) {
    flow->subs[i].pongs = 0;
    queueOut(&flow->subs[i], "PING\r\n", 6);
    flushOut(&flow->subs[i]);
  }
  for (int i = 0; i < flow->subCount; i++)
    while (!flow->subs[i].pongs) {
      turn(flow);
      if (nowSec() > giveUpAt) fail("no PONG after the flow");
    }
  if (deliveredTo(flow) != expected) fail("%lu messages arrived, expected %lu", deliveredTo(flow), expected);
}

Report runFlow(const Options *options) {
  Flow flow = {.options = options};
  flow.shape = !strcmp(options->mode, "pub") ? PUB : !strcmp(options->mode, "nn") ? PAIRS : FAN;
  openFlow(&flow);
  Report report = {0};
  runUntil(&flow, nowSec() + options->warmSec);
  report.start = takeSample(options, progress(&flow));
  runUntil(&flow, nowSec() + options->seconds);
  report.end = takeSample(options, progress(&flow));
  drain(&flow, nowSec() + options->limitSec);
  report.published = publishedBy(&flow);
  report.delivered = deliveredTo(&flow);
  return report;
}
