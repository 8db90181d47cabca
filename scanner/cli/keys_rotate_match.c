#define _GNU_SOURCE
#include "cli/keys_rotate.h"

#include <string.h>

/* ---- which listed key it is ---- */

static void take_old(struct rotate *rotate, const struct vercel_key *key)
{
	struct rotation *rotation = &rotate->rotation;

	vercel_key_copy(&rotation->old, key);
	rotate->gone = key->leaked_at != 0;
	for (size_t i = 0; i < rotate->list.count; i++) {
		if (rotate->list.keys[i].created_at > rotation->newest)
			rotation->newest = rotate->list.keys[i].created_at;
	}
}

/* By its last characters: exactly one key of the list, or none is taken. */
static int match_tail(struct rotate *rotate, struct error *error)
{
	const struct vercel_key *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < rotate->list.count; i++) {
		if (vercel_key_is_tail_of(&rotate->list.keys[i], rotate->finding.secret)) {
			found = &rotate->list.keys[i];
			count++;
		}
	}
	if (count == 1) {
		take_old(rotate, found);
		return 0;
	}
	if (!count)
		return error_set(error, ERROR_NOT_FOUND, "none of the team's %zu keys ends like the leaked one, so it is another team's or deleted "
				 "already; nothing was sent. staunch revoke reports it whosever it is", rotate->list.count);
	for (size_t i = 0; i < rotate->list.count; i++) {
		if (vercel_key_is_tail_of(&rotate->list.keys[i], rotate->finding.secret))
			keys_say(rotate->session, false, "ends like the leaked one: ", &rotate->list.keys[i]);
	}
	return error_set(error, ERROR_LIMIT, "%zu of the team's keys end like the leaked one, so it cannot be told which it is; nothing was sent. "
			 "staunch revoke reports it, staunch keys create makes another", count);
}

int rotate_find_old(struct rotate *rotate, struct error *error)
{
	struct rotation *rotation = &rotate->rotation;
	const struct vercel_key *listed;

	if (!rotation->begun)
		return match_tail(rotate, error);
	listed = vercel_key_list_find(&rotate->list, rotation->old.id);
	rotate->gone = !listed || listed->leaked_at;
	if (listed)
		rotation->old.leaked_at = listed->leaked_at;
	return 0;
}

/* ---- what an earlier run left behind ---- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Whether key looks like a successor of the old one that was made after that time. */
static bool looks_like_successor(const struct vercel_key *key, const struct vercel_key *old, int64_t after)
{
	return strcmp(key->id, old->id) != 0 && same_text(key->name, old->name) && same_text(key->project, old->project) && !key->leaked_at &&
	       key->created_at > after;
}

static const struct vercel_key *find_successor(const struct rotate *rotate, int64_t after, bool used)
{
	for (size_t i = 0; i < rotate->list.count; i++) {
		const struct vercel_key *key = &rotate->list.keys[i];

		if (vercel_key_was_used(key) == used && looks_like_successor(key, &rotate->rotation.old, after))
			return key;
	}
	return NULL;
}

const struct vercel_key *rotate_find_leftover(struct rotate *rotate)
{
	const struct rotation *rotation = &rotate->rotation;
	const struct vercel_key *used;

	if (rotation->successor) {
		rotate->leftover = vercel_key_list_find(&rotate->list, rotation->successor);
		rotate->delete_leftover = rotate->leftover != NULL;
		return rotate->leftover && vercel_key_was_used(rotate->leftover) ? rotate->leftover : NULL;
	}
	if (rotation->begun) {
		if (rotation->creating)
			rotate->leftover = find_successor(rotate, rotation->newest, false);
		return NULL; /* a key whose string got lost is used by nobody */
	}
	if (!rotate->gone)
		return NULL; /* nothing was begun */
	used = find_successor(rotate, rotation->old.leaked_at, true);
	rotate->leftover = find_successor(rotate, rotation->old.leaked_at, false);
	return used;
}
