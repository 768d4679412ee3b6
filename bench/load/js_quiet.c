// The quiet connection beside a long call: requests at a steady pace while the server works on a stream of many
// messages.
//
// Another process fills the stream, makes the call (once when it changes the stream, else over and over) and checks
// what was answered. Only requests of that time count, and of at least half a second: work may go on after the answer.
// The rate is calls per second.

#include "jetstream.h"
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const double LEAST_SEC = 0.5, PACE_US = 1000;
/** Small streams beside the large one, for calls that list streams: with it one page of STREAM.LIST. */
enum { OTHER_STREAMS = 255 };
/** Consumers of the stream: one page of CONSUMER.LIST. */
enum { OTHER_CONSUMERS = 96 };

typedef struct Call {
  const char *op;
  bool once; // it changes the stream
  bool many; // it looks at many streams
  const char *config;
  void (*prepare)(JetStream *js);
  void (*run)(JetStream *js);
} Call;

static void expect(bool right, const JetStream *js) {
  if (!right) fail("%s answered %.300s", js->options->op, js->answer.at);
}

/** Waits until the stream holds so many messages. */
static void awaitMessages(JetStream *js, uint64_t wanted) {
  double giveUpAt = nowSec() + js->options->limitSec;
  while (numberOf(strstr(callApi(js, "STREAM.INFO.LOAD000", ""), "\"state\":{"), "messages") != wanted) {
    if (nowSec() > giveUpAt) fail("the stream does not come to %lu messages", wanted);
    usleep(10000);
  }
}

static void update(JetStream *js, const char *more) {
  char body[500];
  snprintf(body, sizeof body,
           "{\"name\":\"LOAD000\",\"subjects\":[\"js.000%s\"],\"storage\":\"%s\",\"num_replicas\":1,"
           "\"allow_direct\":true%s}",
           js->options->subjects > 1 ? ".>" : "", js->options->storage, more);
  callApi(js, "STREAM.UPDATE.LOAD000", body);
}

// --- calls that change the stream -----------------------------------------------------------------------------

static void purgeHalf(JetStream *js) {
  callApi(js, "STREAM.PURGE.LOAD000", "{\"filter\":\"js.000.0000001\"}");
  expect(numberOf(js->answer.at, "purged") == js->options->count / js->options->subjects, js);
}

static void purgeAll(JetStream *js) {
  callApi(js, "STREAM.PURGE.LOAD000", "");
  expect(numberOf(js->answer.at, "purged") == js->options->count, js);
}

static void deleteStream(JetStream *js) {
  expect(strstr(callApi(js, "STREAM.DELETE.LOAD000", ""), "\"success\":true") != NULL, js);
}

static void expire(JetStream *js) {
  update(js, ",\"max_age\":500000000,\"duplicate_window\":500000000");
  awaitMessages(js, 0);
}

static void growOld(JetStream *js) {
  (void)js;
  sleep(1);
}

static void trimCount(JetStream *js) {
  update(js, ",\"max_msgs\":1");
  awaitMessages(js, 1);
}

static void trimSubjects(JetStream *js) {
  update(js, ",\"max_msgs_per_subject\":1");
  awaitMessages(js, js->options->subjects);
}

static void rollUp(JetStream *js) {
  callWith(js, "js.000.0000001", "NATS/1.0\r\nNats-Rollup: all\r\n\r\n", "the sum");
  awaitMessages(js, 1);
}

// --- calls that only look -------------------------------------------------------------------------------------

static void infoSubjects(JetStream *js) {
  static uint64_t page;
  uint64_t subjects = js->options->subjects, offset = page * 100000;
  uint64_t wanted = subjects - offset < 100000 ? subjects - offset : 100000;
  page = offset + wanted < subjects ? page + 1 : 0;
  char body[100];
  snprintf(body, sizeof body, "{\"subjects_filter\":\">\",\"offset\":%lu}", offset);
  callApi(js, "STREAM.INFO.LOAD000", body);
  expect(numberOf(js->answer.at, "total") == subjects && countOf(js->answer.at, "\"js.000.0") == wanted, js);
}

