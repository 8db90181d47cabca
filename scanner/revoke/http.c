#define _GNU_SOURCE
#include "revoke/http.h"

#include "base/memory.h"
#include "revoke/curl_library.h"
#include "revoke/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct transfer {
	const struct curl_library *curl;
	CURL *easy; /* owned; kept for later requests. NULL until the first */
	bool under_way;
	CURLcode setup; /* the first option that was refused, while setting up */
	size_t owner;
	struct request request;         /* owned while under way */
	struct curl_slist *header_list; /* owned: one array; the texts are the request's */
	char error_text[CURL_ERROR_SIZE];
	unsigned status; /* of the header block being read or last read */
	bool answered;   /* the headers of a final answer have arrived whole */
	bool begun, repeated; /* libcurl has begun to send the request; wanted to do so once more */
	size_t header_size, body_size, body_kept;
	char retry_after[sizeof(((struct http_outcome *)0)->retry_after)];
	struct buffer body;
};

struct http {
	const struct curl_library *curl;
	CURLM *multi; /* owned */
	const char *ca_file, *ca_folder; /* borrowed; both NULL: the system's */
	struct transfer *transfers; /* owned: concurrency of them */
	size_t concurrency, under_way;
	size_t body_kept;
};

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

/* The status code of "HTTP/1.1 200 OK", or of "HTTP/2 200". libcurl has checked the line. */
static unsigned read_status(const char *line, size_t length)
{
	const char *end = line + length, *at = memchr(line, ' ', length);
	unsigned status = 0;

	for (at = at ? at + 1 : end; at < end && *at >= '0' && *at <= '9'; at++)
		status = status * 10 % 1000 + (unsigned)(*at - '0');
	return status;
}

/* Status line and headers of each block: an answer, or the 1xx before it (RFC 9110, 15.2). */
static size_t read_header(char *bytes, size_t size, size_t count, void *context)
{
	static const char retry_after[] = "Retry-After:";
	struct transfer *transfer = context;
	size_t length = size * count, skip = strlen(retry_after);

	transfer->header_size += length;
	if (transfer->header_size > HTTP_HEADERS_MAX)
		return 0;
	if (transfer->answered || !length)
		return length; /* trailers */
	if (length > 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		transfer->status = read_status(bytes, length);
		transfer->retry_after[0] = '\0';
	} else if (length > skip && strncasecmp(bytes, retry_after, skip) == 0) {
		while (skip < length && (bytes[skip] == ' ' || bytes[skip] == '\t'))
			skip++;
		while (length > skip && strchr("\r\n \t", bytes[length - 1]))
			length--;
		if (length - skip < sizeof(transfer->retry_after) && !memchr(bytes + skip, '\0', length - skip)) {
			memcpy(transfer->retry_after, bytes + skip, length - skip);
			transfer->retry_after[length - skip] = '\0';
		}
	} else if (bytes[0] == '\r' || bytes[0] == '\n') {
		transfer->answered = transfer->status >= 200;
	}
	return size * count;
}

static size_t read_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t length = size * count, room = transfer->body_kept - transfer->body.length;

	transfer->body_size += length;
	if (transfer->body_size > HTTP_BODY_MAX)
		return 0;
	if (transfer->request.discard_answer)
		return length;
	/* it is wiped later, and growing would leave copies */
	if (!transfer->body.bytes)
		buffer_reserve(&transfer->body, transfer->body_kept);
	buffer_add(&transfer->body, bytes, length < room ? length : room);
	return length;
}

static void set_long(struct transfer *transfer, CURLoption option, long value)
{
	if (transfer->setup == CURLE_OK)
		transfer->setup = transfer->curl->easy_setopt(transfer->easy, option, value);
}

static void set_pointer(struct transfer *transfer, CURLoption option, const void *value)
{
	if (transfer->setup == CURLE_OK)
		transfer->setup = transfer->curl->easy_setopt(transfer->easy, option, value);
}

static void set_callback(struct transfer *transfer, CURLoption option, curl_write_callback callback)
{
	if (transfer->setup == CURLE_OK)
		transfer->setup = transfer->curl->easy_setopt(transfer->easy, option, callback);
}

/*
 * Called when a connection is there, before a request goes over it. libcurl sends a request once more by itself when a
 * connection that was used before dies without a word (curl 7.88: Curl_retry_request()), and HTTP/2 streams that were
 * refused: the provider would hear of a credential more often than we say. Once is enough; trying again is for retry.h.
 */
