#define _GNU_SOURCE
#include "revoke/curl_library.h"

#include "base/library.h"
#include "revoke/revoke.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_NEEDED 0x075700 /* 7.87, for CURLOPT_QUICK_EXIT */

/*
 * The second is the same library built with GnuTLS. Debian's git depends on it, so it is there when the first is
 * not.
 */
static const char *const library_names[] = { LIBRARY_CURL, "libcurl-gnutls.so.4" };

static const struct {
	const char *name;
	size_t offset; /* of the pointer in struct curl_library */
} functions[] = {
#define CURL_LIBRARY_ENTRY(name) { "curl_" #name, offsetof(struct curl_library, name) },
	CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_ENTRY)
#undef CURL_LIBRARY_ENTRY
};

static struct curl_library library;
static bool loaded;

static int library_resolve(void *handle, struct error *error)
{
	const curl_version_info_data *version;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function)
			return error_set(error, ERROR_UNSUPPORTED,
					 "cannot use the installed libcurl: it has no '%s'", functions[i].name);
		memcpy((char *)&library + functions[i].offset, &function, sizeof(function));
	}
	version = library.version_info(CURLVERSION_NOW);
	if (version->version_num < VERSION_NEEDED)
		return error_set(error, ERROR_UNSUPPORTED, "cannot use libcurl %s: 7.87 or later is needed",
				 version->version);
	/* with this, libcurl's TLS writes to a file what would let an eavesdropper read the requests */
	unsetenv("SSLKEYLOGFILE");
	if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(error, ERROR_UNSUPPORTED, "cannot initialise libcurl");
	return 0;
}

const struct curl_library *curl_library_load(struct error *error)
{
	void *handle = NULL;

	if (loaded)
		return &library;
	for (size_t i = 0; !handle && i < sizeof(library_names) / sizeof(library_names[0]); i++)
		handle = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		error_set(error, ERROR_UNSUPPORTED,
			  "cannot load '" LIBRARY_CURL "', which sends the reports: install the package libcurl4");
		return NULL;
	}
	if (library_resolve(handle, error) < 0) {
		dlclose(handle);
		return NULL;
	}
	loaded = true;
	return &library;
}

void revoke_add_libraries(struct buffer *lines)
{
	struct error error;
	const struct curl_library *curl = curl_library_load(&error);
	const curl_version_info_data *info = curl ? curl->version_info(CURLVERSION_NOW) : NULL;
	char version[96];

	if (!info) {
		library_add_missing(lines, "libcurl", &error);
		return;
	}
	snprintf(version, sizeof(version), "%s (%s)", info->version, info->ssl_version ? info->ssl_version : "without TLS");
	library_add_version(lines, "libcurl", version);
}
