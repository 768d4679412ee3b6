// One connection: dialling, the words before the load, reading and writing over TCP, TLS or WebSocket, epoll.

#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int epollFd(void) {
  static int fd = -1;
  static pid_t owner;
  if (owner != getpid()) {
    fd = epoll_create1(0);
    owner = getpid();
  }
  return fd;
}

void append(Bytes *bytes, const void *data, size_t length) {
  if (bytes->length + length > bytes->capacity) {
    while (bytes->length + length > bytes->capacity) bytes->capacity = bytes->capacity ? bytes->capacity * 2 : 4096;
    bytes->at = realloc(bytes->at, bytes->capacity);
    if (!bytes->at) fail("out of memory");
  }
  memcpy(bytes->at + bytes->length, data, length);
  bytes->length += length;
}

// --- before the load: blocking --------------------------------------------------------------------------------

static int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (void *)&address, sizeof address)) fail("connect to port %d", port);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct timeval limit = {15, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return fd;
}

/** Reads INFO byte by byte, so that not one byte of a TLS handshake is taken. */
static void readInfo(Conn *conn) {
  char byte;
  size_t length = 0;
  char start[6] = "";
  do {
    if (conn->tls ? tlsRead(conn->tls, &byte, 1) != 1 : recv(conn->fd, &byte, 1, 0) != 1) fail("no INFO");
    if (length < 5) start[length] = byte;
    length++;
  } while (byte != '\n');
  if (memcmp(start, "INFO ", 5)) fail("expected INFO, got %s", start);
}

void settle(Conn *conn) {
  char buffer[1 << 16];
  int before = conn->pongs;
  double giveUpAt = nowSec() + 15;
  queueOut(conn, "PING\r\n", 6);
  while (conn->pongs == before) {
    flushOut(conn);
    size_t length = readConn(conn, buffer, sizeof buffer);
    readLines(conn, buffer, length);
    if (nowSec() > giveUpAt) fail("no PONG from the server");
  }
}

void openConn(Conn *conn, const Options *options, int id, const char *user) {
  conn->id = id;
  conn->fd = dial(options->port);
  char login[300] = "", line[800];
  if (user) {
    const char *colon = strchr(user, ':');
    if (!colon) fail("a user is name:password");
    snprintf(login, sizeof login, ",\"user\":\"%.*s\",\"pass\":\"%s\"", (int)(colon - user), user, colon + 1);
  }
  const char *headers = options->plainSub && user && user == options->subUser ? "false" : "true";
  int length = snprintf(line, sizeof line,
                        "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":%s,\"lang\":\"c\",\"version\":"
                        "\"1.0\",\"protocol\":1,\"headers\":%s,\"no_responders\":%s,\"name\":\"load-%d\"%s}\r\n",
                        options->tls ? "true" : "false", headers, headers, id, login);
  if (options->websocket) {
    conn->websocket = true;
    websocketConnect(conn, options->port);
  } else {
    readInfo(conn);
    if (options->tls) conn->tls = tlsConnect(conn->fd);
  }
  queueOut(conn, line, length);
  settle(conn);
}

void tell(Conn *conn, const char *format, ...) {
  char line[1000];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  queueOut(conn, line, length);
  settle(conn);
}

void tellLater(Conn *conn, const void *data, size_t length) {
  queueOut(conn, data, length);
  if (conn->out.length > READ_BYTES) flushOut(conn);
}

// --- during the load: epoll -----------------------------------------------------------------------------------

static void setEvents(Conn *conn, int operation) {
  struct epoll_event event = {.events = EPOLLIN | (conn->blocked ? EPOLLOUT : 0), .data.ptr = conn};
  if (epoll_ctl(epollFd(), operation, conn->fd, &event)) fail("epoll_ctl");
}

void watch(Conn *conn) {
  fcntl(conn->fd, F_SETFL, O_NONBLOCK);
  setEvents(conn, EPOLL_CTL_ADD);
}

void unwatch(Conn *conn) {
  epoll_ctl(epollFd(), EPOLL_CTL_DEL, conn->fd, NULL);
  fcntl(conn->fd, F_SETFL, 0);
}

int waitEvents(Conn **ready, int max, int timeoutMs) {
  struct epoll_event events[256];
  int count = epoll_wait(epollFd(), events, max < 256 ? max : 256, timeoutMs);
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  for (int i = 0; i < count; i++) {
    ready[i] = events[i].data.ptr;
    if (!(events[i].events & EPOLLOUT)) continue;
    ready[i]->blocked = false;
    setEvents(ready[i], EPOLL_CTL_MOD);
  }
  return count < 0 ? 0 : count;
}

// --- bytes ----------------------------------------------------------------------------------------------------

size_t readRaw(Conn *conn, char *into, size_t capacity) {
  ssize_t length = conn->tls ? tlsRead(conn->tls, into, capacity) : recv(conn->fd, into, capacity, 0);
  if (length > 0) return length;
  if (length == 0) fail("the server closed connection %d", conn->id);
  if (errno != EAGAIN && errno != EINTR) fail("read on connection %d", conn->id);
  return 0;
}

size_t readConn(Conn *conn, char *into, size_t capacity) {
  return conn->websocket ? websocketRead(conn, into, capacity) : readRaw(conn, into, capacity);
}

size_t writeConn(Conn *conn, const char *data, size_t length) {
  if (conn->blocked) return 0;
  ssize_t sent = conn->tls ? tlsWrite(conn->tls, data, length) : send(conn->fd, data, length, MSG_NOSIGNAL);
  if (sent > 0) return sent;
  if (errno != EAGAIN && errno != EINTR) fail("write on connection %d", conn->id);
  conn->blocked = true;
  setEvents(conn, EPOLL_CTL_MOD);
  return 0;
}

void queueOut(Conn *conn, const void *data, size_t length) {
  if (conn->websocket) websocketFrame(&conn->out, data, length);
  else append(&conn->out, data, length);
}

bool flushOut(Conn *conn) {
  if (conn->inCut) return false;
  while (conn->outSent < conn->out.length) {
    size_t sent = writeConn(conn, conn->out.at + conn->outSent, conn->out.length - conn->outSent);
    if (!sent) return false;
    conn->outSent += sent;
  }
  conn->out.length = conn->outSent = 0;
  return true;
}

void onControlLine(Conn *conn, const char *line, size_t length) {
  if (length >= 4 && !memcmp(line, "PING", 4)) {
    queueOut(conn, "PONG\r\n", 6);
    flushOut(conn);
  } else if (length >= 4 && !memcmp(line, "PONG", 4)) conn->pongs++;
  else if (!(length >= 4 && !memcmp(line, "INFO", 4)) && !(length >= 3 && !memcmp(line, "+OK", 3)))
    fail("connection %d got: %.*s", conn->id, (int)(length > 200 ? 200 : length), line);
}

void readLines(Conn *conn, const char *data, size_t length) {
  while (length) {
    const char *newline = memchr(data, '\n', length);
    size_t take = newline ? (size_t)(newline - data) + 1 : length;
    if (conn->lineLength + take > sizeof conn->line) fail("connection %d got a line that is too long", conn->id);
    memcpy(conn->line + conn->lineLength, data, take);
    conn->lineLength += take;
    data += take;
    length -= take;
    if (!newline) return;
    size_t whole = conn->lineLength;
    conn->lineLength = 0;
    onControlLine(conn, conn->line, whole);
  }
}
