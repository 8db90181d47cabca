#define _GNU_SOURCE
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, enum error_code code, const char *format, ...)
{
	if (error) {
		va_list arguments;

		error->code = code;
		va_start(arguments, format);
		vsnprintf(error->message, sizeof(error->message), format, arguments);
		va_end(arguments);
	}
	return code;
}

int error_set_errno(struct error *error, const char *format, ...)
{
	int number = errno;

	if (error) {
		va_list arguments;
		char text[128] = "";
		size_t length;

		error->code = ERROR_IO;
		va_start(arguments, format);
		vsnprintf(error->message, sizeof(error->message), format, arguments);
		va_end(arguments);
		length = strlen(error->message);
		/* the GNU strerror_r returns the text, and uses the buffer only when it must */
		snprintf(error->message + length, sizeof(error->message) - length, ": %s",
			 strerror_r(number, text, sizeof(text)));
	}
	errno = number;
	return ERROR_IO;
}
