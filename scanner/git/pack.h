/*
 * Packs as they lie on disk: an index (.idx: which object is where) and the entries it points at (.pack). This
 * header is private to git/.
 *
 * Opening maps the files and makes a table of the entries in the order of their offsets, each linked to its base
 * and to the deltas made from it. After that everything here is read-only and may be used by any thread.
 *
 * A mapped file that somebody truncates while it is in use ends the process with SIGBUS; git itself never does
 * that to a pack.
 */
#ifndef STAUNCH_GIT_PACK_H
#define STAUNCH_GIT_PACK_H

#include "base/error.h"
#include "git/object.h"
#include "git/pack_walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A whole file, mapped. The kernel is given no advice: MAP_POPULATE, MADV_POPULATE_READ, SEQUENTIAL, WILLNEED and
 * HUGEPAGE make no difference for a pack in the page cache, and RANDOM makes one that is not four times slower.
 */
struct file_map {
	const unsigned char *bytes; /* owned; NULL: nothing is mapped */
	size_t size;                /* as fstat() said at the time of mapping */
	size_t lead;                /* bytes that are mapped before these as well: of a bundle, its header */
};

int file_map_open(struct file_map *map, const char *path, struct error *error);
void file_map_close(struct file_map *map);

/* A pack's index, version 1 or 2, or one made in memory (pack_midx.h). */
struct pack_index {
	struct file_map file;
	unsigned char *made; /* owned; NULL: it is in file */
	uint32_t count;      /* objects; positions in the index are below this */
	uint32_t unnamed;    /* of these, the last so many: entries whose ids are not known, needed for deltas made from them */
	const unsigned char *fanout; /* these point into file or made */
	const unsigned char *ids, *offsets, *large_offsets;
	size_t id_stride, offset_stride; /* from one position's to the next one's */
	size_t large_count;
	bool in_order;   /* the ids ascend and stand where the fan-out says, as the format wants it */
	bool has_equals; /* some id stands here twice */
};

/* Map and check an index. Returns 0, or a negative code with nothing held. */
int pack_index_open(struct pack_index *index, const char *path, struct error *error);
void pack_index_close(struct pack_index *index);

static inline const unsigned char *pack_index_id(const struct pack_index *index, uint32_t position)
{
	return index->ids + (size_t)position * index->id_stride;
}

/* Where the object is in the pack, or 0 (where no object can be) when the index contradicts itself. */
uint64_t pack_index_offset(const struct pack_index *index, uint32_t position);

/* Lay out an index in memory for count objects; put each at its position, in the order of ids; then make its fan-out. id NULL: it has none. */
void pack_index_lay_out(struct pack_index *index, uint32_t count);
void pack_index_put(struct pack_index *index, uint32_t position, const unsigned char *id, uint64_t offset);
void pack_index_fan_out(struct pack_index *index);

/* Begin to bring to the cache what pack_index_find() will look at. */
void pack_index_prefetch(const struct pack_index *index, const unsigned char *id);

/* Find an object. Returns whether it is there, and its position (the first one, when it stands there twice). */
bool pack_index_find(const struct pack_index *index, const unsigned char *id, uint32_t *position);

/* No entry. */
#define PACK_ENTRY_NONE UINT32_MAX

/*
 * One entry of a pack, 24 bytes: there are millions of them. The deltas made from an entry form a ring, in the
 * order of their offsets but for the one with the most entries below it, which comes last: a depth-first walk can
 * let go of the base before its last delta, so with that order it holds at most log2(entries) objects, however
 * deep the chains are.
 */
struct pack_entry {
	uint64_t offset : 48; /* 0: the index points outside of the pack */
	uint64_t kind : 3;    /* enum object_kind of what its chain of deltas starts from; 0: it leads nowhere */
	uint64_t is_delta : 1;
	uint64_t is_duplicate : 1; /* the object is also in an earlier pack, and handed on from there */
	uint64_t is_needed : 1;    /* this or an entry made from it is no duplicate */
	uint32_t position;         /* in the index */
	uint32_t base;             /* the entry this delta is for. This and the next: PACK_ENTRY_NONE for none */
	uint32_t last_child;       /* the last needed delta made from this; its next_sibling is the first one */
	uint32_t next_sibling;
};

