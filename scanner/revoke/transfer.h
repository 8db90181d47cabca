/*
 * One request on its way over libcurl: where it may go and whom it trusts, what is sent, and what is read of the answer. Private to
 * revoke/http.c and transfer.c. One thread.
 */
#ifndef STAUNCH_REVOKE_TRANSFER_H
#define STAUNCH_REVOKE_TRANSFER_H

#include "revoke/curl_library.h"
#include "revoke/http.h"
#include "revoke/request.h"

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

/* Set all options for transfer->request. The first one that libcurl refuses is in transfer->setup. */
void transfer_set_up(struct transfer *transfer, const struct http *http, int64_t timeout_ms);

/* Ready for the next request; the easy handle stays. */
void transfer_clear(struct transfer *transfer);

#endif