static void infoDeleted(JetStream *js) {
  uint64_t deleted = js->options->count / 2;
  callApi(js, "STREAM.INFO.LOAD000", "{\"deleted_details\":true}");
  const char *list = strstr(js->answer.at, "\"deleted\":[");
  expect(numberOf(js->answer.at, "num_deleted") == deleted && list != NULL, js);
  uint64_t found = 1;
  for (; *list != ']'; list++) found += *list == ',';
  expect(found == deleted, js);
}

static void listStreams(JetStream *js) {
  callApi(js, "STREAM.LIST", "");
  expect(numberOf(js->answer.at, "total") == OTHER_STREAMS + 1, js);
  expect(countOf(js->answer.at, "\"config\":{") == OTHER_STREAMS + 1, js);
}

static void nextOfNone(JetStream *js) {
  // Looked for from the start, found at the very end.
  callApi(js, "STREAM.MSG.GET.LOAD000", "{\"seq\":1,\"next_by_subj\":\"js.000.*.last\"}");
  expect(numberOf(js->answer.at, "seq") == js->options->count + 1, js);
}

static void addLast(JetStream *js) { callWith(js, "js.000.0000000.last", "", "the last"); }

static void getPage(JetStream *js) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(js->options->monitorPort)};
  static const char ask[] = "GET /jsz?accounts=1&streams=1&config=1 HTTP/1.0\r\nHost: bench\r\n\r\n";
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (void *)&address, sizeof address)) fail("connect to port %d", js->options->monitorPort);
  if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) != sizeof ask - 1) fail("the page was not asked for");
  js->answer.length = 0;
  for (ssize_t length; (length = recv(fd, js->buffer, READ_BYTES, 0)) > 0;) append(&js->answer, js->buffer, length);
  append(&js->answer, "", 1);
  close(fd);
  const char *status = strchr(js->answer.at, ' ');
  expect(status && !memcmp(status, " 200 ", 5) && countOf(js->answer.at, "\"config\"") >= OTHER_STREAMS + 1, js);
}

// --- consumers ------------------------------------------------------------------------------------------------

/** Makes the next consumer: of every third all that it looks for must be counted one by one, or found by subject. */
static void createConsumer(JetStream *js) {
  static uint64_t made;
  static const char *const policies[] = {
      "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":%lu,\"filter_subject\":\"js.*.>\"",
      "\"deliver_policy\":\"last_per_subject\",\"filter_subject\":\"js.*.>\"",
      "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":%lu,\"filter_subject\":\"js.000.0000001\"",
  };
  char call[80], policy[200], body[500];
  snprintf(policy, sizeof policy, policies[made % 3], js->options->count / 2 + 1);
  snprintf(call, sizeof call, "CONSUMER.CREATE.LOAD000.C%04lu", made);
  snprintf(body, sizeof body,
           "{\"stream_name\":\"LOAD000\",\"config\":{\"name\":\"C%04lu\",\"durable_name\":\"C%04lu\","
           "\"ack_policy\":\"explicit\",%s}}",
           made, made, policy);
  uint64_t half = js->options->count / 2, subjects = js->options->subjects;
  uint64_t pending = made % 3 == 0 ? half : made % 3 == 1 ? subjects : half / subjects;
  callApi(js, call, body);
  expect(numberOf(js->answer.at, "num_pending") == pending, js);
  made++;
}

static void createConsumers(JetStream *js) {
  for (int i = 0; i < OTHER_CONSUMERS; i++) createConsumer(js);
}

static void listConsumers(JetStream *js) {
  callApi(js, "CONSUMER.LIST.LOAD000", "");
  expect(countOf(js->answer.at, "\"config\":{") == OTHER_CONSUMERS, js);
}

static void consumerInfo(JetStream *js) {
  callApi(js, "CONSUMER.INFO.LOAD000.C0000", "");
  expect(numberOf(js->answer.at, "num_pending") == js->options->count / 2, js);
}

/** One goes, one comes. */
static void deleteConsumer(JetStream *js) {
  static uint64_t gone;
  char call[80];
  snprintf(call, sizeof call, "CONSUMER.DELETE.LOAD000.C%04lu", gone++);
  expect(strstr(callApi(js, call, ""), "\"success\":true") != NULL, js);
  createConsumer(js);
}

static const char ROLLUP[] = ",\"allow_rollup_hdrs\":true";