#define PACK_SIZE_MAX ((uint64_t)1 << 48)

struct pack {
	char *path; /* of the .pack, owned */
	struct pack_index index;
	struct file_map file;
	size_t end;   /* where the entries end and the pack's own checksum begins */
	bool suspect; /* index and pack contradict each other: each object is verified before it is believed */
	struct pack_entry *entries; /* owned: index.count of them, by offset, then by position */
};

/* What an entry says of itself. */
struct pack_header {
	unsigned type; /* enum object_kind, or one of the two below */
	uint64_t size; /* of the inflated stream: the object, or the delta */
	uint64_t data; /* where the zlib stream starts */
	uint64_t base_offset;         /* PACK_OFFSET_DELTA: the base's offset */
	const unsigned char *base_id; /* PACK_REFERENCE_DELTA: the base's id */
};
#define PACK_OFFSET_DELTA 6
#define PACK_REFERENCE_DELTA 7

/*
 * Map a pack and its index (path without ".pack" and ".idx") and check that they belong together. A contradiction
 * that leaves the pack readable is told to unreadable and makes it suspect. Returns 0, or a negative code with
 * nothing held.
 */
int pack_open(struct pack *pack, const char *path, pack_unreadable *unreadable, void *context,
	      struct error *error);
void pack_close(struct pack *pack);

/*
 * Make the table of entries, on jobs threads. is_duplicate: a bit for each position in the index, or NULL when there are no
 * duplicates. Entries without a name are handed on by no pack, as duplicates are.
 */
void pack_link(struct pack *pack, const unsigned char *is_duplicate, unsigned jobs);

/* Where the entry's bytes end: at the next entry's, or at the end of the pack. */
static inline uint64_t pack_entry_end(const struct pack *pack, uint32_t entry)
{
	return entry + 1 < pack->index.count ? pack->entries[entry + 1].offset : pack->end;
}

static inline const unsigned char *pack_entry_id(const struct pack *pack, uint32_t entry)
{
	return pack_index_id(&pack->index, pack->entries[entry].position);
}

/* Read an entry's header. Returns NULL, or what is wrong: a static text. */
const char *pack_entry_header(const struct pack *pack, uint32_t entry, struct pack_header *header);

/* The same for what stands at an offset, the pack's first 12 bytes and what is behind end left out. */
const char *pack_header_read(const struct pack *pack, uint64_t offset, uint64_t end, struct pack_header *header);

/* The first entry at this offset among those from low to before high, or PACK_ENTRY_NONE. */
uint32_t pack_entry_find(const struct pack *pack, uint64_t offset, uint32_t low, uint32_t high);

/* Why no chain of bases leads from this entry (of kind 0) to an object: a static text. */
const char *pack_entry_complaint(const struct pack *pack, uint32_t entry);

/* The packs of a repository. */
struct pack_set {
	struct pack *packs; /* owned: count of them */
	size_t count;
	uint64_t *starts; /* owned: count + 1 of them: how many entries are in the packs before each, and in all */
	bool has_duplicates;
	struct {
		uint64_t objects, bytes; /* entries that are no duplicates, and their size in the packs */
	} kinds[8];                      /* by entry.kind */
};

/* The pack that holds the entry with this number, counted over all packs. */
const struct pack *pack_set_locate(const struct pack_set *set, uint64_t number);

/*
 * Mark the objects that stand in several packs, in all of them but the first (an index that is out of order may
 * hide some). *marks is an array of bit maps, one for each pack and NULL for a pack without such objects, or NULL
 * when there are none at all; the caller frees both. Returns 0 or a negative code.
 */
int pack_set_find_duplicates(const struct pack_set *set, unsigned char ***marks, struct error *error);

#endif
