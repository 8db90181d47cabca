/*
 * For the tests of the pack engine: a visitor that notes each object with the SHA-1 of the bytes it was given,
 * computed here and not by the engine, and everything else that was said.
 */
#ifndef STAUNCH_TESTS_UNIT_PACK_SEEN_H
#define STAUNCH_TESTS_UNIT_PACK_SEEN_H

#include "base/memory.h"
#include "git/delta_fresh.h"
#include "git/delta_runs.h"
#include "git/pack_walk.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEN_WORKERS 16
#define SEEN_OVERLAP_MAX 4096

struct seen_object {
	struct object_id id;
	unsigned kind;
	uint64_t size;
	unsigned pieces;
	bool is_right; /* the bytes have this id */
};

struct seen_damage {
	struct object_id id;
	char *detail; /* owned */
};

struct seen_stream {
	EVP_MD_CTX *hash; /* owned */
	uint64_t end;     /* of what came so far */
	unsigned pieces;
	unsigned char tail[SEEN_OVERLAP_MAX];
};

struct seen {
	pthread_mutex_t lock; /* guards the lists */
	struct seen_object *objects; /* owned */
	size_t object_count, object_capacity;
	struct seen_damage *damaged; /* owned */
	size_t damaged_count, damaged_capacity;
	char **unreadable; /* owned: "PATH: WHY" */
	size_t unreadable_count, unreadable_capacity;
	size_t overlap;       /* as in the options */
	bool is_discontinuous; /* some piece did not go on where the one before ended */
	struct seen_stream streams[SEEN_WORKERS];
};

static inline void seen_init(struct seen *seen, size_t overlap)
{
	memset(seen, 0, sizeof(*seen));
	pthread_mutex_init(&seen->lock, NULL);
	seen->overlap = overlap;
	for (unsigned i = 0; i < SEEN_WORKERS; i++)
		seen->streams[i].hash = EVP_MD_CTX_new();
}

static inline void seen_clear(struct seen *seen)
{
	for (size_t i = 0; i < seen->damaged_count; i++)
		free(seen->damaged[i].detail);
	for (size_t i = 0; i < seen->unreadable_count; i++)
		free(seen->unreadable[i]);
	seen->object_count = seen->damaged_count = seen->unreadable_count = 0;
	seen->is_discontinuous = false;
}

static inline void seen_release(struct seen *seen)
{
	seen_clear(seen);
	for (unsigned i = 0; i < SEEN_WORKERS; i++)
		EVP_MD_CTX_free(seen->streams[i].hash);
	free(seen->objects);
	free(seen->damaged);
	free(seen->unreadable);
	pthread_mutex_destroy(&seen->lock);
}

static inline void seen_begin(struct seen_stream *stream, const struct object_piece *piece)
{
	static const char *const names[] = { "", "commit", "tree", "blob", "tag" };
	char header[32];
	int length = snprintf(header, sizeof(header), "%s %" PRIu64, names[piece->kind], piece->object_size);

	EVP_DigestInit_ex(stream->hash, EVP_sha1(), NULL);
	EVP_DigestUpdate(stream->hash, header, (size_t)length + 1);
	stream->end = 0;
	stream->pieces = 0;
}

static inline void seen_finish(struct seen *seen, struct seen_stream *stream, const struct object_piece *piece)
{
	struct seen_object object = { piece->id, piece->kind, piece->object_size, stream->pieces, false };
	unsigned char digest[OBJECT_ID_SIZE];

	EVP_DigestFinal_ex(stream->hash, digest, NULL);
	object.is_right = !memcmp(digest, piece->id.bytes, OBJECT_ID_SIZE) && stream->end == piece->object_size;
	pthread_mutex_lock(&seen->lock);
	memory_grow(seen->objects, seen->object_count, seen->object_capacity);
	seen->objects[seen->object_count++] = object;
	pthread_mutex_unlock(&seen->lock);
}

static inline int seen_visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct seen *seen = context;
	struct seen_stream *stream = &seen->streams[worker];
	size_t repeated = piece->first ? 0 : seen->overlap;

	if (piece->first)
		seen_begin(stream, piece);
	if (piece->offset + repeated != stream->end || repeated > piece->size ||
	    memcmp(stream->tail, piece->bytes, repeated) != 0)
		seen->is_discontinuous = true;
	EVP_DigestUpdate(stream->hash, piece->bytes + repeated, piece->size - repeated);
	stream->end = piece->offset + piece->size;
	stream->pieces++;
	if (piece->last)
		seen_finish(seen, stream, piece);
	else
		memcpy(stream->tail, piece->bytes + piece->size - seen->overlap, seen->overlap);
	return 0;
}

/* The note on every object: with it those made from it come as changes. */
static struct object_note seen_note = { .owners = 1 };

static inline int seen_visit_noting(void *context, unsigned worker, const struct object_piece *piece)
{
	if (piece->note)
		*piece->note = object_note_share(&seen_note);
	return seen_visit(context, worker, piece);
}

