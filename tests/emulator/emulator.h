/*
 * The emulator: a small HTTP server that stands in for the provider in tests (README.md has its routes and
 * faults).
 *
 * Each connection has its own thread (libmicrohttpd's), so an answer may take as long as a test wants. What the
 * threads share is behind one lock in each file that keeps something.
 */
#ifndef EMULATOR_H
#define EMULATOR_H

#include "base/buffer.h"
#include "base/secret.h"

#include <cjson/cJSON.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define REPORT_PATH "/external/compromised_secret"

/*
 * A request, read whole, and the answer to it. Strings are borrowed from libmicrohttpd but for what says
 * otherwise.
 */
struct exchange {
	struct MHD_Connection *connection;
	const char *method, *path;
	struct buffer body;
	unsigned status;
	char *answer; /* owned; NULL: an empty body */
	const char *location, *retry_after; /* headers; NULL: not sent */
};

/* provider.c: answer the request as the provider would, faults apart. */
void provider_answer(struct exchange *exchange);

/* others.c: answer a request to another provider's route. False: it is none. */
bool others_answer(struct exchange *exchange);

/* The fingerprints of the credentials that a request to such a route is about: an array, owned by the caller, or NULL. */
cJSON *others_fingerprints(const struct exchange *exchange, const cJSON *document);
void others_clear(void);

/* The key in a report's body, {"secret":{"api_key":"..."}}, or NULL. Borrowed from document. */
const char *provider_reported_key(const cJSON *document);

/* Fill an exchange with a status and {"error":{"code":...,"message":...}}. */
void exchange_error(struct exchange *exchange, unsigned status, const char *code, const char *message);

/* Fill an exchange with a status and a document, which is deleted. */
void exchange_json(struct exchange *exchange, unsigned status, cJSON *document);

/* The request's body as JSON, owned by the caller, or NULL. */
cJSON *exchange_parse(const struct exchange *exchange);

/* The token of "Authorization: Bearer TOKEN", or NULL. */
const char *exchange_bearer(const struct exchange *exchange);

/* control.c: the routes below /_control/. */
void control_answer(struct exchange *exchange);
bool control_is_route(const char *path);

/* requests.c: what was asked of the emulator. The list never holds a key, only its fingerprint. */
void requests_add(const struct exchange *exchange);
cJSON *requests_list(void);   /* owned by the caller */
cJSON *requests_counts(void); /* {"fingerprint": number of reports} */
void requests_clear(void);
void requests_done(void);     /* one that was added is answered */

/* What a test may set (control route "settings"); the defaults are in settings_clear(). */
struct settings {
	int page_size;          /* keys on one page of a list; 0: all */
	bool endless;           /* each page names a next one, and the last one itself */
	bool ignores_cursor;    /* each page is the first */
	int partial_length;     /* characters of partialKey */
	enum { REPORTED_MARKED, REPORTED_VANISHES, REPORTED_STAYS } reported; /* what becomes of a reported key in the list */
};
extern struct settings settings; /* changed between requests alone */
const char *settings_change(const cJSON *document); /* NULL, or what is wrong with it */
void settings_clear(void);

/* keys.c: the keys that the emulator made, and those it was told of. */
bool key_well_formed(const char *key);
void key_fingerprint(const char *key, char hex[SECRET_FINGERPRINT_SIZE]);
const char *key_wish_wrong(const cJSON *wish); /* NULL, or what the provider would not take */
cJSON *key_create(const char *team, const cJSON *wish); /* {"apiKeyString","apiKey"} */
void key_report(const char *key);
bool key_is_alive(const char *key); /* asked by the gateway: then it is in use */
cJSON *key_find(const char *team, const char *id);       /* NULL: the team has none */
bool key_delete(const char *id);
cJSON *key_list(const char *team, const char *purpose);  /* NULL: all */
void keys_clear(void);

/* faults.c: what is to go wrong with the next reports. */
/* Add the faults of an array to those that wait. NULL, or what is wrong with it; then none was added. */
const char *faults_add(const cJSON *array);
cJSON *faults_take(const struct exchange *exchange); /* the next one for this request, owned by the caller; NULL: none waits */
void faults_clear(void);

/* Answer the request in the way of a fault. MHD_NO ends the connection without another byte. */
enum MHD_Result fault_apply(const cJSON *fault, struct exchange *exchange);

/* emulator.c: send the answer that stands in the exchange. */
enum MHD_Result exchange_send(struct exchange *exchange);
enum MHD_Result exchange_send_response(struct exchange *exchange, struct MHD_Response *response);

#endif
