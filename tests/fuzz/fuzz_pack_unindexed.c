/*
 * libFuzzer harness: a pack without an index. The input's first byte says whether there is somebody to ask for the bases of a thin pack, its second how many
 * bytes stand before the pack, as a bundle's header does; the rest is the file. Whatever its bytes, each object that is named has to be found again, to lie
 * in the pack, and to be handed on at most once, with the bytes of its name.
 */
#define _GNU_SOURCE
#include "git/pack_unindexed.h"
#include "harness.h"

#include <string.h>

/* More than this is not read: objects that come of little are for the walk's own limits, and slow to hash. */
#define OBJECT_MAX ((size_t)1 << 20)

/* The base that a thin pack of the seeds has its deltas for: this, 20 times. */
#define BASE_PART "0123456789"
#define BASE_SIZE (20 * (sizeof(BASE_PART) - 1))

struct tally {
	uint64_t visited;
};

/* A pack_base_reader: whatever is asked for is the same blob. */
static int read_base(void *context, const struct object_id *id, enum object_kind *kind, unsigned char **bytes, size_t *size)
{
	(void)context;
	if (id->bytes[0] == 0xff)
		return ERROR_NOT_FOUND;
	*kind = OBJECT_BLOB;
	*size = BASE_SIZE;
	*bytes = malloc(BASE_SIZE);
	for (size_t i = 0; i < BASE_SIZE; i++)
		(*bytes)[i] = (unsigned char)BASE_PART[i % (sizeof(BASE_PART) - 1)];
	return 0;
}

/* An object_visit: pieces do not overlap here. */
static int take_piece(void *context, unsigned worker, const struct object_piece *piece)
{
	static struct object_pieces pieces;
	struct tally *tally = context;
	struct object_id id;

	check(worker == 0);
	if (object_pieces_take(&pieces, piece, &id)) {
		/* a base that was asked for is believed to be what it was asked for as: whoever reads it has to know */
		check(!object_id_compare(&id, &piece->id) || piece->object_size == BASE_SIZE);
		tally->visited++;
	}
	return 0;
}

static void pass_over(void *context, const struct object_id *id, const char *detail)
{
	(void)context;
	check(id && detail);
}

static void take_unreadable(void *context, const char *path, const char *why)
{
	(void)context;
	check(path && why && *why);
}

static void look(struct pack *pack)
{
	uint64_t starts[2] = { 0, pack->index.count };
	struct pack_set set = { .packs = pack, .count = 1, .starts = starts };
	struct tally tally = { 0 };
	const struct pack_walk_options options = { .kinds = ~0u,
						   .jobs = 1,
						   .memory_limit = (size_t)1 << 20,
						   .window_size = 1000,
						   .object_max = OBJECT_MAX,
						   .visit = take_piece,
						   .damaged = pass_over,
						   .context = &tally };
	uint32_t found;

	for (uint32_t i = 0; i < pack->index.count; i++) {
		uint64_t offset = pack_index_offset(&pack->index, i);

		check(pack_index_find(&pack->index, pack_index_id(&pack->index, i), &found) && found <= i);
		check(!memcmp(pack_index_id(&pack->index, found), pack_index_id(&pack->index, i), OBJECT_ID_SIZE));
		check(offset && offset < pack->end);
	}
	pack_link(pack, NULL, 1);
	check(!pack_walk(&set, &options, NULL));
	check(tally.visited <= pack->index.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct pack_leftovers leftovers = { 0 };
	const char *path;
	struct pack pack;

	if (size < 2)
		return 0;
	leftovers.file = path = input_file(input + 2, size - 2);
	leftovers.read_base = input[0] % 2 ? read_base : NULL;
	leftovers.file_start = input[1] % 32;
	if (pack_open_unindexed(&pack, path, &leftovers, take_unreadable, NULL, NULL))
		return 0;
	look(&pack);
	pack_close(&pack);
	return 0;
}
