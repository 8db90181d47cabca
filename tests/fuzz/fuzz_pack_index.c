/*
 * libFuzzer harness: an index file (.idx), read in full and asked for each of its objects. The input is written to
 * a file in memory, because indexes are mapped.
 */
#define _GNU_SOURCE
#include "git/pack.h"
#include "harness.h"


int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct pack_index index;
	uint64_t sum = 0;

	if (pack_index_open(&index, input_file(input, size), NULL))
		return 0;
	for (uint32_t i = 0; i < index.count; i++) {
		uint32_t position;

		sum += pack_index_offset(&index, i);
		if (!pack_index_find(&index, pack_index_id(&index, i), &position) && index.in_order)
			abort();
	}
	pack_index_close(&index);
	return sum == 1;
}
