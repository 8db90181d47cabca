/*
 * Where literals stand in bytes: by Vectorscan in one pass, or, where little is to be searched, without it: what loading it takes would search some
 * megabytes. Both find the same, in the same order. Private to match/.
 */
#ifndef STAUNCH_MATCH_PREFILTER_H
#define STAUNCH_MATCH_PREFILTER_H

#include "base/error.h"
#include "match/core.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hs_database;
struct hs_scratch;

struct prefilter {
	const char **texts; /* owned; count of them, borrowed. A literal's number is its place here */
	size_t *lengths;    /* owned */
	size_t count, capacity, length_capacity;
	struct core_set cores;        /* what Vectorscan looks for; without any it is the literals */
	struct hs_database *database; /* owned; NULL: they are searched for without it, by */
	uint32_t *of_last_byte; /* owned: their numbers, ordered by their last bytes; those of byte b from firsts[b] to firsts[b + 1] */
	uint32_t firsts[257];
	uint64_t last_pairs[1024]; /* a bit for the last two bytes of each: number first * 256 + second */
};

/* Take a literal of `length` bytes (1 or more; the first is not NUL), which must outlive the prefilter. */
void prefilter_add(struct prefilter *prefilter, const char *literal, size_t length);

/* All literals were added: prepare to search. little: for so little that Vectorscan is not worth loading. ERROR_CONFIGURATION, ERROR_UNSUPPORTED. */
int prefilter_prepare(struct prefilter *prefilter, bool little, struct error *error);
void prefilter_release(struct prefilter *prefilter);

/* What one thread needs to search: NULL where that is nothing. Owned by the caller. */
struct hs_scratch *prefilter_scratch_new(const struct prefilter *prefilter);
void prefilter_scratch_free(struct hs_scratch *scratch);

/* Called for each literal, in the order in which they end. */
typedef void prefilter_found(void *context, size_t number, size_t start, size_t end);

/* Search size bytes. Returns 0, or ERROR_LIMIT when they are more than Vectorscan can count. */
int prefilter_search(const struct prefilter *prefilter, struct hs_scratch *scratch, const char *bytes, size_t size,
		     prefilter_found *found, void *context);

/* Whether any literal stands in size bytes, or it cannot be told. */
bool prefilter_glance(const struct prefilter *prefilter, struct hs_scratch *scratch, const char *bytes, size_t size);

#endif
