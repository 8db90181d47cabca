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

struct scan_worker {
	struct scan_shared *shared;
	struct matcher *matcher;
	const struct chunk *chunk; /* being searched */
	unsigned found;            /* in it */
	/* lines: at the start of the chunk, and up to where they have been counted in it */
	uint64_t chunk_line, chunk_line_start;
	uint64_t line, line_start;
	size_t counted;
	struct waiting_hit *waiting; /* owned */
	size_t waiting_count, waiting_capacity;
	uint32_t *old_keys; /* owned: what stood there before */
	size_t old_count, old_capacity;
};

void scan_worker_init(struct scan_worker *worker, struct scan_shared *shared, const struct match_program *program);
void scan_worker_release(struct scan_worker *worker);

/* Search one chunk. */
enum chunk_result scan_worker_search(struct scan_worker *worker, const struct chunk *chunk, size_t overlap);

/* Tell the waiting hits whose credential did not stand there before, and forget both. */
void scan_worker_settle(struct scan_worker *worker);

#endif
