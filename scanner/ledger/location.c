#define _GNU_SOURCE
#include "ledger/location.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool begins_with(const char *text, const char *beginning)
{
	return strncasecmp(text, beginning, strlen(beginning)) == 0;
}

/* ---- PostgreSQL ---- */

/*
 * The name without user, password and options. What libpq would read otherwise than it was meant, as a password with an
 * "@" or "/" in it, is refused here, where nothing of it is shown.
 */
static int parse_postgres(struct location *location, const char *uri, struct error *error)
{
	const char *start = strstr(uri, "://") + 3;
	size_t length = strcspn(start, "?#"), authority = strcspn(start, "/?#");
	const char *at = memchr(start, '@', length);

	if (at && (at > start + authority || memchr(at + 1, '@', length - (size_t)(at + 1 - start))))
		return error_set(error, ERROR_CONFIGURATION,
				 "--ledger: in the user name and password of a postgresql:// URI, '@', '/' and '?' are written "
				 "as %%40, %%2F and %%3F");
	at = at ? at + 1 : start;
	location->postgres = true;
	location->path = memory_copy_string(uri);
	location->name = memory_format("postgresql://%.*s", (int)(start + length - at), at);
	return 0;
}

/* ---- files ---- */

static int hexadecimal(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
		return (digit | 0x20) - 'a' + 10;
	return -1;
}

/* The path of "file:PATH", "file:///PATH" or "file://localhost/PATH" (RFC 8089), or NULL. The caller frees it. */
static char *path_of_uri(const char *uri)
{
	const char *from = uri + strlen("file:");
	char *path = memory_copy_string(from), *to = path;

	if (begins_with(from, "//localhost/"))
		from += strlen("//localhost");
	else if (begins_with(from, "///"))
		from += 2;
	else if (begins_with(from, "//"))
		from = "?";
	for (; *from && *from != '?' && *from != '#'; from++) {
		if (*from == '%') {
			int high = hexadecimal(from[1]), low = high < 0 ? -1 : hexadecimal(from[2]);

			if (low < 0 || high + low == 0)
				break;
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	if (!*from && to > path)
		return path;
	free(path);
	return NULL;
}

static int parse_file(struct location *location, const char *text, struct error *error)
{
	char *path = begins_with(text, "file:") ? path_of_uri(text) : memory_copy_string(text);

	if (!path)
		return error_set(error, ERROR_CONFIGURATION, "--ledger '%s': want file:PATH or file:///PATH, without a query", text);
	/* SQLite means something of its own by ":memory:", and the working folder is nobody else's business later */
	location->path = path[0] == '/' ? memory_copy_string(path) : memory_format("./%s", path);
	location->name = path;
	return 0;
}

static int parse_default(struct location *location, struct error *error)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	/* a relative path there is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/ */
	if (state && state[0] == '/')
		location->path = memory_format("%s/staunch/ledger.db", state);
	else if (home && home[0] == '/')
		location->path = memory_format("%s/.local/state/staunch/ledger.db", home);
	else
		return error_set(error, ERROR_CONFIGURATION,
				 "no place for the ledger: neither HOME nor XDG_STATE_HOME names a folder");
	location->name = memory_copy_string(location->path);
	location->is_default = true;
	return 0;
}

int location_parse(struct location *location, const char *uri, struct error *error)
{
	*location = (struct location){ 0 };
	if (!uri)
		return parse_default(location, error);
	if (!*uri)
		return error_set(error, ERROR_CONFIGURATION, "--ledger '': want a path, a file: URI or a postgresql:// URI");
	if (begins_with(uri, "postgresql://") || begins_with(uri, "postgres://"))
		return parse_postgres(location, uri, error);
	if (strstr(uri, "://") && !begins_with(uri, "file:"))
		return error_set(error, ERROR_CONFIGURATION,
				 "--ledger '%.*s://…': want a path, a file: URI or a postgresql:// URI", (int)(strstr(uri, "://") - uri),
				 uri);
	return parse_file(location, uri, error);
}

void location_release(struct location *location)
{
	if (location->path)
		explicit_bzero(location->path, strlen(location->path));
	free(location->path);
	free(location->name);
	*location = (struct location){ 0 };
}

int location_make_folder(const struct location *location, struct error *error)
{
	char *folder;
	int result = 0;

	if (!location->is_default)
		return 0;
	folder = memory_copy_string(location->path);
	for (char *slash = strchr(folder + 1, '/'); slash && !result; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) && errno != EEXIST && errno != EISDIR)
			result = error_set_errno(error, "its folder '%s' cannot be made", folder);
		*slash = '/';
	}
	free(folder);
	return result;
}
