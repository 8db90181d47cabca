#define _GNU_SOURCE
#include "revoke/http.h"

#include "base/memory.h"
#include "revoke/transfer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void http_outcome_release(struct http_outcome *outcome)
{
	buffer_wipe(&outcome->body); /* a provider may have echoed the credential */
	free(outcome->detail);
	outcome->detail = NULL;
}

/* The environment's word for where certificates are, as curl(1) reads it. Empty is not set. */
static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int find_certificates(struct http *http, const char *ca_file, struct error *error)
{
	static const char *const names[] = { "CURL_CA_BUNDLE", "SSL_CERT_FILE" };

	http->ca_file = ca_file;
	if (ca_file && access(ca_file, R_OK) < 0)
		return error_set_errno(error, "cannot read the certificates in '%s'", ca_file);
	for (size_t i = 0; !http->ca_file && i < sizeof(names) / sizeof(names[0]); i++) {
		http->ca_file = environment(names[i]);
		if (http->ca_file && access(http->ca_file, R_OK) < 0)
			return error_set_errno(error, "cannot read the certificates in '%s' (%s)", http->ca_file, names[i]);
	}
	if (!ca_file && !environment("CURL_CA_BUNDLE"))
		http->ca_folder = environment("SSL_CERT_DIR");
	if (http->ca_folder && access(http->ca_folder, R_OK | X_OK) < 0)
		return error_set_errno(error, "cannot read the certificates in '%s' (SSL_CERT_DIR)", http->ca_folder);
	return 0;
}

int http_open(struct http **opened, const char *ca_file, unsigned concurrency, struct error *error)
{
	const struct curl_library *curl = curl_library_load(error);
	struct http *http;

	*opened = NULL;
	assert(concurrency > 0);
	if (!curl)
		return ERROR_UNSUPPORTED;
	http = memory_allocate_zeroed(1, sizeof(*http));
	if (find_certificates(http, ca_file, error) < 0) {
		free(http);
		return ERROR_IO;
	}
	http->curl = curl;
	http->concurrency = concurrency;
	http->body_kept = HTTP_BODY_KEPT;
	http->transfers = memory_allocate_zeroed(concurrency, sizeof(*http->transfers));
	http->multi = curl->multi_init();
	if (!http->multi || curl->multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)concurrency) != CURLM_OK ||
	    curl->multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) != CURLM_OK) {
		http_close(http);
		return error_set(error, ERROR_UNSUPPORTED, "cannot set up libcurl");
	}
	*opened = http;
	return 0;
}

void http_keep_bodies(struct http *http, size_t size)
{
	assert(size <= HTTP_BODY_MAX);
	http->body_kept = size;
}

bool http_has_room(const struct http *http)
{
	return http->under_way < http->concurrency;
}

int http_start(struct http *http, struct request *request, size_t owner, int64_t timeout_ms, struct error *error)
{
	struct transfer *transfer = http->transfers;

	assert(http_has_room(http) && (request->https || request->loopback));
	while (transfer->under_way)
		transfer++;
	transfer->curl = http->curl;
	transfer->request = *request;
	*request = (struct request){ 0 };
	transfer->owner = owner;
	transfer->body_kept = http->body_kept;
	if (!transfer->easy)
		transfer->easy = http->curl->easy_init();
	if (!transfer->easy) {
		transfer_clear(transfer);
		return error_set(error, ERROR_UNSUPPORTED, "libcurl has no memory for a request");
	}
	transfer_set_up(transfer, http, timeout_ms);
	if (transfer->setup == CURLE_OK && http->curl->multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
		transfer->setup = CURLE_FAILED_INIT;
	if (transfer->setup != CURLE_OK) {
		const char *why = http->curl->easy_strerror(transfer->setup);

		transfer_clear(transfer);
		return error_set(error, ERROR_UNSUPPORTED, "libcurl refuses the request: %s", why);
	}
	transfer->under_way = true;
	http->under_way++;
	return 0;
}

int http_advance(struct http *http, int wait_ms, struct error *error)
{
	CURLMcode code = http->curl->multi_poll(http->multi, NULL, 0, wait_ms, NULL);
	int running;

	if (code == CURLM_OK)
		code = http->curl->multi_perform(http->multi, &running);
	if (code != CURLM_OK)
		return error_set(error, ERROR_NETWORK, "libcurl failed: %s", http->curl->multi_strerror(code));
	return 0;
}

static enum http_result result_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_ANSWERED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_UNTRUSTED; /* another try would end the same way */
	default:
		return HTTP_BROKEN;
	}
}

/* Why no answer came. libcurl would quote a proxy's URL whole, with its password. */
static const char *failure_of(const struct transfer *transfer, const char *otherwise)
{
	if (transfer->repeated)
		return "the connection was closed before an answer came";
	if (strstr(transfer->error_text, "nsupported proxy"))
		return "the proxy that the environment names cannot be used: its scheme or spelling is not supported";
	return transfer->error_text[0] ? transfer->error_text : otherwise;
}

/* Take the transfer off libcurl, fill the outcome and make room for the next. */
static void transfer_finish(struct http *http, struct transfer *transfer, enum http_result result,
			    const char *detail, struct http_outcome *outcome)
{
	long request_size = 0;

	http->curl->easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_size);
	http->curl->multi_remove_handle(http->multi, transfer->easy);
	*outcome = (struct http_outcome){ .owner = transfer->owner, .result = result, .sent = request_size > 0 };
	if (transfer->answered) {
		outcome->result = HTTP_ANSWERED;
		outcome->status = transfer->status;
		outcome->whole = result == HTTP_ANSWERED && transfer->body_size == transfer->body.length;
	} else if (result == HTTP_ANSWERED) {
		/* to libcurl, headers that break off and an interim answer with nothing after it are a good end */
		outcome->result = HTTP_BROKEN;
		detail = "the answer broke off";
	}
	if (outcome->result == HTTP_ANSWERED) {
		memcpy(outcome->retry_after, transfer->retry_after, sizeof(outcome->retry_after));
		outcome->body = transfer->body;
		transfer->body = (struct buffer)BUFFER_INIT;
	} else {
		outcome->detail = memory_copy_string(failure_of(transfer, detail));
	}
	transfer_clear(transfer);
	http->under_way--;
}

bool http_collect(struct http *http, struct http_outcome *outcome)
{
	CURLMsg *message;
	int left;

	while ((message = http->curl->multi_info_read(http->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		char *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		http->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		assert(transfer);
		transfer_finish(http, (struct transfer *)(void *)transfer, result_of(code),
				http->curl->easy_strerror(code), outcome);
		return true;
	}
	return false;
}

bool http_abandon(struct http *http, struct http_outcome *outcome)
{
	for (size_t i = 0; i < http->concurrency; i++) {
		if (http->transfers[i].under_way) {
			transfer_finish(http, &http->transfers[i], HTTP_UNFINISHED, "broken off", outcome);
			return true;
		}
	}
	return false;
}

void http_close(struct http *http)
{
	struct http_outcome outcome;

	if (!http)
		return;
	while (http_abandon(http, &outcome))
		http_outcome_release(&outcome);
	for (size_t i = 0; i < http->concurrency; i++) {
		if (http->transfers[i].easy)
			http->curl->easy_cleanup(http->transfers[i].easy);
	}
	if (http->multi)
		http->curl->multi_cleanup(http->multi);
	free(http->transfers);
	free(http);
}
