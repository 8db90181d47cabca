/*
 * Sets of keys, each kept once: equal sets have the same number. Most trees of a history hold the same keys as the one
 * before, so thousands of commits share a handful of sets. Private to git/. One thread.
 */
#ifndef STAUNCH_GIT_KEY_SETS_H
#define STAUNCH_GIT_KEY_SETS_H

#include <stddef.h>
#include <stdint.h>

struct key_sets;

#define KEY_SET_EMPTY 0u

struct key_sets *key_sets_new(void);
void key_sets_free(struct key_sets *sets); /* NULL is allowed */

/* The number of the set of these keys (sorted and distinct). */
uint32_t key_sets_intern(struct key_sets *sets, const uint32_t *keys, size_t count);

/* The number of the union of two sets. */
uint32_t key_sets_union(struct key_sets *sets, uint32_t a, uint32_t b);

/* The keys of a set, *count of them, sorted. Borrowed until another set is made. */
const uint32_t *key_sets_keys(const struct key_sets *sets, uint32_t set, size_t *count);

/* Sets have numbers below this. */
uint32_t key_sets_bound(const struct key_sets *sets);

#endif
