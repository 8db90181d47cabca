/*
 * One call of the provider's API: its request, the attempts it may have, and what came of them. Private to revoke/.
 */
#ifndef STAUNCH_REVOKE_VERCEL_CALL_H
#define STAUNCH_REVOKE_VERCEL_CALL_H

#include "base/buffer.h"
#include "revoke/http.h"
#include "revoke/vercel.h"

/* A call and, once it is over, its answer. */
struct call {
	const char *method; /* static */
	struct buffer path; /* with the query */
	struct buffer body; /* JSON, or nothing */
	bool once;          /* not to be repeated unless the provider cannot have acted on it */
	bool unknown;       /* of one that is `once` and failed: it may have acted */
	bool repeated;      /* after an attempt on which the provider may have acted */
	struct http_outcome outcome;
	struct cJSON *document; /* owned: the body of a 2xx answer; NULL for none */
};

/* A call of /v1/api-keys, or of the key with this id, for the team of the options. call_release() it. */
struct call call_make(const struct vercel *vercel, const char *method, const char *id);
void call_release(struct call *call);

/* Add an argument to the query, escaped; none when value is NULL. */
void call_add_argument(struct call *call, const char *name, const char *value);

/*
 * Make the call, with as many attempts as it may have. Returns 0 for a 2xx answer, with call->document where its body is JSON, or an error as
 * vercel.h lists them.
 */
int call_perform(struct vercel *vercel, struct call *call, struct error *error);

#endif
