/*
 * libFuzzer harness: a multi-pack-index, read in full, and an index made from it for each of its packs: each object stands in just one of them, where it is found
 * again. The input is written to a file in memory, because it is mapped.
 */
#define _GNU_SOURCE
#include "git/pack_midx.h"
#include "harness.h"

#include <string.h>

/* Each pack costs a pass over all objects. */
#define PACKS_MAX 64

static uint32_t pack_check(const struct pack_midx *midx, uint32_t number)
{
	struct pack_index index;
	uint32_t position, count;

	pack_midx_index(midx, number, &index);
	for (uint32_t i = 0; i < index.count; i++) {
		if (!pack_index_find(&index, pack_index_id(&index, i), &position) || position != i)
			abort();
	}
	count = index.count;
	pack_index_close(&index);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct pack_midx midx;
	uint32_t count = 0;

	if (pack_midx_open(&midx, input_file(input, size), NULL))
		return 0;
	for (uint32_t i = 0; i < midx.pack_count; i++) {
		char *stem = strdup(midx.names[i]), *ending = strlen(stem) > 4 ? stem + strlen(stem) - 4 : NULL;

		if (ending && !strcmp(ending, ".idx")) {
			*ending = '\0';
			if (pack_midx_find(&midx, stem) != i)
				abort();
		}
		free(stem);
		if (i < PACKS_MAX)
			count += pack_check(&midx, i);
	}
	if (midx.pack_count <= PACKS_MAX && count != midx.count)
		abort();
	pack_midx_close(&midx);
	return 0;
}
