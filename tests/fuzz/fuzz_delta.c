/*
 * libFuzzer harness: a delta and its base. The input's first two bytes are the size of the base (big-endian), then
 * come base and delta. Everything is copied to memory that ends where the contract says, so that the sanitizer
 * sees a step beyond it.
 */
#include "git/delta.h"

#include <stdlib.h>
#include <string.h>

#define RESULT_MAX ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	unsigned char *base, *delta, *result;
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
	result = malloc(result_size + DELTA_SLACK);
	memcpy(base, input + 2, base_size);
	memcpy(delta, input + 2 + base_size, delta_size);
	if (!delta_apply(base, base_size, delta, delta_size, result, result_size) && base_size != declared_base)
		abort();
	free(base);
	free(delta);
	free(result);
	return 0;
}
