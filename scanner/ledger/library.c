#define _GNU_SOURCE
#include "ledger/library.h"

#include <dlfcn.h>
#include <string.h>

int library_load(const char *file, const char *package, const struct library_function *functions, size_t count,
		 void *table, struct error *error)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return error_set(error, ERROR_UNSUPPORTED, "'%s', which it needs, cannot be loaded: install the package %s",
				 file, package);
	for (size_t i = 0; i < count; i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function) {
			dlclose(handle);
			return error_set(error, ERROR_UNSUPPORTED, "the installed '%s' is too old: it has no '%s'", file,
					 functions[i].name);
		}
		memcpy((char *)table + functions[i].offset, &function, sizeof(function));
	}
	return 0;
}
