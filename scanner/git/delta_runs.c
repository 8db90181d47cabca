#include "git/delta_runs.h"

#include "base/memory.h"
#include "git/delta_reader.h"

#include <stdlib.h>
#include <string.h>

const char delta_runs_too_many[] = "a delta holds more instructions than are listed";

const char *delta_runs_read(struct delta_runs *runs, const unsigned char *base, size_t base_size,
			    const unsigned char *delta, size_t delta_size, size_t result_size)
{
	struct delta_reader reader;
	const char *complaint = delta_begin(&reader, base, base_size, delta, delta_size, result_size);
	const unsigned char *copied_to = NULL; /* where in the base the last run ends, when it is a copy */

	runs->count = 0;
	while (!complaint && reader.at < reader.end) {
		const unsigned char *bytes;
		bool is_copied;
		size_t size;

		complaint = delta_next(&reader, &bytes, &size, &is_copied);
		if (complaint)
			break;
		if (is_copied && bytes == copied_to) {
			runs->runs[runs->count - 1].size += (uint32_t)size;
		} else {
			if (runs->count == DELTA_RUNS_MAX)
				return delta_runs_too_many;
			memory_grow(runs->runs, runs->count, runs->capacity);
			runs->runs[runs->count++] = (struct delta_run){ bytes, (uint32_t)size, is_copied };
		}
		copied_to = is_copied ? bytes + size : NULL;
	}
	return complaint ? complaint : delta_end(&reader);
}

void delta_runs_release(struct delta_runs *runs)
{
	free(runs->runs);
	*runs = (struct delta_runs){ NULL, 0, 0 };
}

void delta_runs_write(const struct delta_runs *runs, unsigned char *result)
{
	for (size_t i = 0; i < runs->count; i++) {
		delta_copy(result, runs->runs[i].bytes, runs->runs[i].size);
		result += runs->runs[i].size;
	}
}
