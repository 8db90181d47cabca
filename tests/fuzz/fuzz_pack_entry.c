/*
 * libFuzzer harness: a pack with its index. The input's first two bytes are the size of the index (big-endian),
 * then come index and pack. The walk has to come to an end, within memory, and to bring each object of the index
 * to one end: handed on once, whole or as a change, or damaged.
 */
#define _GNU_SOURCE
#include "git/delta_fresh.h"
#include "git/delta_runs.h"
#include "git/pack_walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static volatile unsigned char bytes_seen; /* so that each piece's bytes have to be there */

static struct object_note note = { .owners = 1 };

struct tally {
	uint64_t ends; /* of objects */
	uint64_t next; /* where the next piece has to begin, without overlap */
};

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static int tally_visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct tally *tally = context;

	(void)worker;
	for (size_t i = 0; i < piece->size; i += 61)
		bytes_seen ^= piece->bytes[i];
	if (piece->first)
		tally->next = 0;
	if (piece->offset != tally->next || piece->offset + piece->size > piece->object_size)
		abort();
	tally->next += piece->size;
	if (piece->last && tally->next != piece->object_size)
		abort();
	tally->ends += piece->last;
	if (piece->note)
		*piece->note = object_note_share(&note);
	return 0;
}

static enum change_answer tally_change(void *context, unsigned worker, const struct object_change *change)
{
	struct tally *tally = context;
	size_t size = 0;

	(void)worker;
	if (change->id->bytes[1] % 4 == 0)
		return CHANGE_VISIT;
	for (size_t i = 0; change->runs && i < change->runs->count; i++) {
		size += change->runs->runs[i].size;
		bytes_seen ^= change->runs->runs[i].bytes[change->runs->runs[i].size - 1];
	}
	if (change->runs && size != change->object_size)
		abort();
	for (size_t i = 0; !change->runs && i < change->seams->size; i++)
		bytes_seen ^= change->seams->bytes[i];
	tally->ends++;
	if (change->note)
		*change->note = object_note_share(&note);
	return CHANGE_SETTLED;
}

static void tally_damaged(void *context, const struct object_id *id, const char *detail)
{
	struct tally *tally = context;

	(void)id;
	(void)detail;
	tally->ends++;
}

static void unreadable_ignore(void *context, const char *path, const char *why)
{
	(void)context;
	(void)path;
	(void)why;
}

static void folder_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command))
		perror(folder);
}

static void file_put(const char *name, const uint8_t *bytes, size_t size)
{
	char path[128];
	int file;

	snprintf(path, sizeof(path), "%s/pack/%s", folder, name);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || write(file, bytes, size) != (ssize_t)size || close(file))
		abort();
}

/* A folder in memory where there is one. */
static void folder_make(void)
{
	char path[128];

	if (folder[0])
		return;
	snprintf(folder, sizeof(folder), "%s/staunch-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/pack", folder);
	if (mkdir(path, 0700))
		abort();
	atexit(folder_remove);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct tally tally = { 0, 0 };
	struct pack_walk_options options = {
		.kinds = ~0u,
		.jobs = 1,
		.memory_limit = (size_t)1 << 20,
		.window_size = 1000,
		.visit = tally_visit,
		.damaged = tally_damaged,
		.context = &tally,
	};
	static struct delta_seam_texts texts = { .reach = 3 };
	char *folders[1] = { folder };
	struct pack_set *set;
	size_t index_size;

	if (size < 2)
		return 0;
	index_size = (size_t)input[0] << 8 | input[1];
	if (index_size > size - 2)
		index_size = size - 2;
	folder_make();
	file_put("a.idx", input + 2, index_size);
	file_put("a.pack", input + 2 + index_size, size - 2 - index_size);
	if (pack_set_open(&set, folders, 1, 1, unreadable_ignore, NULL, NULL))
		abort();
	options.verify = size % 2;
	if (pack_walk(set, &options, NULL) || tally.ends != pack_set_object_count(set))
		abort();
	options.verify = false;
	options.visit_change = tally_change;
	options.texts = &texts;
	memset(texts.pairs, 0xff, sizeof(texts.pairs));
	tally.ends = 0;
	if (pack_walk(set, &options, NULL) || tally.ends != pack_set_object_count(set))
		abort();
	pack_set_close(set);
	return 0;
}
