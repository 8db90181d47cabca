/*
 * Sets of keys, each kept once: equal sets have the same number. Most trees of a history hold the same keys as the one
 * before, so thousands of commits share a handful of sets. Private to git/. One thread.
 */
#ifndef STAUNCH_GIT_KEY_SETS_H
#define STAUNCH_GIT_KEY_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_sets;

#define KEY_SET_EMPTY 0u

struct key_sets *key_sets_new(void);
void key_sets_free(struct key_sets *sets); /* NULL is allowed */

/* Keys that all sets together may hold, 256 MiB of them: what 11,000 keys need that come one commit after the other. */
#define KEY_SETS_KEYS_MAX ((size_t)1 << 26)

/* Whether that ceiling was met: sets made since then are empty. */
bool key_sets_are_full(const struct key_sets *sets);

/* The number of the set of these keys (sorted and distinct). */
uint32_t key_sets_intern(struct key_sets *sets, const uint32_t *keys, size_t count);

/* The number of the union of count sets. */
uint32_t key_sets_union(struct key_sets *sets, const uint32_t *members, size_t count);

/* The keys of a set, *count of them, sorted. Borrowed until another set is made. */
const uint32_t *key_sets_keys(const struct key_sets *sets, uint32_t set, size_t *count);

/* Sets have numbers below this. */
uint32_t key_sets_bound(const struct key_sets *sets);

#endif
