#define _GNU_SOURCE
#include "source/archive_library.h"

#include "base/library.h"
#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct library_function functions[] = {
#define ARCHIVE_LIBRARY_ENTRY(name) { "archive_" #name, offsetof(struct archive_library, name) },
	ARCHIVE_LIBRARY_FUNCTIONS(ARCHIVE_LIBRARY_ENTRY)
#undef ARCHIVE_LIBRARY_ENTRY
};

static struct archive_library library;
static struct error complaint;
static bool loaded;

int archive_library_load(struct error *error)
{
	/* lazily: binding all of what it brings along at once takes three times as long, and most of that is never called */
	static const struct library_wanted wanted = { LIBRARY_ARCHIVE, "libarchive13", "reads archives", functions,
						      sizeof(functions) / sizeof(*functions), true };

	if (loaded)
		return 0;
	if (library_load(&wanted, &library, &complaint))
		return error_set(error, complaint.code, "%s", complaint.message);
	library.utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	loaded = true;
	return 0;
}

const struct archive_library *archive_library_get(const char **why)
{
	*why = complaint.message;
	return loaded ? &library : NULL;
}

void source_add_libraries(struct buffer *lines)
{
	struct error error;

	if (archive_library_load(&error))
		library_add_missing(lines, "libarchive", &error);
	else
		library_add_version(lines, "libarchive", library.version_string() + strlen("libarchive "));
}
