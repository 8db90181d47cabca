/*
 * Makes credentials for tests, so that none stands in a file of this repository: well-formed AI Gateway keys from random bytes, one a
 * line on standard output.
 *
 *   make_key [--seed N] [--bad-checksum | --loose] [COUNT]
 *
 * Without a variant their checksums hold (staunch is certain of them); --bad-checksum makes likely ones, --loose ones of 40 characters
 * that only the loose pattern matches. The same seed makes the same keys.
 */
#include "match/match.h"
#include "rule/rule.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PREFIX "vck_"
#define BODY_LENGTH 50
#define CHECKSUM_LENGTH 6
#define LOOSE_LENGTH 40
#define MIN_ENTROPY 3.5 /* as in rules/vercel.json */

enum variant { VARIANT_CERTAIN, VARIANT_BAD_CHECKSUM, VARIANT_LOOSE };

/* splitmix64: a number that looks random from each of a counter's */
static uint64_t next_random(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15u;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

static void fill_random(char *text, size_t length, uint64_t *state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < length; i++)
		text[i] = alphabet[next_random(state) % 64];
	text[length] = '\0';
}

/* Chance may write XXXXXX or a second prefix: then it is no key to test with. */
static bool looks_random(const char *text)
{
	return match_entropy(text, strlen(text)) >= MIN_ENTROPY && !match_is_placeholder(text, strlen(text)) &&
	       !strstr(text, PREFIX);
}

static void make_key(enum variant variant, uint64_t *state)
{
	char body[BODY_LENGTH + 1], checksum[CHECKSUM_LENGTH + 1] = "";
	size_t length = variant == VARIANT_LOOSE ? LOOSE_LENGTH : BODY_LENGTH;

	do {
		fill_random(body, length, state);
	} while (!looks_random(body));
	if (variant != VARIANT_LOOSE)
		checksum_write(CHECKSUM_CRC32_BASE62, body, length, checksum, CHECKSUM_LENGTH);
	if (variant == VARIANT_BAD_CHECKSUM)
		checksum[CHECKSUM_LENGTH - 1] = checksum[CHECKSUM_LENGTH - 1] == '0' ? '1' : '0';
	printf(PREFIX "%s%s\n", body, checksum);
}

int main(int argc, char **argv)
{
	enum variant variant = VARIANT_CERTAIN;
	unsigned long count = 1;
	uint64_t state;

	if (getrandom(&state, sizeof(state), 0) != sizeof(state))
		return 1;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--bad-checksum")) {
			variant = VARIANT_BAD_CHECKSUM;
		} else if (!strcmp(argv[i], "--loose")) {
			variant = VARIANT_LOOSE;
		} else if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
			state = strtoull(argv[++i], NULL, 10);
		} else if (argv[i][0] >= '1' && argv[i][0] <= '9') {
			count = strtoul(argv[i], NULL, 10);
		} else {
			fprintf(stderr, "usage: make_key [--seed N] [--bad-checksum | --loose] [COUNT]\n");
			return 2;
		}
	}
	for (unsigned long i = 0; i < count; i++)
		make_key(variant, &state);
	return fflush(stdout) ? 1 : 0;
}
