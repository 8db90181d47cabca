/*
 * The provider's own API for a team's AI Gateway keys: /v1/api-keys (design section 7).
 *
 * What it documents is used, nothing else: the members of a key, the pages of a list, the error envelope
 * (vercel/sdk, docs/models/apikey.md, apikeyquota.md, createapikeysrequestbody.md; vercel/vercel,
 * packages/cli/src/util/ai-gateway/api-keys.ts). How the next page is asked for is documented for the provider's
 * lists in general, not for this one: `until` with the value of pagination.next. A server that does not heed it
 * is noticed, because a page without a new key ends in an error, never in a shorter list.
 *
 * GET and DELETE are tried again as revoke.h does it. POST is tried again only where the provider cannot have acted
 * on it (nothing was sent, or 429): otherwise two keys might be made. One thread; the caller ignores SIGPIPE.
 */
#ifndef STAUNCH_REVOKE_VERCEL_H
#define STAUNCH_REVOKE_VERCEL_H

#include "base/error.h"
#include "base/secret.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct vercel;

#define VERCEL_API_URL "https://api.vercel.com"
#define VERCEL_KEY_RULE "vercel-ai-gateway-key" /* the rule of rules/vercel.json for these keys */
#define VERCEL_ID_MAX 128
#define VERCEL_NAME_MAX 256 /* of what is sent; the provider documents no limit */
#define VERCEL_PAGES_MAX 1000
#define VERCEL_KEYS_MAX 20000
#define VERCEL_THRESHOLDS_MAX 3 /* a subset of 50, 75, 100 */

/* A budget: `quota` of a listed key, `aiGatewayQuota` of one to be created. Amounts are in US dollars. */
struct vercel_quota {
	bool present;
	double limit, spent, byok_spent;
	bool include_byok; /* what is spent over the team's own provider keys counts */
	char *refresh;     /* owned: "daily", "weekly", "monthly", "none"; NULL: not said */
	int thresholds[VERCEL_THRESHOLDS_MAX]; /* percentages at which an alert is sent; threshold_count of them */
	size_t threshold_count;
};

/*
 * A key as the provider describes it, never its string. Texts are owned and come from outside; NULL means null or
 * not said. Times are milliseconds since the epoch; 0 means null.
 */
struct vercel_key {
	char *id, *name, *partial; /* partial: the last characters of the key */
	char *project;             /* NULL: all of the team's projects */
	char *leaked_url;
	char *metadata; /* as JSON, as it came: it goes to a successor unchanged */
	int64_t created_at, active_at, expires_at, leaked_at; /* active_at: last used */
	struct vercel_quota quota;
};
void vercel_key_copy(struct vercel_key *to, const struct vercel_key *from); /* *to held nothing */
void vercel_key_release(struct vercel_key *key);                            /* it is empty afterwards */

/* Whether it was used since it was made. (Whether activeAt of a new key is null or its createdAt is not documented.) */
bool vercel_key_was_used(const struct vercel_key *key);

/* Whether bytes end with the key's partialKey; false for one of fewer than VERCEL_PARTIAL_MIN characters. */
bool vercel_key_is_tail_of(const struct vercel_key *key, const struct secret *secret);
#define VERCEL_PARTIAL_MIN 3 /* the shortest in the provider's documentation */

/*
 * Whether text may stand for an id, in a request and in a message, where ids are not shortened: letters, digits, '_' and '-', at most
 * VERCEL_ID_MAX of them, and not the beginning of a key.
 */
bool vercel_id_is_sound(const char *text);

/*
 * Read a key's description (an `apiKey` object). Returns 0, or ERROR_MALFORMED when it is no object, has no sound id,
 * or a member of another type than the documented one; then *key is empty.
 */
int vercel_key_read(struct vercel_key *key, const struct cJSON *object, struct error *error);

/* The description as vercel_key_read() takes it, and the body that asks for a new key like this one. The caller deletes them. */
struct cJSON *vercel_key_write(const struct vercel_key *key);
struct cJSON *vercel_key_wish(const struct vercel_key *key);

struct vercel_key_list {
	struct vercel_key *keys; /* owned: count of them, each id once, in the provider's order */
	size_t count, capacity;
};
void vercel_key_list_release(struct vercel_key_list *list);
const struct vercel_key *vercel_key_list_find(const struct vercel_key_list *list, const char *id); /* NULL: none */

/* Everything in it is borrowed for the life of the struct vercel. */
struct vercel_options {
	const char *url;            /* without a path's last '/'; checked with vercel_check_url() */
	const struct secret *token; /* an access token */
	const char *team;           /* NULL: not sent */
	const char *ca_file;        /* as in struct revoke_options, as are these */
	unsigned timeout_seconds, retries;
	const atomic_int *stop; /* NULL, or nonzero once everything is to end */
};

/* As revoke_check_url(), and without a query. */
int vercel_check_url(const char *url, struct error *error);

/* Loads libcurl. Returns 0, or what http_open() returns; ERROR_CONFIGURATION for a token that no header can hold. */
int vercel_open(struct vercel **vercel, const struct vercel_options *options, struct error *error);
void vercel_close(struct vercel *vercel); /* NULL is allowed */

/* Wait from this base between attempts in place of RETRY_BASE_MS. For tests. */
void vercel_set_retry_base(struct vercel *vercel, int64_t base_ms);

/*
 * What the calls below return, beside 0: ERROR_CONFIGURATION for 401 and 403 (the message says what to look at);
 * ERROR_NOT_FOUND for 404; ERROR_NETWORK when no answer came or the provider could not give one; ERROR_MALFORMED for one
 * that is not as documented; ERROR_LIMIT; ERROR_INTERRUPTED; ERROR_IO for whatever else was refused. Messages hold the
 * provider's words, never the token.
 */

/* All the team's AI Gateway keys, over all pages. *list is empty on failure. */
int vercel_list(struct vercel *vercel, struct vercel_key_list *list, struct error *error);

/* One key. *key is empty on failure. */
int vercel_get(struct vercel *vercel, const char *id, struct vercel_key *key, struct error *error);

int vercel_delete(struct vercel *vercel, const char *id, struct error *error);

/*
 * Make a key with the name, project, expiry, budget and metadata of *wish. *secret is its string, which the provider tells
 * only here, and *created its description; the caller owns both. On failure both are empty, and *unknown says whether a
 * key may have been made nevertheless.
 */
int vercel_create(struct vercel *vercel, const struct vercel_key *wish, struct secret **secret,
		  struct vercel_key *created, bool *unknown, struct error *error);

#endif
