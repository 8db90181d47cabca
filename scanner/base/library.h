/*
 * Libraries that are loaded when they are needed, so that a run that does not need them does not pay for them; and what their files are called on each system. And a line for each library for
 * `staunch --version --verbose`, which the room that uses it adds (…_add_libraries()).
 */
#ifndef STAUNCH_BASE_LIBRARY_H
#define STAUNCH_BASE_LIBRARY_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __APPLE__
#define LIBRARY_CURL "libcurl.4.dylib"
#define LIBRARY_VECTORSCAN "libhs.5.dylib"
#define LIBRARY_SQLITE "libsqlite3.dylib"
#define LIBRARY_POSTGRES "libpq.5.dylib"
#define LIBRARY_ARCHIVE "libarchive.13.dylib"
#else
#define LIBRARY_CURL "libcurl.so.4"
#define LIBRARY_VECTORSCAN "libhs.so.5"
#define LIBRARY_SQLITE "libsqlite3.so.0"
#define LIBRARY_POSTGRES "libpq.so.5"
#define LIBRARY_ARCHIVE "libarchive.so.13"
#endif

/* A function to find in a library, and where in a structure of pointers it goes. */
struct library_function {
	const char *name;
	size_t offset;
};

struct library_wanted {
	const char *file;    /* LIBRARY_… */
	const char *package; /* that holds it in Debian */
	const char *purpose; /* what it is for: "reads archives" */
	const struct library_function *functions; /* count of them */
	size_t count;
	bool lazily; /* bind functions when they are called, where the library brings much along of which little is called */
};

/*
 * Load a shared library and fill the pointers in *table. It stays for the life of the process. Returns 0, or ERROR_UNSUPPORTED (the message names the package
 * to install). While the process has one thread.
 */
int library_load(const struct library_wanted *wanted, void *table, struct error *error);

/* A line that names the library with its version (as the library itself says it: the one in use, not the one built with) ... */
void library_add_version(struct buffer *lines, const char *name, const char *version);

/* ... or says why there is none. */
void library_add_missing(struct buffer *lines, const char *name, const struct error *error);

#endif
