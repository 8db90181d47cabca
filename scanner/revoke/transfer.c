#define _GNU_SOURCE
#include "revoke/transfer.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

void transfer_set_up(struct transfer *transfer, const struct http *http, int64_t timeout_ms)
{
	set_trust(transfer, http);
	set_once(transfer);
	set_request(transfer);
	set_reading(transfer, timeout_ms);
}

void transfer_clear(struct transfer *transfer)
{
	if (transfer->easy)
		transfer->curl->easy_reset(transfer->easy);
	request_wipe(&transfer->request);
	buffer_wipe(&transfer->body);
	free(transfer->header_list);
	*transfer = (struct transfer){ .curl = transfer->curl, .easy = transfer->easy };
}
