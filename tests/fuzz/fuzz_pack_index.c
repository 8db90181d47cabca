/*
 * libFuzzer harness: an index file (.idx), read in full and asked for each of its objects. The input is written to
 * a file in memory, because indexes are mapped.
 */
#define _GNU_SOURCE
#include "git/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static int file = -1;
	static char path[64];
	struct pack_index index;
	uint64_t sum = 0;

	if (file < 0) {
		file = memfd_create("index", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	if (ftruncate(file, 0) || pwrite(file, input, size, 0) != (ssize_t)size)
		abort();
	if (pack_index_open(&index, path, NULL))
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