/* Make the object that a change tells of and see it as if it had been handed on whole; some are asked for whole instead. */
static inline enum change_answer seen_visit_change(void *context, unsigned worker, const struct object_change *change)
{
	struct object_piece piece = { .id = *change->id, .kind = change->kind, .object_size = change->object_size,
				      .size = change->object_size, .first = true, .last = true };
	unsigned char *bytes = memory_allocate(change->object_size + DELTA_SLACK);
	uint64_t base_size, size;

	if (change->id->bytes[0] % 8 == 0) {
		free(bytes);
		return CHANGE_VISIT;
	}
	if (change->kind == OBJECT_TREE) {
		delta_runs_write(change->runs, bytes);
	} else {
		assert_true(delta_sizes(change->delta, change->delta_size, &base_size, &size) > 0);
		assert_null(delta_apply(change->base, base_size, change->delta, change->delta_size, bytes,
					change->object_size));
	}
	piece.bytes = bytes;
	seen_visit(context, worker, &piece);
	free(bytes);
	if (change->note)
		*change->note = object_note_share(&seen_note);
	return CHANGE_SETTLED;
}

static inline void seen_damaged(void *context, const struct object_id *id, const char *detail)
{
	struct seen *seen = context;

	pthread_mutex_lock(&seen->lock);
	memory_grow(seen->damaged, seen->damaged_count, seen->damaged_capacity);
	seen->damaged[seen->damaged_count++] = (struct seen_damage){ *id, memory_copy_string(detail) };
	pthread_mutex_unlock(&seen->lock);
}

static inline void seen_unreadable(void *context, const char *path, const char *why)
{
	struct seen *seen = context;

	memory_grow(seen->unreadable, seen->unreadable_count, seen->unreadable_capacity);
	seen->unreadable[seen->unreadable_count++] = memory_format("%s: %s", path, why);
}

static inline int seen_compare(const void *a, const void *b)
{
	return memcmp(((const struct seen_object *)a)->id.bytes, ((const struct seen_object *)b)->id.bytes,
		      OBJECT_ID_SIZE);
}

static inline void seen_sort(struct seen *seen)
{
	if (seen->object_count)
		qsort(seen->objects, seen->object_count, sizeof(*seen->objects), seen_compare);
}

#define ALL_KINDS                                                                                             \
	(OBJECT_KIND_BIT(OBJECT_COMMIT) | OBJECT_KIND_BIT(OBJECT_TREE) | OBJECT_KIND_BIT(OBJECT_BLOB) |       \
	 OBJECT_KIND_BIT(OBJECT_TAG))

/* Options that have everything handed to seen. */
static inline struct pack_walk_options seen_options(struct seen *seen)
{
	return (struct pack_walk_options){
		.kinds = ALL_KINDS,
		.jobs = 1,
		.memory_limit = PACK_WALK_MEMORY_DEFAULT,
		.window_size = PACK_WALK_WINDOW_DEFAULT,
		.overlap = seen->overlap,
		.visit = seen_visit,
		.damaged = seen_damaged,
		.context = seen,
	};
}

/* Have every object noted, and what is made from it by a delta come as a change; verification would keep it from that. */
static inline void seen_take_changes(struct pack_walk_options *options)
{
	static const struct delta_seam_texts texts = { .reach = 1 };

	options->visit = seen_visit_noting;
	options->visit_change = seen_visit_change;
	options->texts = &texts;
	options->verify = false;
}

static inline int seen_damage_compare(const void *a, const void *b)
{
	return memcmp(((const struct seen_damage *)a)->id.bytes, ((const struct seen_damage *)b)->id.bytes,
		      OBJECT_ID_SIZE);
}

/* Assert that two walks handed on the same objects, right or wrong alike, and missed the same ones. */
static inline void seen_expect_same(struct seen *seen, struct seen *other)
{
	seen_sort(seen);
	seen_sort(other);
	assert_int_equal(seen->object_count, other->object_count);
	for (size_t i = 0; i < seen->object_count; i++) {
		assert_int_equal(seen_compare(&seen->objects[i], &other->objects[i]), 0);
		assert_int_equal(seen->objects[i].is_right, other->objects[i].is_right);
		assert_int_equal(seen->objects[i].kind, other->objects[i].kind);
		assert_int_equal(seen->objects[i].size, other->objects[i].size);
	}
	assert_int_equal(seen->damaged_count, other->damaged_count);
	if (seen->damaged_count) {
		qsort(seen->damaged, seen->damaged_count, sizeof(*seen->damaged), seen_damage_compare);
		qsort(other->damaged, other->damaged_count, sizeof(*other->damaged), seen_damage_compare);
	}
	for (size_t i = 0; i < seen->damaged_count; i++) {
		assert_int_equal(seen_damage_compare(&seen->damaged[i], &other->damaged[i]), 0);
		assert_string_equal(seen->damaged[i].detail, other->damaged[i].detail);
	}
	assert_int_equal(seen->unreadable_count, other->unreadable_count);
}

/* Open the packs of one objects folder and walk them. Returns what pack_walk() did. */
static inline int seen_walk(struct seen *seen, char *objects, const struct pack_walk_options *options)
{
	struct pack_set *set;
	struct error error;
	int status;

	assert_int_equal(pack_set_open(&set, &objects, 1, 1, seen_unreadable, seen, &error), 0);
	status = pack_walk(set, options, &error);
	pack_set_close(set);
	return status;
}

#endif
