/*
 * The parts of an URL that decide where a credential goes.
 *
 * Stricter than libcurl's parser on purpose: whatever two parsers could read differently (user names, backslashes,
 * spaces, numbers that are addresses in disguise) is refused, so what was checked here is what libcurl connects
 * to.
 */
#ifndef STAUNCH_REVOKE_URL_H
#define STAUNCH_REVOKE_URL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct url_parts {
	bool https;
	bool loopback;       /* an address literal of this machine, or "localhost" */
	size_t authority;    /* offset of host and port in the URL */
	size_t authority_length;
};

/* Check url (see revoke_check_url()) and find its parts. Its path and query may hold templates. */
int url_parse(const char *url, struct url_parts *parts, struct error *error);

#endif
