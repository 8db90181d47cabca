/*
 * A growing run of bytes with a NUL behind it.
 */
#ifndef STAUNCH_BASE_BUFFER_H
#define STAUNCH_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

struct buffer {
	char *bytes;     /* owned; NULL while nothing was ever added; bytes[length] is NUL otherwise */
	size_t length;   /* bytes in use */
	size_t capacity; /* bytes allocated, without the NUL */
};

#define BUFFER_INIT { NULL, 0, 0 }

/* Make room for extra more bytes. */
void buffer_reserve(struct buffer *buffer, size_t extra);

void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_add_string(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char character);
void buffer_add_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empty it and keep the memory. */
void buffer_clear(struct buffer *buffer);

/* Give the memory back. */
void buffer_release(struct buffer *buffer);

/* As buffer_release(), overwriting the bytes first: for buffers that may have held a credential. Such a buffer must be
 * reserved to its final size beforehand, because growing leaves the old bytes behind. */
void buffer_wipe(struct buffer *buffer);

#endif
