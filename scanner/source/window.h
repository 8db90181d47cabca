/*
 * Reading a file descriptor in bounded memory: windows that overlap, so that nothing at a border is missed. Private to source/.
 */
#ifndef STAUNCH_SOURCE_WINDOW_H
#define STAUNCH_SOURCE_WINDOW_H

#include "source/source.h"

/* Most files fit one window, so they are searched in one call; larger ones cost this much memory per thread. */
#define WINDOW_SIZE ((size_t)1 << 20)

/*
 * Read fd to its end and hand it out as chunks like *chunk (its bytes, size, offset, first and last are set here). buffer holds WINDOW_SIZE bytes.
 * size_hint is the size that fstat gave, which saves a read when it turns out right; 0 when not known: then it may have to wait for input, and
 * events->stop ends that within moments. Adds to *bytes what was read.
 * Returns 0, or ERROR_IO with errno set; what had been read until then was handed out.
 */
int window_read(const struct source_events *events, unsigned worker, int fd, uint64_t size_hint, char *buffer,
		struct chunk *chunk, uint64_t *bytes);

#endif
