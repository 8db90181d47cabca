#include "source/window.h"

#include <stdatomic.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* How soon a read that waits for somebody's input notices that it is to stop. */
#define LOOK_FOR_STOP_MS 200

/*
 * Wait for something to read, the end or an error. Returns false when the walk is to stop: a read that waits
 * would not notice.
 */
static bool wait_for_input(int fd, const atomic_int *stop)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };

	while (!*stop) {
		int ready = poll(&input, 1, LOOK_FOR_STOP_MS);

		if (ready > 0 || (ready < 0 && errno != EINTR))
			return true;
	}
	return false;
}

/*
 * Fill buffer from *filled up to WINDOW_SIZE. Returns 1 when the end was reached (or the walk is to stop), 0 when
 * the buffer is full, or -1.
 */
static int fill(int fd, uint64_t offset, uint64_t size_hint, const atomic_int *stop, char *buffer, size_t *filled)
{
	while (*filled < WINDOW_SIZE) {
		ssize_t got;

		if (!size_hint && !wait_for_input(fd, stop))
			return 1;
		got = read(fd, buffer + *filled, WINDOW_SIZE - *filled);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return 1;
		*filled += (size_t)got;
		if (size_hint && offset + *filled == size_hint)
			return 1;
	}
	return 0;
}

int window_read(const struct source_events *events, unsigned worker, int fd, uint64_t size_hint, char *buffer,
		struct chunk *chunk, uint64_t *bytes)
{
	size_t filled = 0, kept = 0;
	uint64_t offset = 0;
	bool first = true;

	for (;;) {
		int ended = fill(fd, offset, size_hint, events->stop, buffer, &filled);
		int number = errno;

		*bytes += filled - kept;
		events->progress->bytes += filled - kept;
		chunk->bytes = buffer;
		chunk->size = filled;
		chunk->offset = offset;
		chunk->first = first;
		chunk->last = ended != 0; /* after an error no more comes: what is here is searched to its end */
		if (filled)
			events->chunk(events->context, worker, chunk);
		if (ended < 0) {
			errno = number;
			return ERROR_IO;
		}
		if (ended || *events->stop)
			return 0;
		kept = events->overlap;
		offset += filled - kept;
		memmove(buffer, buffer + filled - kept, kept);
		filled = kept;
		first = false;
	}
}
