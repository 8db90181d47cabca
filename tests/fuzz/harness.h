/*
 * What the fuzzers share: a check that ends them, their input as a file, and whether an object's pieces have the bytes of its name.
 */
#ifndef STAUNCH_TESTS_FUZZ_HARNESS_H
#define STAUNCH_TESTS_FUZZ_HARNESS_H

#include "git/object_hash.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static inline void check(bool is_so)
{
	if (!is_so)
		abort();
}

/* The path of a file in memory with these bytes, for what is mapped. The same one each time. */
static inline const char *input_file(const uint8_t *bytes, size_t size)
{
	static int file = -1;
	static char path[64];

	if (file < 0) {
		file = memfd_create("input", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	check(!ftruncate(file, 0) && pwrite(file, bytes, size, 0) == (ssize_t)size);
	return path;
}

/* An object whose pieces come one after the other, without overlap. */
struct object_pieces {
	struct object_hash *hash;
	uint64_t next; /* where the next piece has to begin */
};

/* Take the next piece. Returns whether it was the last, and sets *id to what the bytes are called. */
static inline bool object_pieces_take(struct object_pieces *pieces, const struct object_piece *piece, struct object_id *id)
{
	if (!pieces->hash)
		pieces->hash = object_hash_new();
	if (piece->first) {
		pieces->next = 0;
		object_hash_begin(pieces->hash, piece->kind, piece->object_size);
	}
	check(piece->offset == pieces->next);
	object_hash_add(pieces->hash, piece->bytes, piece->size);
	pieces->next += piece->size;
	if (!piece->last)
		return false;
	object_hash_finish(pieces->hash, id);
	check(pieces->next == piece->object_size);
	return true;
}

#endif
