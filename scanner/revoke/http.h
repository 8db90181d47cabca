/*
 * HTTP requests, several at once, over libcurl's multi interface. Knows nothing of rules and retries.
 *
 * https with certificates verified, TLS 1.2 or later, HTTP/2 where offered; plain http only for requests that say
 * so, which request.h grants to loopback addresses alone. No redirects, no cookies, no netrc; a proxy from the
 * environment, never for a loopback address. One thread.
 */
#ifndef STAUNCH_REVOKE_HTTP_H
#define STAUNCH_REVOKE_HTTP_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;
struct request;

#define HTTP_CONNECT_TIMEOUT_MS 10000
#define HTTP_BODY_KEPT ((size_t)64 << 10) /* of an answer's body, unless http_keep_bodies() says otherwise */
#define HTTP_BODY_MAX ((size_t)1 << 20)   /* beyond it the transfer is broken off; the status counts */
#define HTTP_HEADERS_MAX ((size_t)64 << 10)

enum http_result {
	HTTP_ANSWERED,   /* status and headers arrived, whatever became of the body */
	HTTP_BROKEN,     /* no connection, none that lasted, no answer in time, or one that is not HTTP */
	HTTP_UNTRUSTED,  /* the server's certificate does not hold, or the trusted ones cannot be read */
	HTTP_UNFINISHED, /* taken off by http_abandon() before an answer came */
};

struct http_outcome {
	size_t owner; /* as given to http_start() */
	enum http_result result;
	bool sent;            /* bytes of the request left this machine */
	unsigned status;      /* HTTP_ANSWERED: the status code */
	char retry_after[64]; /* HTTP_ANSWERED: the header's value, "" when there was none or too long a one */
	struct buffer body;   /* HTTP_ANSWERED: its first HTTP_BODY_KEPT bytes; none of a request that discards them */
	bool whole;           /* HTTP_ANSWERED: that is all of it */
	char *detail;         /* not HTTP_ANSWERED: libcurl's words for it; may quote the URL, never a proxy's password */
};
void http_outcome_release(struct http_outcome *outcome);

/*
 * Load libcurl and get ready for at most concurrency requests at once. ca_file: PEM file of the certificates to
 * trust, borrowed for the life of *http; NULL: those that CURL_CA_BUNDLE or SSL_CERT_FILE and SSL_CERT_DIR name in the
 * environment, or the system's. Returns 0, ERROR_UNSUPPORTED without libcurl, ERROR_IO when they cannot be read.
 */
int http_open(struct http **http, const char *ca_file, unsigned concurrency, struct error *error);
void http_close(struct http *http); /* breaks off what is under way; NULL is allowed */

/* Keep up to size bytes of each body, at most HTTP_BODY_MAX. Before the first http_start(). */
void http_keep_bodies(struct http *http, size_t size);

/* Whether one more request may be started. */
bool http_has_room(const struct http *http);

/*
 * Start a request, which is taken over (*request is empty afterwards, also on failure). It is given timeout_ms to
 * finish, and sent once at most. Returns 0, or ERROR_UNSUPPORTED when the installed libcurl cannot do what is asked of it.
 */
int http_start(struct http *http, struct request *request, size_t owner, int64_t timeout_ms, struct error *error);

/*
 * Let transfers go on, waiting at most wait_ms for something to happen. Returns 0, or ERROR_NETWORK when libcurl
 * itself fails.
 */
int http_advance(struct http *http, int wait_ms, struct error *error);

/* Take out a transfer that has ended. False: there is none. The caller releases *outcome. */
bool http_collect(struct http *http, struct http_outcome *outcome);

/* Take out a transfer that is under way, with what is known of it so far. False: there is none. */
bool http_abandon(struct http *http, struct http_outcome *outcome);

#endif
