#define _GNU_SOURCE
#include "base/log.h"

#include "base/buffer.h"
#include "base/mask.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum log_level current_level = LOG_NORMAL;

void log_set_level(enum log_level level)
{
	current_level = level;
}

/* One write per line, so that lines of two processes or threads do not mix. */
static void log_line(const char *format, va_list arguments)
{
	struct buffer line = BUFFER_INIT, masked = BUFFER_INIT;
	char *message = NULL;
	ssize_t ignored;

	if (vasprintf(&message, format, arguments) < 0)
		return;
	buffer_add_string(&line, "staunch: ");
	mask_add(&masked, message);
	text_add_harmless(&line, masked.bytes);
	buffer_add_char(&line, '\n');
	ignored = write(STDERR_FILENO, line.bytes, line.length);
	(void)ignored; /* a stderr that is gone must not end the scan */
	buffer_release(&line);
	buffer_release(&masked);
	free(message);
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(format, arguments);
	va_end(arguments);
}

void log_note(const char *format, ...)
{
	va_list arguments;

	if (current_level < LOG_NORMAL)
		return;
	va_start(arguments, format);
	log_line(format, arguments);
	va_end(arguments);
}

void log_verbose(const char *format, ...)
{
	va_list arguments;

	if (current_level < LOG_VERBOSE)
		return;
	va_start(arguments, format);
	log_line(format, arguments);
	va_end(arguments);
}
