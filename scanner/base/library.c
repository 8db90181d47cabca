#define _GNU_SOURCE
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

int library_load(const struct library_wanted *wanted, void *table, struct error *error)
{
	void *handle = dlopen(wanted->file, (wanted->lazily ? RTLD_LAZY : RTLD_NOW) | RTLD_LOCAL);

	if (!handle)
		return error_set(error, ERROR_UNSUPPORTED, "cannot load '%s', which %s: install the package %s", wanted->file, wanted->purpose,
				 wanted->package);
	for (size_t i = 0; i < wanted->count; i++) {
		void *function = dlsym(handle, wanted->functions[i].name);

		if (!function) {
			dlclose(handle);
			return error_set(error, ERROR_UNSUPPORTED, "cannot use the installed '%s': it has no '%s'", wanted->file,
					 wanted->functions[i].name);
		}
		memcpy((char *)table + wanted->functions[i].offset, &function, sizeof(function));
	}
	return 0;
}

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
