/*
 * All objects of a repository, wherever they are kept: packs through the pack engine, loose ones, and what neither can read
 * through libgit2, one by one. Each distinct object is handed on once.
 */
#ifndef STAUNCH_GIT_OBJECT_DATABASE_H
#define STAUNCH_GIT_OBJECT_DATABASE_H

#include "base/error.h"
#include "git/object.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct delta_seam_texts;
struct object_database;
struct repository;

/* Called for a pack, index or folder that cannot be read; the rest is still there. One thread. */
typedef void object_database_unreadable(void *context, const char *path, const char *why);

/* List what there is, on jobs threads (1 or more). repository must outlive the database. */
int object_database_open(struct object_database **database, struct repository *repository, unsigned jobs,
			 object_database_unreadable *unreadable, void *context, struct error *error);
void object_database_close(struct object_database *database); /* NULL is allowed */

/* Whether it holds this object, damaged or not; faster when it was prefetched some time before. Any thread. */
bool object_database_has(const struct object_database *database, const struct object_id *id);
void object_database_prefetch(const struct object_database *database, const struct object_id *id);

/* Distinct objects, nearly: one that is both loose and packed counts twice. */
uint64_t object_database_count(const struct object_database *database);

/*
 * Part of an object whose file git was writing when it was ended, and which has no name therefore; piece NULL: it cannot be read, or not to its end, and
 * why says so. One thread. Those that are whole come as others do.
 */
typedef int object_visit_unfinished(void *context, const char *path, const struct object_piece *piece, const char *why);

struct object_database_walk {
	unsigned kinds, jobs; /* as in struct pack_walk_options */
	bool whole;           /* never in windows; an object too large for that is damaged */
	size_t overlap;
	const atomic_int *stop;
	object_visit *visit;
	object_visit_change *visit_change; /* this and the next as in struct pack_walk_options */
	const struct delta_seam_texts *texts;
	object_damaged *damaged; /* what no way could read */
	object_visit_unfinished *unfinished; /* NULL: nobody asks for them */
	void *context;
};

/* Hand each distinct object of the kinds to visit. Returns 0, or ERROR_INTERRUPTED. */
int object_database_walk(struct object_database *database, const struct object_database_walk *walk, struct error *error);

#endif
