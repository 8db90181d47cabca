/*
 * For the tests of the pack engine: repositories in a temporary folder, made by the real git, and what git says is
 * in them.
 */
#ifndef STAUNCH_TESTS_UNIT_PACK_REPOSITORY_H
#define STAUNCH_TESTS_UNIT_PACK_REPOSITORY_H

#include "base/buffer.h"
#include "pack_seen.h"

#include <unistd.h>

static char test_folder[64];

/* Make a folder for the test and go there; git is to know nothing of the machine it runs on. */
static inline int folder_make(void **state)
{
	(void)state;
	snprintf(test_folder, sizeof(test_folder), "/tmp/staunch-test-XXXXXX");
	if (!mkdtemp(test_folder) || chdir(test_folder))
		return -1;
	setenv("HOME", test_folder, 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_AUTHOR_NAME", "A", 1);
	setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
	setenv("GIT_COMMITTER_NAME", "A", 1);
	setenv("GIT_COMMITTER_EMAIL", "a@example.org", 1);
	unsetenv("GIT_DIR");
	return 0;
}

static inline int folder_remove(void **state)
{
	char *command = memory_format("rm -rf '%s'", test_folder);
	int status = chdir("/") || system(command);

	(void)state;
	free(command);
	return status;
}

/* Run a shell command that has to succeed. */
static inline void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("command failed: %s", command);
}

/* Add a file's bytes to a buffer. */
static inline void file_read(const char *path, struct buffer *bytes)
{
	FILE *file = fopen(path, "rb");
	int byte;

	assert_non_null(file);
	while ((byte = fgetc(file)) != EOF)
		buffer_add_char(bytes, (char)byte);
	fclose(file);
}

/*
 * The start of a git fast-import stream: file f, versions times, each a little longer and a little changed, then
 * some files of sizes where something changes: none, 1, 2^16.
 */
static inline void history_write(FILE *stream, unsigned versions, unsigned lines)
{
	struct buffer text = BUFFER_INIT;

	for (unsigned version = 0; version < versions; version++) {
		buffer_clear(&text);
		for (unsigned line = 0; line < lines + version / 8; line++) {
			uint32_t number = (line ^ (line * 37 == version * 3 ? version : 0)) * 2654435761u;

			buffer_add_format(&text, "line %u is %08x %08x\n", line, number, number * 40503u);
		}
		buffer_add_format(&text, "version %u\n", version);
		fprintf(stream,
			"commit refs/heads/main\ncommitter A <a@example.org> %u +0000\n"
			"data <<END\nversion %u\nEND\n",
			1700000000 + version, version);
		fprintf(stream, "M 100644 inline f\ndata %zu\n", text.length);
		fwrite(text.bytes, 1, text.length, stream);
		fputc('\n', stream);
	}
	buffer_release(&text);
}

static inline void file_write(FILE *stream, const char *name, size_t size)
{
	uint32_t number = 12345;

	fprintf(stream, "M 100644 inline %s\ndata %zu\n", name, size);
	for (size_t i = 0; i < size; i++) {
		number = number * 1664525 + 1013904223;
		fputc((int)(number >> 24), stream);
	}
	fputc('\n', stream);
}

/*
 * A bare repository with such a history and large files of these sizes (0: none), in one pack with chains of
 * deltas as long as they can be, as fast-import leaves it, and with a tag that is loose.
 */
static inline void repository_make(const char *name, unsigned versions, unsigned lines, const size_t *sizes)
{
	char *command = memory_format("git init -q --bare -b main %s && git -C %s -c fastimport.unpackLimit=0"
				      " fast-import --quiet --depth=4095", name, name);
	FILE *stream = popen(command, "w");

	assert_non_null(stream);
	history_write(stream, versions, lines);
	for (unsigned i = 0; sizes && sizes[i]; i++) {
		char file[16];

		snprintf(file, sizeof(file), "large%u", i);
		file_write(stream, file, sizes[i]);
	}
	file_write(stream, "empty", 0);
	file_write(stream, "one", 1);
	file_write(stream, "two-to-sixteen", 65536);
	assert_int_equal(pclose(stream), 0);
	free(command);
	command = memory_format("git -C %s tag -a -m text v1 main", name);
	run(command);
	free(command);
}

/* What git itself says is in the repository: "ID KIND SIZE" in the order of ids. */
static inline char *repository_expected(const char *name)
{
	char *command = memory_format("git -C %s cat-file --batch-all-objects --batch-check", name);
	FILE *stream = popen(command, "r");
	struct buffer text = BUFFER_INIT;
	char line[256];

	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream))
		buffer_add_string(&text, line);
	assert_int_equal(pclose(stream), 0);
	free(command);
	return text.bytes;
}

/* The same of what was seen; an object whose bytes have another id is marked. */
static inline char *seen_text(struct seen *seen)
{
	static const char *const names[] = { "", "commit", "tree", "blob", "tag" };
	struct buffer text = BUFFER_INIT;

	seen_sort(seen);
	for (size_t i = 0; i < seen->object_count; i++) {
		const struct seen_object *object = &seen->objects[i];

		for (unsigned byte = 0; byte < OBJECT_ID_SIZE; byte++)
			buffer_add_format(&text, "%02x", object->id.bytes[byte]);
		buffer_add_format(&text, " %s %" PRIu64 "%s\n", names[object->kind], object->size,
				  object->is_right ? "" : " WRONG BYTES");
	}
	return text.bytes;
}

#endif
