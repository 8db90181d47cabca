/*
 * A git object as the rooms of git/ hand it on: its id, its kind, and its bytes whole or piece by piece.
 */
#ifndef STAUNCH_GIT_OBJECT_H
#define STAUNCH_GIT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-1 ids, as libgit2 and the pack formats up to version 3 use them. */
#define OBJECT_ID_SIZE 20

struct object_id {
	unsigned char bytes[OBJECT_ID_SIZE];
};

/* Hexadecimal, and back (false for anything that is not 40 hexadecimal digits). */
void object_id_format(const struct object_id *id, char hex[2 * OBJECT_ID_SIZE + 1]);
bool object_id_parse(struct object_id *id, const char *hex);

/*
 * Order of ids, for qsort() and bsearch() over ids and over structs that begin with one: a pointer to such a struct is a pointer to
 * its id.
 */
int object_id_compare(const void *a, const void *b);

/* The numbers are those of the pack format (gitformat-pack(5)). */
enum object_kind {
	OBJECT_COMMIT = 1,
	OBJECT_TREE = 2,
	OBJECT_BLOB = 3,
	OBJECT_TAG = 4,
};
#define OBJECT_KIND_BIT(kind) (1u << (kind))

/*
 * The bytes of an object, or a window of them. An object that is handed on whole has first and last set. A large one comes as several
 * windows, in order, on one thread: each later window begins OVERLAP bytes before the end of the one before it, so that whatever
 * stands across a border is seen whole in one of them. Borrowed until the visitor returns.
 */
struct object_piece {
	struct object_id id;
	enum object_kind kind;
	uint64_t object_size; /* of the whole object */
	uint64_t offset;      /* of bytes[0] in the object */
	const unsigned char *bytes;
	size_t size;
	bool first, last;
};

/*
 * Called for each piece, from several threads at once; worker (0 to jobs - 1) names the calling one. Not called again for
 * an object that turns out damaged half-way. Returns 0 to go on, or nonzero to stop the walk.
 */
typedef int object_visit(void *context, unsigned worker, const struct object_piece *piece);

/* Called for an object that could not be read, from several threads at once. detail is for people. */
typedef void object_damaged(void *context, const struct object_id *id, const char *detail);

#endif
