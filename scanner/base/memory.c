#define _GNU_SOURCE
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(void)
{
	static const char message[] = "staunch: out of memory: the scan is incomplete\n";
	ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);

	(void)ignored; /* nothing can be done about a stderr that is gone */
	_exit(3);      /* EXIT_INCOMPLETE of design section 1 */
}

void *memory_allocate(size_t size)
{
	void *bytes = malloc(size ? size : 1);

	if (!bytes)
		out_of_memory();
	return bytes;
}

void *memory_allocate_zeroed(size_t count, size_t size)
{
	void *bytes = calloc(count ? count : 1, size ? size : 1);

	if (!bytes)
		out_of_memory();
	return bytes;
}

void *memory_resize(void *old, size_t count, size_t size)
{
	void *bytes;

	if (size && count > SIZE_MAX / size)
		out_of_memory();
	bytes = realloc(old, size && count ? count * size : 1);
	if (!bytes)
		out_of_memory();
	return bytes;
}

char *memory_copy_string(const char *text)
{
	return text ? memory_copy_bytes(text, strlen(text)) : NULL;
}

char *memory_copy_bytes(const void *bytes, size_t length)
{
	char *copy = memory_allocate(length + 1);

	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

char *memory_format(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		out_of_memory();
	va_end(arguments);
	return text;
}
