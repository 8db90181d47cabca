/*
 * One scan thread's side of joining sources and matches: chunks in, hits with line and column out. Private to scan/.
 */
#ifndef STAUNCH_SCAN_WORKER_H
#define STAUNCH_SCAN_WORKER_H

#include "match/match.h"
#include "scan/allowed.h"
#include "scan/channel.h"
#include "scan/key_table.h"
#include "source/source.h"

#include <pthread.h>

/* What all threads of the scan process share. */
struct scan_shared {
	struct channel_writer *channel;
	uint32_t target;      /* the current one's number */
	const struct allowed *allowed; /* by the repository of the current target */
	bool settles;         /* hits wait for settle(): the current target compares before and after */
	pthread_mutex_t lock; /* guards all below */
	struct key_table keys;
	struct source_hit *traced; /* owned: hits whose objects are to be traced, of the current target */
	size_t traced_count, traced_capacity;
};

/* Distinct credentials found so far. Any thread. */
unsigned scan_shared_key_count(struct scan_shared *shared);

/* A hit that waits to be told or dropped. */
struct waiting_hit {
	struct secret *secret;
	uint32_t rule, key;
	struct place place; /* its strings are owned */
};

/* What is kept of a content between two of its chunks. Those of a content and of the ones inside it come in turns. */
struct scan_level {
	struct matcher *matcher;               /* owned; NULL: not needed so far */
	uint64_t chunk_line, chunk_line_start; /* lines at the start of the next chunk */
	size_t inside_start;                   /* of the worker's inside_keys, those from here on are of contents inside this one */
};

/* A hit in a content that wraps others: it is one only where the credential stands in none of them. */
struct wrapped_hit {
	struct waiting_hit hit;
	unsigned level;
	bool traced;
};

struct scan_worker {
	struct scan_shared *shared;
	const struct match_program *program;
	struct scan_level *levels; /* owned: level_count of them, by chunk.level */
	size_t level_count, level_capacity;
	struct scan_level *level;  /* of the chunk being searched */
	const struct chunk *chunk; /* being searched */
	unsigned found;            /* in it */
	uint64_t searched_bytes;   /* and looked at; windows are counted whole */
	uint64_t line, line_start; /* lines up to where they have been counted in the chunk */
	size_t counted;
	struct wrapped_hit *wrapped; /* owned: hits in contents that wrap others, until those are at their end */
	size_t wrapped_count, wrapped_capacity;
	uint32_t *inside_keys; /* owned: what was found in contents inside the outermost one that is being searched */
	size_t inside_count, inside_capacity;
	struct waiting_hit *waiting; /* owned */
	size_t waiting_count, waiting_capacity;
	uint32_t *old_keys; /* owned: what stood there before */
	size_t old_count, old_capacity;
};

void scan_worker_init(struct scan_worker *worker, struct scan_shared *shared, const struct match_program *program);
void scan_worker_release(struct scan_worker *worker);

/* Search one chunk. */
enum chunk_result scan_worker_search(struct scan_worker *worker, const struct chunk *chunk, size_t overlap);

/*
 * The content of this level that wraps others is at its end: tell what stands in it and in none of them, nor across one of the seams
 * (struct source_events).
 */
void scan_worker_unwrapped(struct scan_worker *worker, unsigned level, const uint64_t *seams, size_t seam_count);

/* Whether size bytes are anything but plain (matcher_glance()). */
bool scan_worker_glance(struct scan_worker *worker, const void *bytes, size_t size);

/* Tell the waiting hits whose credential did not stand there before, and forget both. */
void scan_worker_settle(struct scan_worker *worker);

#endif
