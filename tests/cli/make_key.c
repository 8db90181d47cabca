/*
 * Makes credentials for tests, so that none stands in a file of this repository: well-formed AI Gateway keys from random bytes, one a
 * line on standard output.
 *
 *   make_key [--seed N] [--like FORM] [--bad-checksum | --loose] [COUNT]
 *
 * Without a variant their checksums hold (staunch is certain of them); --bad-checksum makes likely ones, --loose ones of 40 characters
 * that only the loose pattern matches. The same seed makes the same keys. --like makes another provider's: see forms.
 */
#include "match/match.h"
#include "rule/rule.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CHECKSUM_LENGTH 6
#define LOOSE_LENGTH 40
#define BODY_MAX 200
#define MIN_ENTROPY 3.5 /* as in rules/vercel.json */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static const struct form {
	const char *name, *prefix, *alphabet;
	size_t length;        /* behind the prefix, without the checksum */
	bool has_checksum;
	const char *insert;   /* stands at insert_at of the body; NULL: nothing does */
	size_t insert_at;
} forms[] = {
	{ "vck", "vck_", LETTERS DIGITS "-_", 50, true, NULL, 0 },
	{ "vcp", "vcp_", LETTERS DIGITS "-_", 50, true, NULL, 0 },
	{ "ghp", "ghp_", LETTERS DIGITS, 30, true, NULL, 0 },
	{ "gho", "gho_", LETTERS DIGITS, 30, true, NULL, 0 },
	{ "ghr", "ghr_", LETTERS DIGITS, 70, true, NULL, 0 },
	{ "github_pat", "github_pat_1", LETTERS DIGITS, 81, false, "_", 21 },
	{ "hf", "hf_", LETTERS, 34, false, NULL, 0 },
	{ "openai", "sk-proj-", LETTERS DIGITS, 156, false, "T3Blbk" "FJ", 74 },
	{ "glpat", "glpat-", LETTERS DIGITS, 20, false, NULL, 0 },
	{ "xoxb", "xoxb-271828182845-", LETTERS DIGITS, 24, false, NULL, 0 },
};

enum variant { VARIANT_CERTAIN, VARIANT_BAD_CHECKSUM, VARIANT_LOOSE };

/* splitmix64: a number that looks random from each of a counter's */
static uint64_t next_random(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15u;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

static void fill_random(char *text, const struct form *form, size_t length, uint64_t *state)
{
	for (size_t i = 0; i < length; i++)
		text[i] = form->alphabet[next_random(state) % strlen(form->alphabet)];
	text[length] = '\0';
	if (form->insert)
		memcpy(text + form->insert_at, form->insert, strlen(form->insert));
}

/* Chance may write XXXXXX or a second prefix: then it is no key to test with. */
static bool looks_random(const struct form *form, const char *text)
{
	return match_entropy(text, strlen(text)) >= MIN_ENTROPY && !match_is_placeholder(text, strlen(text)) &&
	       !strstr(text, form->prefix);
}

static void make_key(const struct form *form, enum variant variant, uint64_t *state)
{
	char body[BODY_MAX + 1], checksum[CHECKSUM_LENGTH + 1] = "";
	size_t length = variant == VARIANT_LOOSE ? LOOSE_LENGTH : form->length;

	do {
		fill_random(body, form, length, state);
	} while (!looks_random(form, body));
	if (variant != VARIANT_LOOSE && form->has_checksum)
		checksum_write(CHECKSUM_CRC32_BASE62, body, length, checksum, CHECKSUM_LENGTH);
	if (variant == VARIANT_BAD_CHECKSUM)
		checksum[CHECKSUM_LENGTH - 1] = checksum[CHECKSUM_LENGTH - 1] == '0' ? '1' : '0';
	printf("%s%s%s\n", form->prefix, body, checksum);
}

static const struct form *find_form(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!strcmp(forms[i].name, name))
			return &forms[i];
	}
	fprintf(stderr, "make_key: no form '%s'\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	const struct form *form = &forms[0];
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
		} else if (!strcmp(argv[i], "--like") && i + 1 < argc) {
			form = find_form(argv[++i]);
		} else if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
			state = strtoull(argv[++i], NULL, 10);
		} else if (argv[i][0] >= '1' && argv[i][0] <= '9') {
			count = strtoul(argv[i], NULL, 10);
		} else {
			fprintf(stderr, "usage: make_key [--seed N] [--like FORM] [--bad-checksum | --loose] [COUNT]\n");
			return 2;
		}
	}
	for (unsigned long i = 0; i < count; i++)
		make_key(form, variant, &state);
	return fflush(stdout) ? 1 : 0;
}
