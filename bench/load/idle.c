// What a connection, or a subscription, costs the server in memory while nothing happens.

#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/** The first ones warm the server up and are not counted. */
enum { FIRST = 200, SETTLE_SEC = 2 };

static void openIdle(const Options *options, Conn *conns, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) openConn(&conns[i], options, (int)i, NULL);
}

static void subscribeIdle(Conn *conn, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    char line[80];
    int length = snprintf(line, sizeof line, "SUB idle.%07zu.events %zu\r\n", i, i + 1);
    tellLater(conn, line, length);
  }
  settle(conn);
}

Report runIdle(const Options *options) {
  bool subscriptions = options->subs > 1;
  size_t count = options->count;
  Conn *conns = allocate(sizeof(Conn) * (count + FIRST));
  Report report = {.idle = count};
  if (subscriptions) openConn(&conns[0], options, 0, NULL);
  if (subscriptions) subscribeIdle(&conns[0], 0, FIRST);
  else openIdle(options, conns, 0, FIRST);
  sleep(SETTLE_SEC);
  long before = serverMemoryKb(options->pid, "VmRSS");
  report.start = takeSample(options, 0);
  if (subscriptions) subscribeIdle(&conns[0], FIRST, FIRST + count);
  else openIdle(options, conns, FIRST, FIRST + count);
  report.end = takeSample(options, count);
  sleep(SETTLE_SEC);
  report.idleKb = serverMemoryKb(options->pid, "VmRSS") - before;
  for (size_t i = 0; i < (subscriptions ? 1 : count + FIRST); i++) settle(&conns[i]); // they are all still there
  report.delivered = count;
  return report;
}
