/*
 * Standard input and other streams.
 */
#include "base/memory.h"
#include "source/window.h"

#include <stdlib.h>

int source_stream(const struct source_events *events, int fd, const char *label, struct source_counts *counts,
		  struct error *error)
{
	struct chunk chunk = { .kind = PLACE_STDIN, .path = label, .object = "", .commit = "", .reachable = true };
	char *buffer = memory_allocate(WINDOW_SIZE);
	int result = window_read(events, 0, fd, 0, buffer, &chunk, &counts->bytes);

	if (result)
		error_set_errno(error, "cannot read '%s'", label);
	counts->objects++;
	free(buffer);
	return result;
}
