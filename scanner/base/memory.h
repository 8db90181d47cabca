/*
 * Allocation that cannot fail: when memory is gone the process says so and ends with the exit code for an incomplete
 * run. In the scan process the broker sees that end and keeps what was found.
 *
 * Sizes that come from input are checked against a named ceiling before they reach these functions.
 */
#ifndef STAUNCH_BASE_MEMORY_H
#define STAUNCH_BASE_MEMORY_H

#include <stddef.h>

/* Return size bytes, uninitialised (zeroed for the second); never NULL. The caller owns them and uses free(). */
void *memory_allocate(size_t size);
void *memory_allocate_zeroed(size_t count, size_t size);

/* Resize as realloc(); never NULL. count * size is checked for overflow. */
void *memory_resize(void *old, size_t count, size_t size);

/* A copy of a string, or of length bytes of it with a NUL added. A NULL text gives NULL. */
char *memory_copy_string(const char *text);
char *memory_copy_bytes(const void *bytes, size_t length);

/* Format into a new string that the caller frees. */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Make room for one more element in the array *items of *capacity elements, count of them in use.
 * Growth is by half, so n appends cost O(n).
 */
#define memory_grow(items, count, capacity)                                                                            \
	do {                                                                                                           \
		if ((count) >= (capacity)) {                                                                           \
			(capacity) = (capacity) < 8 ? 8 : (capacity) + (capacity) / 2;                                 \
			(items) = memory_resize((items), (capacity), sizeof(*(items)));                                \
		}                                                                                                      \
	} while (0)

#endif
