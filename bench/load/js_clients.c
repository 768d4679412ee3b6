// Clients that publish to one stream at once, each on a connection of its own and waiting for its acknowledgements.
//
// They number their messages and take the subjects in turn together. Who of them gets which sequence is the server's
// choice: each one's must rise, and all of them together are those from 1 to the stream's last.

#include "jetstream.h"

typedef struct Client {
  JetStream *js;
  uint64_t last; // sequence
} Client;

typedef struct Clients {
  const Options *options;
  Client *all;
  uint64_t messages, stored, sum; // sum: of all sequences
} Clients;

static Clients clients;

static bool onPubAck(JetStream *js, const Frame *frame, uint64_t *about) {
  Client *client = &clients.all[js->id];
  uint64_t seq;
  if (takePubAck(frame, &seq) != 0 || seq <= client->last)
    fail("message %lu was acknowledged with %.*s", *about, (int)frame->size, frame->payload);
  client->last = seq;
  clients.sum += seq;
  clients.stored++;
  return true;
}

static void openClients(const Options *options) {
  clients = (Clients){.options = options, .all = allocate(sizeof(Client) * options->pubs)};
  for (int i = 0; i < options->pubs; i++) {
    JetStream *js = clients.all[i].js = openJetStream(options);
    if (js->id != i) fail("the clients are the first to connect");
    if (i == 0) createStreams(js, "");
    else makeTemplates(js);
    js->onAnswer = onPubAck;
  }
}

static void publishUntil(double atSec) {
  for (double now; (now = nowSec()) < atSec;) {
    for (int i = 0; i < clients.options->pubs; i++) {
      JetStream *js = clients.all[i].js;
      while (mayAsk(js)) queueOut(&js->conn, nextMessage(js, clients.messages++, now), js->templateBytes);
      flushOut(&js->conn);
    }
    jetStreamTurn(clients.all[0].js, 100);
  }
}

static void record(bool on) {
  for (int i = 0; i < clients.options->pubs; i++) clients.all[i].js->recording = on;
}

Report runJetStreamClients(const Options *options) {
  if (options->streams != 1) fail("clients publish to one stream");
  openClients(options);
  Report report = {0};
  publishUntil(nowSec() + options->warmSec);
  record(true);
  report.start = takeSample(options, clients.stored);
  publishUntil(nowSec() + options->seconds);
  report.end = takeSample(options, clients.stored);
  record(false);
  for (int i = 0; i < options->pubs; i++) {
    JetStream *js = clients.all[i].js;
    awaitAnswers(js);
    for (size_t n = 0; n < js->latencies.count; n++) addLatency(&report.latencies, js->latencies.nanos[n] * 1e-9);
  }
  if (clients.stored != clients.messages || clients.sum != clients.stored * (clients.stored + 1) / 2)
    fail("%lu messages have sequences that add up to %lu", clients.stored, clients.sum);
  uint64_t last = numberOf(callApi(clients.all[0].js, "STREAM.INFO.LOAD000", ""), "last_seq");
  if (last != clients.stored) fail("%lu messages were acknowledged and the last one is %lu", clients.stored, last);
  report.published = clients.messages;
  report.delivered = clients.stored;
  return report;
}
