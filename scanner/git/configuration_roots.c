/*
 * What a configuration makes libgit2 read beside it. The last function alone asks libgit2: it is for when the sandbox is whole.
 */
#define _GNU_SOURCE
#include "git/roots.h"

#include "base/memory.h"
#include "git/libgit2.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* git includes no deeper than this (config.c, MAX_INCLUDE_DEPTH); and whoever names more files would have us read for ever. */
#define INCLUDE_DEPTH_MAX 10
#define CONFIGURATIONS_MAX 1000

/* ---- files and paths ---- */

bool roots_exists_below(const char *folder, const char *name)
{
	char *path = memory_format("%s/%s", folder, name);
	bool exists = !access(path, F_OK);

	free(path);
	return exists;
}

bool roots_is_link(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISLNK(status.st_mode);
}

char *roots_read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not hold the scan up */
	struct stat status;
	char *text = NULL;
	ssize_t length = 0, got = 1;

	if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size < ROOTS_FILE_MAX) {
		text = memory_allocate((size_t)status.st_size + 1);
		while (length < status.st_size && (got = read(fd, text + length, (size_t)(status.st_size - length))) > 0)
			length += got;
		text[length] = '\0';
	}
	if (fd >= 0)
		close(fd);
	return text;
}

char *roots_path_from(const char *folder, const char *text)
{
	return text[0] == '/' ? memory_copy_string(text) : memory_format("%s/%s", folder, text);
}

bool roots_is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(path, folder, length) && (path[length] == '/' || path[length] == '\0' || folder[length - 1] == '/');
}

void root_search_release(struct root_search *search)
{
	for (size_t i = 0; i < search->object_count; i++)
		free(search->objects[i]);
	free(search->objects);
	free(search->tree);
}

/* ---- configuration ---- */

static void read_configuration(struct root_search *search, const char *path, unsigned depth);

char *roots_plain_value(char *text)
{
	char *from = text, *to = text, *end = text;
	bool quoted = false;

	for (; *from && *from != '\n'; from++) {
		if (*from == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (*from == '#' || *from == ';'))
			break;
		if (*from == '\\' && from[1] && from[1] != '\n')
			from++;
		*to++ = *from;
		if (quoted || !isspace((unsigned char)*from))
			end = to;
	}
	*end = '\0';
	return text;
}

/* Whether the file begins as a configuration does, with a section: no key, no list of variables does. */
static bool is_configuration(const char *path)
{
	char *text = roots_read_file(path), *at = text;
	bool is = false;

	while (at && *at) {
		at += strspn(at, " \t\r\n");
		if (*at != '#' && *at != ';')
			break;
		at += strcspn(at, "\n");
	}
	is = at && *at == '[';
	free(text);
	return is;
}

/* A file that a configuration in folder names. */
static void take_named_file(struct root_search *search, const char *folder, const char *value, bool is_include, unsigned depth)
{
	const char *home = getenv("HOME");
	char *path, *real;

	if (value[0] == '~' && value[1] == '/' && home)
		path = memory_format("%s%s", home, value + 1);
	else
		path = roots_path_from(folder, value);
	real = realpath(path, NULL);
	if (real && (search->trusted || (search->tree && roots_is_below(real, search->tree)) ||
		     (is_include && is_configuration(real)))) {
		search->visit(search->context, real, REPOSITORY_ROOT);
		if (is_include)
			read_configuration(search, real, depth + 1);
	}
	free(real);
	free(path);
}

/* Look for include.path, includeIf.*.path, core.excludesFile and core.attributesFile: line by line, and rather one file too many than one too few. */
static void read_configuration(struct root_search *search, const char *path, unsigned depth)
{
	char *folder = memory_copy_string(path), *slash = strrchr(folder, '/'), *text = NULL, *rest, *line;
	bool in_include = false, in_core = false;

	if (depth <= INCLUDE_DEPTH_MAX && search->configuration_count++ < CONFIGURATIONS_MAX)
		text = roots_read_file(path);
	if (slash)
		*slash = '\0';
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *equals;

		line += strspn(line, " \t\r");
		if (*line == '[') {
			char *end = strrchr(line, ']');

			in_include = !strncasecmp(line, "[include", strlen("[include"));
			in_core = !strncasecmp(line, "[core]", strlen("[core]"));
			line = end ? end + 1 + strspn(end + 1, " \t") : line + strlen(line);
		}
		equals = strchr(line, '=');
		if (!equals || (!in_include && !in_core))
			continue;
		equals += 1 + strspn(equals + 1, " \t");
		if (in_include && !strncasecmp(line, "path", strlen("path")))
			take_named_file(search, folder, roots_plain_value(equals), true, depth);
		else if (in_core && (!strncasecmp(line, "excludesfile", strlen("excludesfile")) ||
				     !strncasecmp(line, "attributesfile", strlen("attributesfile"))))
			take_named_file(search, folder, roots_plain_value(equals), false, depth);
	}
	free(folder);
	free(text);
}

void roots_take_configuration(struct root_search *search, const char *folder, const char *name)
{
	char *path = memory_format("%s/%s", folder, name);

	search->visit(search->context, path, search->trusted ? REPOSITORY_ROOT_LINKED : REPOSITORY_ROOT);
	read_configuration(search, path, 0);
	free(path);
}

void repository_user_roots(repository_root *visit, void *context)
{
	/* where TLS libraries look for certificates (libgit2 loads them when it starts) and for their settings */
	static const char *const library_files[] = { "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ssl/cert.pem", "/etc/pki/tls",
						     "/etc/pki/ca-trust", "/usr/share/ca-certificates" };
	struct root_search search = { .visit = visit, .context = context, .trusted = true };
	const char *home = getenv("HOME"), *configuration = getenv("XDG_CONFIG_HOME");
	char *folder = NULL;

	for (size_t i = 0; i < sizeof(library_files) / sizeof(*library_files); i++)
		visit(context, library_files[i], REPOSITORY_ROOT_LINKED);
	roots_take_configuration(&search, "/etc", "gitconfig");
	if (home)
		roots_take_configuration(&search, home, ".gitconfig");
	if (configuration && *configuration)
		folder = memory_format("%s/git", configuration);
	else if (home)
		folder = memory_format("%s/.config/git", home);
	if (folder) {
		visit(context, folder, REPOSITORY_ROOT_LINKED);
		roots_take_configuration(&search, folder, "config");
	}
	free(folder);
	root_search_release(&search);
}

int repository_check_ignore_rules(struct repository *repository, struct error *error)
{
	git_config *configuration = NULL;
	git_buf path = GIT_BUF_INIT;
	int result = 0, fd;

	if (!git_repository_config_snapshot(&configuration, repository->git) &&
	    !git_config_get_path(&path, configuration, "core.excludesfile") && path.ptr) {
		fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
			result = error_set_errno(error, "cannot read the ignore patterns in '%s'", path.ptr);
		if (fd >= 0)
			close(fd);
	}
	git_buf_dispose(&path);
	git_config_free(configuration);
	return result;
}
