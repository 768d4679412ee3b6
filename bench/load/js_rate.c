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

static uint64_t random64(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void onMessage(JetStream *js, const Frame *frame, uint64_t about) { checkMessage(js, frame, 0, about); }

static void askSequence(JetStream *js, double now) {
  char line[200], body[60];
  uint64_t seq = 1 + random64() % js->options->count;
  int size = snprintf(body, sizeof body, "{\"seq\":%lu}", seq);
  int length = snprintf(line, sizeof line, "PUB $JS.API.DIRECT.GET.LOAD000 " INBOX ".%010lu %d\r\n%s\r\n",
                        remember(js, seq, now), size, body);
  queueOut(&js->conn, line, length);
}

static void askLast(JetStream *js, double now) {
  char line[200];
  size_t subjects = js->options->subjects;
  uint64_t subject = random64() % subjects, seq = js->options->count - subjects + subject + 1;
  int length = snprintf(line, sizeof line, "PUB $JS.API.DIRECT.GET.LOAD000.js.000.%0*lu " INBOX ".%010lu 0\r\n\r\n",
                        SUBJECT_WIDTH, subject, remember(js, seq, now));
  queueOut(&js->conn, line, length);
}

static void getUntil(JetStream *js, double atSec) {
  bool last = !strcmp(js->options->op, "last");
  for (double now; (now = nowSec()) < atSec; jetStreamTurn(js, 100))
    while (mayAsk(js)) last ? askLast(js, now) : askSequence(js, now);
}

Report runJetStreamGet(const Options *options) {
  if (options->streams != 1 || options->subjects < 2 || options->count % options->subjects)
    fail("one stream, several subjects, and as many messages of each");
  Options filling = *options;
  filling.inflight = 4000;
  JetStream *filler = openJetStream(&filling);
  createStreams(filler, "");
  publishAll(filler, options->count);
  unwatch(&filler->conn);
  JetStream *js = openJetStream(options);
  js->templates = filler->templates;
  js->payloadAt = filler->payloadAt;
  js->onAnswer = onMessage;
  Report report = {0};
  getUntil(js, nowSec() + options->warmSec);
  js->recording = true;
  report.start = takeSample(options, js->answered);
  getUntil(js, nowSec() + options->seconds);
  report.end = takeSample(options, js->answered);
  js->recording = false;
  awaitAnswers(js);
  report.published = js->asked;
  report.delivered = js->answered;
  report.latencies = js->latencies;
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
