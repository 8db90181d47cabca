#include "base/library.h"

#include <string.h>

void library_add_version(struct buffer *lines, const char *name, const char *version)
{
	int length = (int)strlen(version);

	while (length && version[length - 1] == ' ') /* Vectorscan's ends so where it was built without a date */
		length--;
	buffer_add_format(lines, "  %-11s %.*s\n", name, length, version);
}

void library_add_missing(struct buffer *lines, const char *name, const struct error *error)
{
	buffer_add_format(lines, "  %-11s none: %s\n", name, error->message);
}
