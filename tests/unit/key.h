/*
 * Well-formed vck_ keys for unit tests, made at run time so that no file holds one. The same seed gives the same key.
 */
#ifndef STAUNCH_TESTS_UNIT_KEY_H
#define STAUNCH_TESTS_UNIT_KEY_H

#include "rule/rule.h"

#include <string.h>

#define KEY_LENGTH 60

static inline void make_key(char key[KEY_LENGTH + 1], unsigned seed)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	memcpy(key, "vck_", 4);
	for (int i = 0; i < 50; i++) {
		seed = seed * 1664525 + 1013904223; /* Numerical Recipes' generator */
		key[4 + i] = alphabet[seed >> 26];
	}
	checksum_write(CHECKSUM_CRC32_BASE62, key + 4, 50, key + 54, 6);
	key[KEY_LENGTH] = '\0';
}

#endif
