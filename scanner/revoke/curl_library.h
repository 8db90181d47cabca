/*
 * libcurl, loaded when the first request is made: a run that finds nothing does not pay the milliseconds that the
 * library and the forty others behind it cost at start.
 *
 * Types and constants come from curl/curl.h, so a call through a field is checked like a direct one. The optional
 * type checks of curl_easy_setopt() do not reach through a pointer: pass a long where libcurl wants a long.
 */
#ifndef STAUNCH_REVOKE_CURL_LIBRARY_H
#define STAUNCH_REVOKE_CURL_LIBRARY_H

#include "base/error.h"

#include <curl/curl.h>

#define CURL_LIBRARY_FUNCTIONS(FUNCTION)                        \
	FUNCTION(version_info)                                  \
	FUNCTION(global_init)                                   \
	FUNCTION(easy_init)                                     \
	FUNCTION(easy_reset)                                    \
	FUNCTION(easy_setopt)                                   \
	FUNCTION(easy_getinfo)                                  \
	FUNCTION(easy_strerror)                                 \
	FUNCTION(easy_cleanup)                                  \
	FUNCTION(multi_init)                                    \
	FUNCTION(multi_setopt)                                  \
	FUNCTION(multi_add_handle)                              \
	FUNCTION(multi_remove_handle)                           \
	FUNCTION(multi_perform)                                 \
	FUNCTION(multi_poll)                                    \
	FUNCTION(multi_info_read)                               \
	FUNCTION(multi_strerror)                                \
	FUNCTION(multi_cleanup)

/* curl_easy_init() is easy_init here, and so on. */
struct curl_library {
#define CURL_LIBRARY_FIELD(name) __typeof__(curl_##name) *name;
	CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_FIELD)
#undef CURL_LIBRARY_FIELD
};

/*
 * The library, loaded and initialised by the first call, which is made while the process has one thread. It stays
 * for the life of the process. NULL with *error (ERROR_UNSUPPORTED, names the package to install) when there is
 * none.
 */
const struct curl_library *curl_library_load(struct error *error);

#endif
