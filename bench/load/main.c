// load MODE key=value …: puts load on a NATS server and prints one line of JSON.
//
//   pub    publishers without subscribers           fan    publishers to subscribers (queue=1: one queue group)
//   nn     pairs, each with a subject of its own    rr     requests and unique replies
//   quiet  requests while `flood=` goes on          idle   memory of connections, or of subscriptions (subs=2)
//   jspub  publishes with acknowledgements          jsget  direct gets (op=seq, op=last, op=batch); pubs=: clients
//   jsfill  a stream for a later run (filled=1)
//   jsmem  memory of stored messages                jsquiet  requests while the server carries out `op=`
//   jsconsume  consumers (op=ordered, push, noack, explicit, fetch)

#include "load.h"
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

typedef struct Mode {
  const char *name;
  Report (*run)(const Options *options);
} Mode;

static const Mode modes[] = {
    {"pub", runFlow}, {"fan", runFlow}, {"nn", runFlow}, {"rr", runRequests}, {"quiet", runQuiet}, {"idle", runIdle},
    {"jspub", runJetStreamPublish}, {"jsget", runJetStreamGet}, {"jsmem", runJetStreamMemory},
    {"jsfill", runJetStreamFill},
    {"jsquiet", runJetStreamQuiet}, {"jsconsume", runJetStreamConsume},
};

int main(int argc, char **argv) {
  Options options = readOptions(argc, argv);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  errno = 0;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(modes[i].name, options.mode)) continue;
    Report report = modes[i].run(&options);
    printReport(&options, &report);
    return 0;
  }
  fail("unknown mode %s", options.mode);
}
