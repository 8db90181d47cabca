#define _GNU_SOURCE
#include "revoke/curl_library.h"

#include "base/library.h"
#include "revoke/revoke.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define VERSION_NEEDED 0x075700 /* 7.87, for CURLOPT_QUICK_EXIT */

static const struct library_function functions[] = {
#define CURL_LIBRARY_ENTRY(name) { "curl_" #name, offsetof(struct curl_library, name) },
	CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_ENTRY)
#undef CURL_LIBRARY_ENTRY
};

static struct curl_library library;
static bool loaded;

static int library_initialise(struct error *error)
{
	const curl_version_info_data *version = library.version_info(CURLVERSION_NOW);

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
	struct library_wanted wanted = { LIBRARY_CURL, "libcurl4", "sends the reports", functions, sizeof(functions) / sizeof(*functions),
					 false };
	struct error ignored;
	int result = loaded ? 0 : library_load(&wanted, &library, error);

	if (result) {
		/* the same library built with GnuTLS: Debian's git depends on it, so it is there when the other one is not */
		wanted.file = "libcurl-gnutls.so.4";
		result = library_load(&wanted, &library, &ignored);
	}
	loaded = loaded || (!result && !library_initialise(error));
	return loaded ? &library : NULL;
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