static int before_request(void *context, char *address, char *local_address, int port, int local_port)
{
	struct transfer *transfer = context;

	(void)address;
	(void)local_address;
	(void)port;
	(void)local_port;
	transfer->repeated = transfer->begun;
	transfer->begun = true;
	return transfer->repeated ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void set_once(struct transfer *transfer)
{
	if (transfer->setup == CURLE_OK)
		transfer->setup = transfer->curl->easy_setopt(transfer->easy, CURLOPT_PREREQFUNCTION, before_request);
	set_pointer(transfer, CURLOPT_PREREQDATA, transfer);
}

/*
 * Where the credential may go, and that nobody else reads it. Proxies come from the environment (libcurl reads
 * https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY, no_proxy and NO_PROXY by itself); https goes through one as through
 * a pipe.
 */
static void set_trust(struct transfer *transfer, const struct http *http)
{
	const struct request *request = &transfer->request;

	set_pointer(transfer, CURLOPT_PROTOCOLS_STR, request->https ? "https" : "http");
	set_long(transfer, CURLOPT_FOLLOWLOCATION, 0L);
	set_long(transfer, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	set_long(transfer, CURLOPT_HTTP09_ALLOWED, 0L);
	set_long(transfer, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	set_long(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
	set_long(transfer, CURLOPT_SSL_VERIFYHOST, 2L);
	if (http->ca_file || http->ca_folder) {
		/* both are set: what is left out would be the system's, trusted beside it */
		set_pointer(transfer, CURLOPT_CAINFO, http->ca_file);
		set_pointer(transfer, CURLOPT_CAPATH, http->ca_folder);
		set_pointer(transfer, CURLOPT_PROXY_CAINFO, http->ca_file);
		set_pointer(transfer, CURLOPT_PROXY_CAPATH, http->ca_folder);
	}
	set_long(transfer, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* a proxy gets none of the request's headers */
	if (request->loopback)
		set_pointer(transfer, CURLOPT_PROXY, ""); /* whatever the environment says */
}

/* "Expect: 100-continue" would cost a round trip, or a second with servers that do not know it. */
static void set_headers(struct transfer *transfer)
{
	static char no_expect[] = "Expect:";
	const struct request *request = &transfer->request;
	struct curl_slist *list = memory_allocate(sizeof(*list) * (request->header_count + 1));

	for (size_t i = 0; i < request->header_count; i++) {
		list[i].data = request->headers[i].bytes;
		list[i].next = &list[i + 1];
	}
	list[request->header_count].data = no_expect;
	list[request->header_count].next = NULL;
	transfer->header_list = list;
	set_pointer(transfer, CURLOPT_HTTPHEADER, list);
	set_pointer(transfer, CURLOPT_USERAGENT, "staunch/" STAUNCH_VERSION);
}

static void set_request(struct transfer *transfer)
{
	const struct request *request = &transfer->request;

	set_pointer(transfer, CURLOPT_URL, request->url.bytes);
	set_long(transfer, CURLOPT_PATH_AS_IS, 1L);
	if (request->has_body || strcmp(request->method, "POST") == 0) {
		set_long(transfer, CURLOPT_POST, 1L);
		set_long(transfer, CURLOPT_POSTFIELDSIZE, (long)request->body.length);
		set_pointer(transfer, CURLOPT_POSTFIELDS, request->has_body ? request->body.bytes : "");
	}
	set_pointer(transfer, CURLOPT_CUSTOMREQUEST, request->method);
	set_headers(transfer);
	/* a libcurl built without HTTP/2 refuses this, and goes on with HTTP/1.1 */
	transfer->curl->easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* wait for the first connection: it may turn out to carry all requests */
	set_long(transfer, CURLOPT_PIPEWAIT, request->https ? 1L : 0L);
}

static void set_reading(struct transfer *transfer, int64_t timeout_ms)
{
	set_callback(transfer, CURLOPT_HEADERFUNCTION, read_header);
	set_pointer(transfer, CURLOPT_HEADERDATA, transfer);
	set_callback(transfer, CURLOPT_WRITEFUNCTION, read_body);
	set_pointer(transfer, CURLOPT_WRITEDATA, transfer);
	set_long(transfer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's answer is not the provider's */
	set_pointer(transfer, CURLOPT_ERRORBUFFER, transfer->error_text);
	set_pointer(transfer, CURLOPT_PRIVATE, transfer);
	set_long(transfer, CURLOPT_NOSIGNAL, 1L);
	set_long(transfer, CURLOPT_QUICK_EXIT, 1L); /* time is up also while a name is still being looked up */
	set_long(transfer, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	set_long(transfer, CURLOPT_CONNECTTIMEOUT_MS,
		 (long)(timeout_ms < HTTP_CONNECT_TIMEOUT_MS ? timeout_ms : HTTP_CONNECT_TIMEOUT_MS));
}

/* Ready for the next request; the easy handle stays. */
static void transfer_clear(struct transfer *transfer)
{
	if (transfer->easy)
		transfer->curl->easy_reset(transfer->easy);
	request_wipe(&transfer->request);
	buffer_wipe(&transfer->body);
	free(transfer->header_list);
	*transfer = (struct transfer){ .curl = transfer->curl, .easy = transfer->easy };
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
	set_trust(transfer, http);
	set_once(transfer);
	set_request(transfer);
	set_reading(transfer, timeout_ms);
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
