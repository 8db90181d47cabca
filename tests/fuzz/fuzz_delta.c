/*
 * libFuzzer harness: a delta and its base. The input's first two bytes are the size of the base (big-endian), then
 * come base and delta. Everything is copied to memory that ends where the contract says, so that the sanitizer
 * sees a step beyond it.
 *
 * Three readers go through each delta, and they have to agree: the one that makes the result, the one that lists its runs, and the one that tells what
 * is fresh in it. What stands in the result and not in the base has to be told.
 */
#define _GNU_SOURCE
#include "git/delta_fresh.h"
#include "git/delta_runs.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define RESULT_MAX ((uint64_t)1 << 20)

static const char *const texts[] = { "abcd", "0123456", "zz", "fgh" };
#define SHORT 2 /* the number of the one that is left out where all are long */
#define TEXT_COUNT (sizeof(texts) / sizeof(*texts))

static void texts_list(struct delta_seam_texts *seam, bool are_long)
{
	memset(seam, 0, sizeof(*seam));
	seam->are_long = are_long;
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		const unsigned char *text = (const unsigned char *)texts[i];

		for (size_t k = 0; text[k + 1] && !(are_long && i == SHORT); k++)
			seam->pairs[text[k] * 4 + text[k + 1] / 64] |= UINT64_C(1) << text[k + 1] % 64;
		if (strlen(texts[i]) - 1 > seam->reach)
			seam->reach = strlen(texts[i]) - 1;
	}
}

static bool holds(const unsigned char *bytes, size_t size, const char *text)
{
	return memmem(bytes, size, text, strlen(text)) != NULL;
}

/* All three on one delta. */
static void readers_compare(const unsigned char *base, size_t base_size, const unsigned char *delta, size_t delta_size,
			    size_t result_size)
{
	unsigned char *result = malloc(result_size + DELTA_SLACK), *same = malloc(result_size + DELTA_SLACK);
	static struct delta_seam_texts seam;
	static struct delta_seams seams;
	static struct delta_runs runs; /* kept: its memory is used again, as a worker does */
	bool are_long = delta_size % 2;
	const char *complaint = delta_apply(base, base_size, delta, delta_size, result, result_size), *other;

	texts_list(&seam, are_long);
	other = delta_runs_read(&runs, base, base_size, delta, delta_size, result_size);
	check(other == complaint || !strcmp(other ? other : "", complaint ? complaint : ""));
	other = delta_apply_fresh(base, base_size, delta, delta_size, same, result_size, &seam, &seams);
	check(other == complaint || !strcmp(other ? other : "", complaint ? complaint : ""));
	if (!complaint) {
		check(!memcmp(result, same, result_size));
		memset(same, 0xee, result_size);
		delta_runs_write(&runs, same);
		check(!memcmp(result, same, result_size));
		for (size_t i = 0; i < TEXT_COUNT && !seams.are_more; i++)
			check((are_long && i == SHORT) || holds(base, base_size, texts[i]) || !holds(result, result_size, texts[i]) ||
			      holds(delta, delta_size, texts[i]) || holds(seams.bytes, seams.size, texts[i]));
	}
	free(result);
	free(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	unsigned char *base, *delta;
	uint64_t declared_base, result_size;
	size_t base_size, delta_size;

	if (size < 2)
		return 0;
	base_size = (size_t)input[0] << 8 | input[1];
	if (base_size > size - 2)
		base_size = size - 2;
	delta_size = size - 2 - base_size;
	if (!delta_sizes(input + 2 + base_size, delta_size, &declared_base, &result_size) ||
	    result_size > RESULT_MAX)
		return 0;
	base = calloc(1, base_size + DELTA_SLACK);
	delta = calloc(1, delta_size + DELTA_SLACK);
	memcpy(base, input + 2, base_size);
	memcpy(delta, input + 2 + base_size, delta_size);
	readers_compare(base, base_size, delta, delta_size, (size_t)result_size);
	free(base);
	free(delta);
	return 0;
}
