// The quiet connection: requests at a steady pace while another process floods the server.

#include "load.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t startFlood(const Options *options) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child > 0) return child;
  Options flood = *options;
  flood.mode = options->flood;
  flood.warmSec = 0;
  flood.seconds = 3600;
  runFlow(&flood);
  exit(0);
}

Report runQuiet(const Options *options) {
  volatile uint64_t *flooded = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (flooded == MAP_FAILED) fail("mmap");
  flowProgress = flooded;
  pid_t child = startFlood(options);
  double giveUpAt = nowSec() + 15;
  while (*flooded == 0 && nowSec() < giveUpAt) usleep(10000);
  Options quiet = *options;
  // Requests leave at a steady pace whether or not earlier ones were answered: a slow answer delays no question.
  quiet.pubs = quiet.subs = 1;
  quiet.inflight = 4096;
  quiet.helperPid = child;
  if (quiet.paceUs == 0) quiet.paceUs = 2000;
  Requests *requests = openRequests(&quiet);
  runRequestsUntil(requests, nowSec() + options->warmSec);
  Report report = {0};
  recordRequests(requests, true);
  report.start = takeSample(&quiet, *flooded);
  runRequestsUntil(requests, nowSec() + options->seconds);
  report.end = takeSample(&quiet, *flooded);
  recordRequests(requests, false);
  errno = 0;
  if (waitpid(child, NULL, WNOHANG) != 0) fail("the flood ended early");
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  drainRequests(requests);
  report.published = report.delivered = answeredRequests(requests);
  report.latencies = requestLatencies(requests);
  return report;
}
