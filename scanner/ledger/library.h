/*
 * Libraries that are loaded when the ledger is first used, so that a run that finds nothing does not pay for them.
 * Private to ledger/.
 */
#ifndef STAUNCH_LEDGER_LIBRARY_H
#define STAUNCH_LEDGER_LIBRARY_H

#include "base/error.h"

#include <stddef.h>

/* A function to find in a library, and where in a structure of pointers it goes. */
struct library_function {
	const char *name;
	size_t offset;
};

/*
 * Load a shared library and fill the pointers of functions (count of them) in *table. It stays for the life of the
 * process. Returns 0, or ERROR_UNSUPPORTED with the Debian package that holds it.
 */
int library_load(const char *file, const char *package, const struct library_function *functions, size_t count,
		 void *table, struct error *error);

#endif
