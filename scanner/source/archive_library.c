#define _GNU_SOURCE
#include "source/archive_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset; /* of the pointer in struct archive_library */
} functions[] = {
#define ARCHIVE_LIBRARY_ENTRY(name) { "archive_" #name, offsetof(struct archive_library, name) },
	ARCHIVE_LIBRARY_FUNCTIONS(ARCHIVE_LIBRARY_ENTRY)
#undef ARCHIVE_LIBRARY_ENTRY
};

static struct archive_library library;
static struct error complaint;
static bool loaded;

int archive_library_load(struct error *error)
{
	void *handle;

	if (loaded)
		return 0;
	/* lazily: binding all of what it brings along at once takes three times as long, and most of that is never called */
	handle = dlopen("libarchive.so.13", RTLD_LAZY | RTLD_LOCAL);
	if (!handle) {
		error_set(&complaint, ERROR_UNSUPPORTED,
			  "cannot load 'libarchive.so.13', which reads archives: install the package libarchive13");
		goto failed;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function) {
			error_set(&complaint, ERROR_UNSUPPORTED, "cannot use the installed 'libarchive.so.13': it has no '%s'",
				  functions[i].name);
			dlclose(handle);
			goto failed;
		}
		memcpy((char *)&library + functions[i].offset, &function, sizeof(function));
	}
	library.utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	loaded = true;
	return 0;
failed:
	return error_set(error, complaint.code, "%s", complaint.message);
}

const struct archive_library *archive_library_get(const char **why)
{
	*why = complaint.message;
	return loaded ? &library : NULL;
}
