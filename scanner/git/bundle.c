#define _GNU_SOURCE
#include "git/bundle.h"

#include "base/memory.h"
#include "git/repository.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first line; and how long a header may be: one of 100,000 references takes a tenth of that. */
static const char version_2[] = "# v2 git bundle\n", version_3[] = "# v3 git bundle\n";
#define HEADER_MAX ((size_t)64 << 20)
#define LINE_MAX_SIZE (64 << 10)

bool repository_is_bundle(const char *path)
{
	char start[sizeof(version_2) - 1];
	struct stat status;
	/* a pipe is not even opened: whoever writes into it would see its reader go */
	int fd = !stat(path, &status) && S_ISREG(status.st_mode) ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	bool is = fd >= 0 && read(fd, start, sizeof(start)) == (ssize_t)sizeof(start) &&
		  (!memcmp(start, version_2, sizeof(start)) || !memcmp(start, version_3, sizeof(start)));

	if (fd >= 0)
		close(fd);
	return is;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	for (size_t i = 0; i < bundle->reference_count; i++)
		free(bundle->references[i].name);
	free(bundle->references);
	free(bundle->prerequisites);
	free(bundle->path);
	free(bundle);
}

/* "@name=value" of version 3. */
static int take_capability(struct bundle *bundle, const char *line, struct error *error)
{
	if (!strncmp(line, "@filter=", strlen("@filter="))) {
		bundle->is_filtered = true;
		return 0;
	}
	if (!strcmp(line, "@object-format=sha1"))
		return 0;
	return error_set(error, ERROR_UNSUPPORTED, "cannot read the bundle '%s': it is of a kind that is not known here ('%.60s')", bundle->path, line);
}

/* A line of the header, without its end. */
static int take_line(struct bundle *bundle, char *line, struct error *error)
{
	bool is_prerequisite = line[0] == '-';
	char *text = line + is_prerequisite;
	struct object_id id;
	char hex[2 * OBJECT_ID_SIZE + 1];

	if (line[0] == '@')
		return take_capability(bundle, line, error);
	snprintf(hex, sizeof(hex), "%s", text);
	if (!object_id_parse(&id, hex) || (text[strlen(hex)] != ' ' && text[strlen(hex)] != '\0'))
		return error_set(error, ERROR_MALFORMED, "cannot read the bundle '%s': its header is broken", bundle->path);
	if (is_prerequisite) {
		memory_grow(bundle->prerequisites, bundle->prerequisite_count, bundle->prerequisite_capacity);
		bundle->prerequisites[bundle->prerequisite_count++] = id;
	} else {
		memory_grow(bundle->references, bundle->reference_count, bundle->reference_capacity);
		bundle->references[bundle->reference_count++] =
			(struct bundle_reference){ memory_copy_string(text + strlen(hex) + (text[strlen(hex)] == ' ')), id };
	}
	return 0;
}

static int read_header(struct bundle *bundle, FILE *file, struct error *error)
{
	char *line = memory_allocate(LINE_MAX_SIZE);
	bool ended = false;
	int result = 0;

	while (!result && !ended) {
		size_t length = fgets(line, LINE_MAX_SIZE, file) ? strlen(line) : 0; /* a NUL in it makes it look cut off */

		bundle->pack_start += length;
		ended = !strcmp(line, "\n");
		if (!length || line[length - 1] != '\n' || bundle->pack_start > HEADER_MAX) {
			result = error_set(error, ERROR_MALFORMED, "cannot read the bundle '%s': its header is cut off", bundle->path);
		} else if (!ended && line[0] != '#') {
			line[length - 1] = '\0';
			result = take_line(bundle, line, error);
		}
	}
	free(line);
	return result;
}

int bundle_open(struct bundle **out, const char *path, struct error *error)
{
	struct bundle *bundle;
	FILE *file;
	int result;

	if (!repository_is_bundle(path))
		return error_set(error, ERROR_NOT_FOUND, "'%s' is no bundle", path);
	file = fopen(path, "re");
	if (!file)
		return error_set_errno(error, "cannot read '%s'", path);
	bundle = memory_allocate_zeroed(1, sizeof(*bundle));
	bundle->path = memory_copy_string(path);
	result = read_header(bundle, file, error);
	fclose(file);
	if (result) {
		bundle_free(bundle);
		return result;
	}
	*out = bundle;
	return 0;
}
