// TLS for the load generator, with OpenSSL. Built without it, a run that asks for TLS fails with a sentence.

#include "load.h"
#include <errno.h>

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

void *tlsConnect(int fd) {
  static SSL_CTX *context;
  if (!context) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 1 << 17);
  }
  SSL *tls = SSL_new(context);
  SSL_set_fd(tls, fd);
  if (SSL_connect(tls) != 1) fail("TLS handshake: %s", ERR_error_string(ERR_get_error(), NULL));
  return tls;
}

/** Turns what OpenSSL says into what a socket would say. */
static ssize_t outcome(SSL *tls, int result) {
  if (result > 0) return result;
  int error = SSL_get_error(tls, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    errno = EAGAIN;
    return -1;
  }
  return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

/** Reads until the buffer is full or nothing is left: what OpenSSL holds back would not wake epoll. */
ssize_t tlsRead(void *tls, char *into, size_t capacity) {
  size_t total = 0;
  while (total < capacity) {
    errno = 0;
    ssize_t length = outcome(tls, SSL_read(tls, into + total, (int)(capacity - total)));
    if (length <= 0) return total ? (ssize_t)total : length;
    total += length;
    if (SSL_has_pending(tls) == 0) break;
  }
  return (ssize_t)total;
}

ssize_t tlsWrite(void *tls, const char *data, size_t length) {
  errno = 0;
  return outcome(tls, SSL_write(tls, data, (int)length));
}

#else

void *tlsConnect(int fd) {
  (void)fd;
  errno = 0;
  fail("built without OpenSSL: install its headers (libssl-dev) for the TLS rows");
}
ssize_t tlsRead(void *tls, char *into, size_t capacity) {
  (void)tls, (void)into, (void)capacity;
  return -1;
}
ssize_t tlsWrite(void *tls, const char *data, size_t length) {
  (void)tls, (void)data, (void)length;
  return -1;
}
#endif
