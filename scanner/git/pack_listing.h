/*
 * The entries of a pack that has no index: found by reading it from front to back, and named by hashing their objects, as git-index-pack(1) does. Private to
 * git/.
 */
#ifndef STAUNCH_GIT_PACK_LISTING_H
#define STAUNCH_GIT_PACK_LISTING_H

#include "git/pack.h"

#include <stdatomic.h>

/* An entry. */
struct pack_found {
	struct object_id id; /* first: object_id_compare() orders these */
	uint64_t offset;
	bool known; /* id is its object's; otherwise a stand-in that no object has */
};

/* One thread. */
struct pack_listing {
	struct pack *pack; /* borrowed: its file is mapped, or bytes in memory. What is found becomes its index and its table of entries */
	struct pack_found *found; /* owned, count of them, by offset */
	size_t count, capacity;
	size_t named; /* of these, how many are known */
	struct inflater *inflater; /* owned, as is */
	struct object_hash *hash;
	/* set by the caller, after pack_listing_init(), where the defaults do not fit */
	uint64_t allowance;  /* bytes that may come of the pack, counted each time they do; default: any number */
	size_t count_max;    /* entries; default: any number */
	size_t object_max;   /* larger objects stay without a name; default: PACK_WALK_OBJECT_MAX */
	size_t memory_limit; /* of the objects held at once; default: PACK_WALK_MEMORY_DEFAULT */
	const atomic_int *stop; /* NULL, or nonzero once all is to end */
	uint64_t used; /* bytes that came of it so far */
	bool is_over; /* the allowance is used up, or there are too many entries */
};

/* Returns 0, or ERROR_UNSUPPORTED when zlib or SHA-1 cannot be set up. Release it in any case. */
int pack_listing_init(struct pack_listing *listing, struct pack *pack, struct error *error);
void pack_listing_release(struct pack_listing *listing);

/* Count size bytes that come of the pack. Returns whether they may. */
bool pack_listing_allow(struct pack_listing *listing, uint64_t size);

/*
 * Find the entries, as many as the pack says. pack->end becomes where the last one ends that can be read; the pack's checksum, and nothing else, has to stand there.
 * Returns NULL, or what is wrong there: a static text.
 */
const char *pack_listing_read(struct pack_listing *listing);

/* Add an entry at an offset behind all others. id NULL: it is not known. */
void pack_listing_add(struct pack_listing *listing, uint64_t offset, const struct object_id *id);

/*
 * Name what deltas make, as far as their bases are there. Returns 0; ERROR_INTERRUPTED when it was stopped or the allowance is used up; or another
 * negative code.
 */
int pack_listing_name(struct pack_listing *listing, struct error *error);

/* Make the pack's index of the entries that are known, or of all (by their stand-ins). Its table of entries is gone then: pack_link() makes it anew. */
void pack_listing_index(struct pack_listing *listing, bool all);

#endif
