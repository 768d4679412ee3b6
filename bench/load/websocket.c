// WebSocket for the load generator: the upgrade, masked frames out, frames in. No compression, no fragments out.

#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

static const unsigned char MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

static void frame(Bytes *to, int opcode, const void *data, size_t length) {
  unsigned char head[14] = {0x80 | opcode};
  size_t used = 2;
  if (length < 126) head[1] = 0x80 | length;
  else if (length < 65536) {
    head[1] = 0x80 | 126;
    head[used++] = length >> 8;
    head[used++] = length & 255;
  } else {
    head[1] = 0x80 | 127;
    for (int shift = 56; shift >= 0; shift -= 8) head[used++] = (length >> shift) & 255;
  }
  memcpy(head + used, MASK, 4);
  append(to, head, used + 4);
  append(to, data, length);
  char *payload = to->at + to->length - length;
  for (size_t i = 0; i < length; i++) payload[i] ^= MASK[i & 3];
}

void websocketFrame(Bytes *to, const void *data, size_t length) { frame(to, BINARY, data, length); }

void websocketConnect(Conn *conn, int port) {
  char request[300];
  int length = snprintf(request, sizeof request,
                        "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        port);
  if (writeConn(conn, request, length) != (size_t)length) fail("upgrade");
  char answer[4096];
  size_t got = 0;
  char *end = NULL;
  while (!end) {
    if (got >= sizeof answer - 1) fail("the upgrade was not answered");
    got += readRaw(conn, answer + got, sizeof answer - 1 - got);
    answer[got] = 0;
    end = strstr(answer, "\r\n\r\n");
  }
  if (strncmp(answer, "HTTP/1.1 101", 12)) fail("the upgrade was refused: %.60s", answer);
  append(&conn->raw, end + 4, answer + got - (end + 4));
}

/** Length of the frame head at `at`, 0 when it is not complete. */
static size_t readHead(const unsigned char *at, size_t available, size_t *payload) {
  if (available < 2) return 0;
  size_t length = at[1] & 127, used = 2, extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (available < used + extra) return 0;
  if (extra) length = 0;
  for (size_t i = 0; i < extra; i++) length = length << 8 | at[used++];
  *payload = length;
  return used;
}

static void onControlFrame(Conn *conn, int opcode, const char *payload, size_t length) {
  if (opcode == CLOSE) fail("the server closed websocket %d", conn->id);
  if (opcode != PING) return;
  frame(&conn->out, PONG, payload, length);
  flushOut(conn);
}

/** Reads what there is and moves the payload of its frames to `into`; frames may be cut anywhere. */
size_t websocketRead(Conn *conn, char *into, size_t capacity) {
  Bytes *raw = &conn->raw;
  if (raw->capacity < capacity) raw->at = realloc(raw->at, raw->capacity = capacity);
  if (!raw->at) fail("out of memory");
  raw->length += readRaw(conn, raw->at + raw->length, capacity - raw->length);
  size_t at = 0, out = 0;
  while (at < raw->length) {
    if (conn->frameLeft) {
      size_t left = raw->length - at, take = left < conn->frameLeft ? left : conn->frameLeft;
      memcpy(into + out, raw->at + at, take);
      at += take;
      out += take;
      conn->frameLeft -= take;
      continue;
    }
    size_t payload, head = readHead((unsigned char *)raw->at + at, raw->length - at, &payload);
    int opcode = raw->at[at] & 15;
    if (!head || (opcode >= CLOSE && raw->length - at < head + payload)) break;
    at += head;
    if (opcode >= CLOSE) {
      onControlFrame(conn, opcode, raw->at + at, payload);
      at += payload;
    } else conn->frameLeft = payload;
  }
  memmove(raw->at, raw->at + at, raw->length - at);
  raw->length -= at;
  return out;
}
