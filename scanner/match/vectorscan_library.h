/*
 * Vectorscan, loaded when much is to be searched: a pre-commit hook looks at a few kilobytes and would spend more time on loading
 * the library, and the C++ one behind it, than on everything else. Private to match/.
 */
#ifndef STAUNCH_MATCH_VECTORSCAN_LIBRARY_H
#define STAUNCH_MATCH_VECTORSCAN_LIBRARY_H

#include "base/error.h"

#include <hs.h>

#define VECTORSCAN_LIBRARY_FUNCTIONS(FUNCTION) \
	FUNCTION(compile_lit_multi)            \
	FUNCTION(free_compile_error)           \
	FUNCTION(free_database)                \
	FUNCTION(alloc_scratch)                \
	FUNCTION(free_scratch)                 \
	FUNCTION(scan)                         \
	FUNCTION(version)

/* hs_scan() is scan here, and so on. */
struct vectorscan_library {
#define VECTORSCAN_LIBRARY_FIELD(name) __typeof__(hs_##name) *name;
	VECTORSCAN_LIBRARY_FUNCTIONS(VECTORSCAN_LIBRARY_FIELD)
#undef VECTORSCAN_LIBRARY_FIELD
};

/*
 * The library, loaded by the first call, which is made while the process has one thread. It stays for the life of the process. NULL with
 * *error (ERROR_UNSUPPORTED, names the package to install) when there is none.
 */
const struct vectorscan_library *vectorscan_library_load(struct error *error);

#endif
