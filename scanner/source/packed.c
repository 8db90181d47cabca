/*
 * git's objects outside of a repository: packs and bundles that lie about as files or in archives. Each object is a member, called by its id.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "git/pack_bytes.h"
#include "source/unpack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The largest object that is looked at: it is held whole, with its base and its delta. */
#define PACKED_OBJECT_MAX ((size_t)32 << 20)

static int visit(void *context, unsigned worker, const struct object_piece *piece)
{
	const struct unpack_place *place = context;
	struct feed feed = feed_of_bytes(piece->bytes, piece->size);
	char hex[2 * OBJECT_ID_SIZE + 1];

	(void)worker;
	object_id_format(&piece->id, hex);
	if (!unpack_count_member(place))
		return 1;
	unpack_member(place, hex, strlen(hex), &feed);
	return place->unpacker->is_over;
}

static int visit_delta(void *context, uint64_t offset, const unsigned char *bytes, size_t size)
{
	const struct unpack_place *place = context;
	struct feed feed = feed_of_bytes(bytes, size);
	char *name = memory_format("delta at %" PRIu64, offset);

	if (unpack_count_member(place))
		unpack_member(place, name, strlen(name), &feed);
	free(name);
	return place->unpacker->is_over;
}

static void tell_count(const struct unpack_place *place, enum unpack_problem problem, uint64_t count, const char *what)
{
	char *why = memory_format("%" PRIu64 " %s", count, what);

	if (count)
		unpack_tell(place, problem, NULL, why);
	free(why);
}

/* Where the pack of a bundle begins: behind the first empty line (gitformat-bundle(5)). size: there is none. */
static size_t bundle_header(const unsigned char *bytes, size_t size)
{
	const unsigned char *end = memmem(bytes, size, "\n\n", 2);

	return end ? (size_t)(end + 2 - bytes) : size;
}

void pack_unpack(const struct unpack_place *place, struct feed *feed)
{
	struct unpacker *unpacker = place->unpacker;
	struct pack_bytes_walk walk = {
		.object_max = PACKED_OBJECT_MAX,
		.stop = unpacker->events->stop,
		.visit = visit,
		.visit_delta = visit_delta,
		.context = (void *)place,
	};
	struct unpack_whole whole;
	struct error error;
	size_t header;
	int result = 0;

	if (!unpack_whole(place, feed, &whole))
		return;
	walk.allowance = unpack_allowance(unpacker); /* by its whole size */
	header = place->kind == CONTAINER_BUNDLE ? bundle_header(whole.bytes, whole.size) : 0;
	if (header == whole.size) {
		/* a bundle's header alone: all there is has been searched */
	} else if (memcmp(whole.bytes + header, "PACK", whole.size - header < 4 ? whole.size - header : 4) != 0) {
		result = error_set(&error, ERROR_MALFORMED, "its pack is of no known kind");
	} else {
		result = pack_bytes_walk(whole.bytes + header, whole.size - header, &walk, &error);
	}
	if (result == ERROR_LIMIT && !unpacker->is_over) {
		unpack_tell(place, UNPACK_LIMIT, NULL, error.message);
		unpacker->is_too_much = true;
	}
	else if (result && result != ERROR_INTERRUPTED && !unpacker->is_over)
		unpack_tell(place, UNPACK_DAMAGED, NULL, error.message);
	if (!unpacker->is_over) {
		tell_count(place, UNPACK_DAMAGED, walk.damaged, "of its objects cannot be read, or are too large");
		tell_count(place, UNPACK_MISSING, walk.missing, "of its objects are deltas of some that it does not hold (a thin pack)");
	}
	/* one beside others is no bomb by itself */
	if (place->level > 1 && !unpacker->is_over && !unpack_count_bytes(unpacker, walk.used))
		unpack_tell_too_much(place, "more bytes come of all together than of any that is no bomb");
	unpack_let_go(unpacker, &whole);
}
