#define _GNU_SOURCE
#include "match/vectorscan_library.h"

#include "base/library.h"

#include <stdbool.h>
#include <stddef.h>

static const struct library_function functions[] = {
#define VECTORSCAN_LIBRARY_ENTRY(name) { "hs_" #name, offsetof(struct vectorscan_library, name) },
	VECTORSCAN_LIBRARY_FUNCTIONS(VECTORSCAN_LIBRARY_ENTRY)
#undef VECTORSCAN_LIBRARY_ENTRY
};

static struct vectorscan_library library;
static bool loaded;

const struct vectorscan_library *vectorscan_library_load(struct error *error)
{
	static const struct library_wanted wanted = { LIBRARY_VECTORSCAN, "libvectorscan5", "finds credentials", functions,
						      sizeof(functions) / sizeof(*functions), false };

	loaded = loaded || !library_load(&wanted, &library, error);
	return loaded ? &library : NULL;
}
