#define _GNU_SOURCE
#include "revoke/rotation.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA "staunch-rotation/1"
#define FILE_SIZE_MAX ((size_t)1 << 20)

/* ---- the folder ---- */

/* Owned by the caller; NULL: neither variable is set. A relative XDG_STATE_HOME is to be ignored (XDG Base Directory Specification). */
static char *folder_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		return memory_format("%s/staunch/rotations", state);
	return home && home[0] == '/' ? memory_format("%s/.local/state/staunch/rotations", home) : NULL;
}

/* Make a folder and those above it that are missing, for this user alone. */
static int make_folders(char *path)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*at = '/';
			return -1;
		}
		*at = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

static int open_folder(struct rotation *rotation, char *folder, struct error *error)
{
	if (make_folders(folder) < 0)
		return error_set_errno(error, "cannot make the folder '%s' for the record of the rotation (XDG_STATE_HOME says where it is)", folder);
	rotation->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rotation->lock < 0)
		return error_set_errno(error, "cannot open '%s'", folder);
	if (flock(rotation->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(error, ERROR_LIMIT, "another rotation is under way (it holds '%s'): wait for its end and try again", folder);
	return error_set_errno(error, "cannot lock '%s'", folder);
}

/* ---- reading ---- */

static int read_whole(const char *path, struct buffer *text, struct error *error)
{
	FILE *file = fopen(path, "re");
	char block[4096];
	size_t size;
	bool failed;

	if (!file)
		return errno == ENOENT ? ERROR_NOT_FOUND : error_set_errno(error, "cannot read '%s'", path);
	while ((size = fread(block, 1, sizeof(block), file)) > 0 && text->length < FILE_SIZE_MAX)
		buffer_add(text, block, size);
	failed = ferror(file);
	fclose(file);
	return failed ? error_set(error, ERROR_IO, "cannot read '%s'", path) : 0;
}

static int read_members(struct rotation *rotation, const cJSON *document, struct error *error)
{
	const char *schema = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "schema"));
	const char *successor = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "successor"));
	const cJSON *newest = cJSON_GetObjectItemCaseSensitive(document, "newest");

	if (!schema || strcmp(schema, SCHEMA) != 0 || !cJSON_IsNumber(newest) || (successor && !vercel_id_is_sound(successor)) ||
	    vercel_key_read(&rotation->old, cJSON_GetObjectItemCaseSensitive(document, "old"), NULL))
		return error_set(error, ERROR_MALFORMED, "'%s' is not a record of a rotation that this staunch can read: move it away, and "
				 "see with staunch keys list what the rotation did", rotation->path);
	rotation->newest = (int64_t)newest->valuedouble;
	rotation->reported = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "reported"));
	rotation->creating = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "creating"));
	rotation->done = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "done"));
	rotation->successor = memory_copy_string(successor);
	rotation->begun = true;
	if (rotation->done && !successor)
		return error_set(error, ERROR_MALFORMED, "'%s' tells of a finished rotation without a successor", rotation->path);
	return 0;
}

int rotation_open(struct rotation *rotation, const char *fingerprint, struct error *error)
{
	char *folder = folder_path();
	struct buffer text = BUFFER_INIT;
	cJSON *document = NULL;
	int code;

	*rotation = (struct rotation){ .lock = -1 };
	if (!folder)
		return error_set(error, ERROR_CONFIGURATION, "there is no place for the record of the rotation: set HOME or XDG_STATE_HOME");
	code = open_folder(rotation, folder, error);
	if (code)
		goto out;
	rotation->path = memory_format("%s/%s.json", folder, fingerprint);
	code = read_whole(rotation->path, &text, error);
	if (code == ERROR_NOT_FOUND) {
		code = 0;
		goto out;
	}
	if (!code) {
		document = cJSON_ParseWithLength(text.bytes ? text.bytes : "", text.length);
		code = read_members(rotation, document, error);
	}
out:
	cJSON_Delete(document);
	buffer_release(&text);
	free(folder);
	return code;
}

void rotation_release(struct rotation *rotation)
{
	if (rotation->lock >= 0)
		close(rotation->lock);
	free(rotation->path);
	free(rotation->successor);
	vercel_key_release(&rotation->old);
	*rotation = (struct rotation){ .lock = -1 };
}

/* ---- writing ---- */

static char *write_document(const struct rotation *rotation)
{
	cJSON *document = cJSON_CreateObject();
	char *text;

	cJSON_AddStringToObject(document, "schema", SCHEMA);
	cJSON_AddItemToObject(document, "old", vercel_key_write(&rotation->old));
	cJSON_AddNumberToObject(document, "newest", (double)rotation->newest);
	cJSON_AddBoolToObject(document, "reported", rotation->reported);
	cJSON_AddBoolToObject(document, "creating", rotation->creating);
	if (rotation->successor)
		cJSON_AddStringToObject(document, "successor", rotation->successor);
	cJSON_AddBoolToObject(document, "done", rotation->done);
	text = cJSON_Print(document);
	cJSON_Delete(document);
	return text;
}

static int write_file(const char *path, const char *text)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t length = strlen(text);
	bool written;

	if (descriptor < 0)
		return -1;
	written = write(descriptor, text, length) == (ssize_t)length && fsync(descriptor) == 0;
	return close(descriptor) == 0 && written ? 0 : -1;
}

int rotation_save(struct rotation *rotation, struct error *error)
{
	char *temporary = memory_format("%s.new", rotation->path), *text = write_document(rotation);
	int code = 0;

	/* the folder is locked, so the name is ours */
	if (write_file(temporary, text) < 0 || rename(temporary, rotation->path) < 0 || fsync(rotation->lock) < 0) {
		code = error_set_errno(error, "cannot write the record of the rotation, '%s'", rotation->path);
		unlink(temporary);
	} else {
		rotation->begun = true;
	}
	cJSON_free(text);
	free(temporary);
	return code;
}
