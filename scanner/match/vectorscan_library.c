#define _GNU_SOURCE
#include "match/vectorscan_library.h"

#include "base/library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset; /* of the pointer in struct vectorscan_library */
} functions[] = {
#define VECTORSCAN_LIBRARY_ENTRY(name) { "hs_" #name, offsetof(struct vectorscan_library, name) },
	VECTORSCAN_LIBRARY_FUNCTIONS(VECTORSCAN_LIBRARY_ENTRY)
#undef VECTORSCAN_LIBRARY_ENTRY
};

static struct vectorscan_library library;
static bool loaded;

const struct vectorscan_library *vectorscan_library_load(struct error *error)
{
	void *handle;

	if (loaded)
		return &library;
	handle = dlopen(LIBRARY_VECTORSCAN, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		error_set(error, ERROR_UNSUPPORTED,
			  "cannot load '" LIBRARY_VECTORSCAN "', which finds credentials: install the package libvectorscan5");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function) {
			error_set(error, ERROR_UNSUPPORTED, "cannot use the installed '" LIBRARY_VECTORSCAN "': it has no '%s'",
				  functions[i].name);
			dlclose(handle);
			return NULL;
		}
		memcpy((char *)&library + functions[i].offset, &function, sizeof(function));
	}
	loaded = true;
	return &library;
}
