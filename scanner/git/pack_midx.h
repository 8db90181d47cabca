/*
 * A multi-pack-index: one index over many packs of a folder. Private to git/.
 *
 * A pack is read by its own index, which git keeps beside the multi-pack-index. Where that is gone, what the multi-pack-index
 * says of the pack takes its place. It names each object in one pack only, so it leaves entries out of which other packs have a
 * copy; those that deltas are made from are found again by the deltas that lead to them.
 */
#ifndef STAUNCH_GIT_PACK_MIDX_H
#define STAUNCH_GIT_PACK_MIDX_H

#include "git/pack.h"

/* gitformat-pack(5), "multi-pack-index (MIDX) files have the following format". Opening checks all of it. */
struct pack_midx {
	struct file_map file;
	uint32_t count, pack_count; /* objects, packs */
	const unsigned char *fanout, *ids, *places, *large_offsets; /* OIDF, OIDL, OOFF and LOFF, in file */
	size_t large_count;
	const char **names; /* owned: pack_count of them, in order; they end in ".idx" and are in file */
	bool is_sound;      /* its checksum holds */
};

/*
 * Map and check a multi-pack-index. Returns 0; ERROR_NOT_FOUND when there is none; or another negative code. Nothing is held
 * then. ERROR_MALFORMED also for a version, a hash or a chain of them that is not known.
 */
int pack_midx_open(struct pack_midx *midx, const char *path, struct error *error);
void pack_midx_close(struct pack_midx *midx); /* a zeroed one is allowed */

/* The number of the pack with this file name, given without ending, or PACK_MIDX_NONE. */
uint32_t pack_midx_find(const struct pack_midx *midx, const char *stem);
#define PACK_MIDX_NONE UINT32_MAX

/* The pack that holds the object at this position (below count). */
uint32_t pack_midx_pack(const struct pack_midx *midx, uint32_t position);

/* Make the index of one pack, of those objects that the multi-pack-index says are in it. */
void pack_midx_index(const struct pack_midx *midx, uint32_t number, struct pack_index *index);

/* Add to such an index, once its pack is mapped, the entries that it leaves out and deltas lead to: pack_index.unnamed. */
void pack_midx_complete(struct pack *pack);

/*
 * Map a pack without an index, known to the multi-pack-index by this number. As pack_open(); each of its objects is verified
 * before it is handed on.
 */
int pack_open_by_midx(struct pack *pack, const char *path, const struct pack_midx *midx, uint32_t number,
		      pack_unreadable *unreadable, void *context, struct error *error);

#endif
