// JetStream at full speed: publishing with many or one in flight, direct gets, and the memory of what is stored.

#include "jetstream.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** A run writes no more than this, however fast the server is; a quarter of it while warming up. */
static const uint64_t MOST_BYTES = 1500000000;

// --- publishing -----------------------------------------------------------------------------------------------

/**
 * Publishes until a time, and until a whole window was acknowledged: nats-server, syncing each message, takes seconds for
 * one and acknowledges it at once, so both ends of a measurement lie where acknowledgements arrive.
 */
static void publishUntil(JetStream *js, double atSec, uint64_t mostBytes) {
  uint64_t most = mostBytes / js->options->size, enough = js->stored + js->options->inflight;
  double giveUpAt = atSec + js->options->limitSec;
  while (js->stored < enough || (js->published < most && nowSec() < atSec)) {
    if (nowSec() > giveUpAt) fail("%lu messages were acknowledged", js->stored);
    publishWindow(js, most + js->options->inflight);
    jetStreamTurn(js, js->conn.out.length && !js->conn.blocked ? 0 : 100);
  }
}

Report runJetStreamPublish(const Options *options) {
  if (options->pubs > 1) return runJetStreamClients(options);
  JetStream *js = openJetStream(options);
  createStreams(js, "");
  Report report = {0};
  publishUntil(js, nowSec() + options->warmSec, MOST_BYTES / 4);
  js->recording = true;
  report.start = takeSample(options, js->stored);
  publishUntil(js, nowSec() + options->seconds, MOST_BYTES);
  report.end = takeSample(options, js->stored);
  js->recording = false;
  awaitAnswers(js);
  checkStreams(js);
  report.published = js->published;
  report.delivered = js->stored;
  report.latencies = js->latencies;
  return report;
}

// --- direct get -----------------------------------------------------------------------------------------------

/** Those who get: `pubs` of them, each with questions of its own. */
typedef struct Getters {
  const Options *options;
  JetStream **all;
  uint64_t messages; // of batches
} Getters;

static Getters getters;

static uint64_t random64(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static bool onMessage(JetStream *js, const Frame *frame, uint64_t *about) {
  checkMessage(js, frame, 0, *about, "\r\n\r\n");
  getters.messages++;
  return true;
}

/** Part of a batch: the next message, with what is left behind it, or after the last one its end. `about`: what comes next. */
static bool onBatch(JetStream *js, const Frame *frame, uint64_t *about) {
  uint64_t first = *about >> 32, next = *about & UINT32_MAX, count = js->options->count;
  char behind[120];
  bool ended = next == first + (uint64_t)js->options->batch;
  snprintf(behind, sizeof behind, "\r\nNats-Num-Pending: %lu\r\nNats-Last-Sequence: %lu\r\n\r\n",
           count - (ended ? next - 1 : next), next == first ? 0 : next - 1);
  if (!ended) {
    checkMessage(js, frame, 0, next, behind);
    getters.messages++;
    ++*about;
    return false;
  }
  static const char end[] = "NATS/1.0 204 EOB";
  size_t size = sizeof end - 1 + strlen(behind);
  if (frame->size || frame->headerSize != size || memcmp(frame->header, end, sizeof end - 1) ||
      memcmp(frame->header + sizeof end - 1, behind, strlen(behind)))
    fail("a batch ended with %.*s", (int)frame->headerSize, frame->header);
  return true;
}

static void askSequence(JetStream *js, double now) {
  char line[200], body[60];
  const Options *options = js->options;
  bool batch = !strcmp(options->op, "batch");
  uint64_t seq = 1 + random64() % (options->count - (batch ? options->batch : 0)), about = batch ? seq << 32 | seq : seq;
  int size = batch ? snprintf(body, sizeof body, "{\"seq\":%lu,\"batch\":%d}", seq, options->batch)
                   : snprintf(body, sizeof body, "{\"seq\":%lu}", seq);
  int length = snprintf(line, sizeof line, "PUB $JS.API.DIRECT.GET.LOAD000 %s.%010lu %d\r\n%s\r\n", js->inbox,
                        remember(js, about, now), size, body);
  queueOut(&js->conn, line, length);
}

static void askLast(JetStream *js, double now) {
  char line[200];
  size_t subjects = js->options->subjects;
  uint64_t subject = random64() % subjects, seq = js->options->count - subjects + subject + 1;
  int length = snprintf(line, sizeof line, "PUB $JS.API.DIRECT.GET.LOAD000.js.000.%0*lu %s.%010lu 0\r\n\r\n",
                        SUBJECT_WIDTH, subject, js->inbox, remember(js, seq, now));
  queueOut(&js->conn, line, length);
}

static void getUntil(double atSec) {
  bool last = !strcmp(getters.options->op, "last");
  for (double now; (now = nowSec()) < atSec;) {
    for (int i = 0; i < getters.options->pubs; i++) {
      JetStream *js = getters.all[i];
      while (mayAsk(js)) last ? askLast(js, now) : askSequence(js, now);
      flushOut(&js->conn);
    }
    jetStreamTurn(getters.all[0], 100);
  }
}

static void recordGets(bool on) {
  for (int i = 0; i < getters.options->pubs; i++) getters.all[i]->recording = on;
}

static JetStream *openGetter(const Options *options, const JetStream *filler) {
  JetStream *js = openJetStream(options);
  js->templates = filler->templates;
  js->payloadAt = filler->payloadAt;
  js->onAnswer = strcmp(options->op, "batch") ? onMessage : onBatch;
  return js;
}

Report runJetStreamGet(const Options *options) {
  if (options->streams != 1 || options->subjects < 2 || options->count % options->subjects)
    fail("one stream, several subjects, and as many messages of each");
  JetStream *filler = fillStream(options);
  getters = (Getters){.options = options, .all = allocate(sizeof(JetStream *) * options->pubs)};
  for (int i = 0; i < options->pubs; i++) getters.all[i] = openGetter(options, filler);
  Report report = {0};
  getUntil(nowSec() + options->warmSec);
  recordGets(true);
  report.start = takeSample(options, getters.messages);
  getUntil(nowSec() + options->seconds);
  report.end = takeSample(options, getters.messages);
  recordGets(false);
  for (int i = 0; i < options->pubs; i++) {
    JetStream *js = getters.all[i];
    awaitAnswers(js);
    for (size_t n = 0; n < js->latencies.count; n++) addLatency(&report.latencies, js->latencies.nanos[n] * 1e-9);
  }
  report.published = report.delivered = getters.messages;
  return report;
}

// --- memory ---------------------------------------------------------------------------------------------------

Report runJetStreamMemory(const Options *options) {
  Report report = {.idle = options->count};
  JetStream *js = openJetStream(options);
  usleep(options->settleSec * 1e6);
  long before = serverMemoryKb(options->pid, "VmRSS");
  createStreams(js, "");
  report.start = takeSample(options, 0);
  publishAll(js, options->count);
  report.end = takeSample(options, js->stored);
  usleep(options->settleSec * 1e6);
  report.idleKb = serverMemoryKb(options->pid, "VmRSS") - before;
  if (report.idleKb < 1) report.idleKb = 1; // a ratio needs a number
  checkStreams(js);
  report.published = report.delivered = js->stored;
  return report;
}

// --- for a later run ------------------------------------------------------------------------------------------

Report runJetStreamFill(const Options *options) {
  Report report = {.start = takeSample(options, 0)};
  fillStream(options);
  report.end = takeSample(options, options->count);
  report.published = report.delivered = options->count;
  return report;
}
