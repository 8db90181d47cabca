/*
 * A rotation under way, and what the provider's list says of it. Private to cli/keys_rotate*.c, of which the first says what a rotation is.
 */
#ifndef STAUNCH_CLI_KEYS_ROTATE_H
#define STAUNCH_CLI_KEYS_ROTATE_H

#include "cli/keys.h"
#include "finding.h"
#include "revoke/rotation.h"

struct rotate {
	struct keys_session *session;
	struct finding finding; /* the leaked key; its secret is owned */
	struct rotation rotation;
	struct vercel_key_list list; /* as the run found it */
	struct vercel_key wish;      /* owned: the successor that is to be */
	bool gone;                   /* the leaked key is dead: marked, or listed no more */
	const struct vercel_key *leftover; /* borrowed from list: a successor that an earlier run made in vain; NULL: none */
	bool delete_leftover;
};

/*
 * keys_rotate_match.c: find the listed key that the leaked one is: by the record, or as the only one of the same last characters. Sets the rotation's
 * old key and gone. Returns 0, ERROR_NOT_FOUND or ERROR_LIMIT.
 */
int rotate_find_old(struct rotate *rotate, struct error *error);

/*
 * What the earlier run left, if there was one. Returns a key that is in use as the successor, so that nothing is left to do, or NULL.
 */
const struct vercel_key *rotate_find_leftover(struct rotate *rotate);

#endif
