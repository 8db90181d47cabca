/*
 * Numbers for distinct credentials: a rule and a fingerprint get one number, the first 0, the next 1, and so on.
 * It holds hashes only, never a credential. One thread, or the caller's lock.
 */
#ifndef STAUNCH_SCAN_KEY_TABLE_H
#define STAUNCH_SCAN_KEY_TABLE_H

#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_table {
	struct key_entry {
		uint32_t rule, number;
		char fingerprint[SECRET_FINGERPRINT_SIZE]; /* "" : free */
	} *entries; /* owned; capacity (a power of two, or 0) of them */
	size_t count, capacity;
};

/* The number of this credential; *is_new says whether it was given just now. */
uint32_t key_table_add(struct key_table *table, uint32_t rule, const char fingerprint[SECRET_FINGERPRINT_SIZE],
		       bool *is_new);
void key_table_release(struct key_table *table);

#endif