static const Call calls[] = {
    {"purge-filter", .once = true, .run = purgeHalf},
    {"purge", .once = true, .run = purgeAll},
    {"delete", .once = true, .run = deleteStream},
    {"expiry", .once = true, .prepare = growOld, .run = expire},
    {"max-msgs", .once = true, .run = trimCount},
    {"max-per-subject", .once = true, .run = trimSubjects},
    {"rollup", .once = true, .config = ROLLUP, .run = rollUp},
    {"info-subjects", .run = infoSubjects},
    {"info-deleted", .prepare = purgeHalf, .run = infoDeleted},
    {"next-by-subject", .prepare = addLast, .run = nextOfNone},
    {"list", .many = true, .run = listStreams},
    {"jsz", .many = true, .run = getPage},
    {"consumer-create", .run = createConsumer},
    {"consumer-list", .prepare = createConsumers, .run = listConsumers},
    {"consumer-info", .prepare = createConsumer, .run = consumerInfo},
    {"consumer-delete", .prepare = createConsumer, .run = deleteConsumer},
};

// --- both sides -----------------------------------------------------------------------------------------------

/** What the two processes tell each other. */
typedef struct Shared {
  volatile bool ready, go, done;
  volatile uint64_t calls;
  Sample start, end;
} Shared;

static void createOthers(JetStream *js) {
  char call[60], body[200];
  for (int i = 0; i < OTHER_STREAMS; i++) {
    snprintf(call, sizeof call, "STREAM.CREATE.OTHER%03d", i);
    snprintf(body, sizeof body, "{\"name\":\"OTHER%03d\",\"subjects\":[\"other.%03d.>\"],\"storage\":\"%s\"}", i, i,
             js->options->storage);
    callApi(js, call, body);
  }
}

static void fillAndCall(const Options *options, const Call *call, Shared *shared) {
  Options filling = *options;
  filling.inflight = 4000;
  filling.helperPid = getppid();
  JetStream *js = openJetStream(&filling);
  createStreams(js, call->config ? call->config : "");
  if (call->many) createOthers(js);
  publishAll(js, options->count);
  if (call->prepare) call->prepare(js);
  shared->ready = true;
  while (!shared->go) usleep(200);
  double until = nowSec() + options->seconds;
  shared->start = takeSample(&filling, 0);
  do {
    call->run(js);
    shared->calls++;
  } while (!call->once && nowSec() < until);
  shared->end = takeSample(&filling, shared->calls);
  shared->done = true;
  exit(0);
}

static void checkChild(pid_t child, const Shared *shared) {
  errno = 0;
  if (!shared->done && waitpid(child, NULL, WNOHANG) != 0) fail("the caller ended early");
}

Report runJetStreamQuiet(const Options *options) {
  const Call *call = NULL;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (!strcmp(calls[i].op, options->op)) call = &calls[i];
  if (!call) fail("no such op: %s", options->op);
  Shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail("mmap");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) fillAndCall(options, call, shared);
  for (double giveUpAt = nowSec() + options->limitSec; !shared->ready; usleep(10000)) {
    checkChild(child, shared);
    if (nowSec() > giveUpAt) fail("the stream was not filled in time");
  }
  Options quiet = *options;
  quiet.pubs = quiet.subs = 1;
  quiet.inflight = 1 << 16;
  quiet.paceUs = PACE_US;
  quiet.size = 128;
  Requests *requests = openRequests(&quiet);
  runRequestsUntil(requests, nowSec() + options->warmSec);
  recordRequests(requests, true);
  shared->go = true;
  double startSec = nowSec(), giveUpAt = startSec + options->seconds + options->limitSec;
  while (!shared->done || nowSec() < startSec + LEAST_SEC) {
    runRequestsUntil(requests, nowSec() + 0.002);
    checkChild(child, shared);
    if (nowSec() > giveUpAt) fail("%s does not end", options->op);
  }
  // Still keeping times: those that wait longest are answered now.
  drainRequests(requests);
  waitpid(child, NULL, 0);
  Report report = {.start = shared->start, .end = shared->end, .latencies = requestLatencies(requests)};
  report.published = report.delivered = answeredRequests(requests);
  return report;
}
