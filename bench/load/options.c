// The command line: `load MODE key=value …`. Modes are in main.c, what the keys mean in load.h.

#include "load.h"
#include <stdlib.h>
#include <string.h>

typedef enum { NUMBER, SIZE, REAL, FLAG, TEXT } Kind;

typedef struct Key {
  const char *name;
  Kind kind;
  size_t offset;
} Key;

#define KEY(name, kind, field) {name, kind, offsetof(Options, field)}

static const Key keys[] = {
    KEY("port", NUMBER, port),         KEY("pid", NUMBER, pid),           KEY("pubs", NUMBER, pubs),
    KEY("subs", NUMBER, subs),         KEY("inflight", NUMBER, inflight), KEY("size", SIZE, size),
    KEY("header", SIZE, headerSize),   KEY("subjects", SIZE, subjects),   KEY("write", SIZE, writeBytes),
    KEY("lead", SIZE, leadBytes),      KEY("count", SIZE, count),         KEY("warm", REAL, warmSec),
    KEY("seconds", REAL, seconds),     KEY("limit", REAL, limitSec),      KEY("pace", REAL, paceUs),
    KEY("queue", FLAG, queue),         KEY("tls", FLAG, tls),             KEY("websocket", FLAG, websocket),
    KEY("pub-user", TEXT, pubUser),    KEY("sub-user", TEXT, subUser),    KEY("flood", TEXT, flood),
    KEY("storage", TEXT, storage),     KEY("op", TEXT, op),               KEY("monitor", NUMBER, monitorPort),
    KEY("streams", NUMBER, streams),   KEY("settle", REAL, settleSec),
    KEY("batch", NUMBER, batch),       KEY("bucket", FLAG, bucket),       KEY("plain-sub", FLAG, plainSub),
    KEY("sids", FLAG, sids),
    KEY("ids", FLAG, ids),             KEY("filled", FLAG, filled),       KEY("filter", FLAG, filter),
};

static void setKey(Options *options, const Key *key, const char *value) {
  void *field = (char *)options + key->offset;
  switch (key->kind) {
  case NUMBER: *(int *)field = atoi(value); break;
  case SIZE: *(size_t *)field = strtoull(value, NULL, 10); break;
  case REAL: *(double *)field = atof(value); break;
  case FLAG: *(bool *)field = strcmp(value, "0") != 0 && strcmp(value, "false") != 0; break;
  case TEXT: *(const char **)field = value; break;
  }
}

Options readOptions(int argc, char **argv) {
  if (argc < 2) fail("usage: load MODE key=value …");
  Options options = {
      .mode = argv[1], .flood = "fan", .port = 4222, .pubs = 1, .subs = 1, .inflight = 1, .size = 16, .subjects = 1,
      .streams = 1, .storage = "file", .op = "seq", .settleSec = 2, .batch = 500,
      .writeBytes = 32768, .leadBytes = 4 << 20, .count = 1000, .warmSec = 0.7, .seconds = 2.5, .limitSec = 60,
  };
  for (int i = 2; i < argc; i++) {
    const char *equals = strchr(argv[i], '=');
    if (!equals) fail("%s is not key=value", argv[i]);
    size_t length = equals - argv[i];
    const Key *found = NULL;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
      if (strlen(keys[k].name) == length && !memcmp(keys[k].name, argv[i], length)) found = &keys[k];
    if (!found) fail("unknown key in %s", argv[i]);
    setKey(&options, found, equals + 1);
  }
  return options;
}
