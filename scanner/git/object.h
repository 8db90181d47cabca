/*
 * A git object as the rooms of git/ hand it on: its id, its kind, and its bytes whole or piece by piece.
 */
#ifndef STAUNCH_GIT_OBJECT_H
#define STAUNCH_GIT_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delta_runs;
struct delta_seams;

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
	struct object_note **note; /* where the visitor may leave a note for deltas made from this object; NULL: there are none */
};

/*
 * What a visitor wants to know again of an object when one made from it by a delta comes: in a struct of its own that begins with this one. Shared by the
 * threads that walk such objects, so nothing in it may change; it lives until the last one lets go of it.
 */
struct object_note {
	atomic_uint owners;
	void (*free)(struct object_note *note); /* NULL: it is not allocated, and always has an owner */
};

/* One more owner of a note. / One less. NULL is allowed for both. */
struct object_note *object_note_share(struct object_note *note);
void object_note_release(struct object_note *note);

/*
 * An object that is stored as a delta of one on which the visitor left a note: what it takes over from there and what is new in it. The object is
 * not made yet. Borrowed until the visitor returns.
 */
struct object_change {
	const struct object_id *id; /* bytes only, no alignment */
	enum object_kind kind;
	size_t object_size;
	const unsigned char *base; /* the other object's bytes */
	const struct delta_runs *runs; /* of a tree: all it is made of. NULL for other kinds: of these */
	const unsigned char *delta;    /* there is the delta itself */
	size_t delta_size;
	const struct delta_seams *seams; /* and its seams (delta_fresh.h) */
	const struct object_note *base_note;
	struct object_note **note; /* as in struct object_piece */
};

/*
 * Called for each piece, from several threads at once; worker (0 to jobs - 1) names the calling one. Not called again for
 * an object that turns out damaged half-way. Returns 0 to go on, or nonzero to stop the walk.
 */
typedef int object_visit(void *context, unsigned worker, const struct object_piece *piece);

/*
 * Called instead of object_visit for an object whose base has a note, in the same way. Returns CHANGE_SETTLED when the change told enough,
 * CHANGE_VISIT to be handed the object whole after all, CHANGE_STOP to stop the walk.
 */
enum change_answer { CHANGE_SETTLED, CHANGE_VISIT, CHANGE_STOP };
typedef enum change_answer object_visit_change(void *context, unsigned worker, const struct object_change *change);

/* Called for an object that could not be read, from several threads at once. detail is for people. */
typedef void object_damaged(void *context, const struct object_id *id, const char *detail);

#endif
