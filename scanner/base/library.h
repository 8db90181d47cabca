/*
 * The libraries that are loaded when they are needed: what their files are called on each system. And a line for each library for
 * `staunch --version --verbose`, which the room that uses it adds (…_add_libraries()).
 */
#ifndef STAUNCH_BASE_LIBRARY_H
#define STAUNCH_BASE_LIBRARY_H

#include "base/buffer.h"
#include "base/error.h"

#ifdef __APPLE__
#define LIBRARY_CURL "libcurl.4.dylib"
#define LIBRARY_VECTORSCAN "libhs.5.dylib"
#define LIBRARY_SQLITE "libsqlite3.dylib"
#define LIBRARY_POSTGRES "libpq.5.dylib"
#else
#define LIBRARY_CURL "libcurl.so.4"
#define LIBRARY_VECTORSCAN "libhs.so.5"
#define LIBRARY_SQLITE "libsqlite3.so.0"
#define LIBRARY_POSTGRES "libpq.so.5"
#endif

/* A line that names the library with its version (as the library itself says it: the one in use, not the one built with) ... */
void library_add_version(struct buffer *lines, const char *name, const char *version);

/* ... or says why there is none. */
void library_add_missing(struct buffer *lines, const char *name, const struct error *error);

#endif
