/*
 * Where literals stand in bytes: by Vectorscan in one pass, or, where little is to be searched, one literal after the other with
 * what the C library has. Both find the same, in the same order. Private to match/.
 */
#ifndef STAUNCH_MATCH_PREFILTER_H
#define STAUNCH_MATCH_PREFILTER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hs_database;
struct hs_scratch;

/* As many literals as are searched for one after the other; more are left to Vectorscan once prefilter_prepare() was called. */
#define PREFILTER_LITERALS_FEW 8

struct prefilter {
	const char **texts; /* owned; count of them, borrowed. A literal's number is its place here */
	size_t *lengths;    /* owned */
	size_t count;
	struct hs_database *database; /* owned; NULL: they are searched for one after the other */
};

/* Take a literal, which must outlive the prefilter. */
void prefilter_add(struct prefilter *prefilter, const char *literal);

/* All literals were added: make it fast, unless little is to be searched and the literals are few. ERROR_CONFIGURATION, ERROR_UNSUPPORTED. */
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
