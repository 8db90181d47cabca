/*
 * libFuzzer harness: a content that is looked into (source/container.h), once whole and once in windows. What is handed out has to be in order each time, and
 * the same both times.
 */
#define _GNU_SOURCE
#include "source/container.h"
#include "source/unpack.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define OVERLAP 64

int LLVMFuzzerInitialize(int *count, char ***arguments);

/* What was handed out, as a sum. */
struct seen {
	uint64_t hash;
	unsigned chunks;
	bool is_limited, has_problem;
	struct {
		bool is_open, wraps;
		uint64_t next; /* offset of the next chunk */
	} levels[UNPACK_LEVELS_MAX + 1];
};

static void add(struct seen *seen, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < size; i++)
		seen->hash = (seen->hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static enum chunk_result take_chunk(void *context, unsigned worker, const struct chunk *chunk)
{
	struct seen *seen = context;

	check(worker == 0 && chunk->level <= UNPACK_LEVELS_MAX);
	check(!chunk->archive_path == !chunk->level);
	if (chunk->kind == PLACE_PATH) {
		check(chunk->first && chunk->last && !chunk->wraps && chunk->level);
	} else {
		check(chunk->first || (seen->levels[chunk->level].is_open && seen->levels[chunk->level].next == chunk->offset));
		check(!chunk->first || !chunk->offset);
		check(chunk->last || chunk->size > OVERLAP);
		seen->levels[chunk->level].is_open = !chunk->last;
		seen->levels[chunk->level].next = chunk->offset + chunk->size - OVERLAP;
		seen->levels[chunk->level].wraps = chunk->wraps;
	}
	/* windows of the outermost content are the source's */
	if (chunk->level) {
		add(seen, &chunk->kind, sizeof(chunk->kind));
		add(seen, &chunk->offset, sizeof(chunk->offset));
		add(seen, chunk->archive_path, strlen(chunk->archive_path) + 1);
		add(seen, chunk->bytes, chunk->size);
		seen->chunks++;
	}
	/* of a plain archive no small member is handed out */
	return CHUNK_SUSPICIOUS;
}

static void take_unwrapped(void *context, unsigned worker, unsigned level, const uint64_t *seams, size_t seam_count)
{
	struct seen *seen = context;

	for (size_t i = 1; i < seam_count; i++)
		check(seams[i - 1] < seams[i]);
	add(seen, seams, seam_count * sizeof(*seams));

	check(worker == 0 && seen->levels[level].wraps);
	seen->levels[level].wraps = false;
	add(seen, &level, sizeof(level));
}

static void take_incomplete(void *context, const char *what, const char *object, const char *path, const char *detail)
{
	struct seen *seen = context;

	check(object && detail);
	(void)path;
	seen->has_problem = true;
	seen->is_limited |= !strcmp(what, "archive-limit");
}

static void run(struct seen *seen, const uint8_t *input, size_t size, size_t window)
{
	static atomic_int stop;
	static struct source_progress progress;
	const struct source_events events = { .context = seen, .jobs = 1, .overlap = OVERLAP, .stop = &stop, .progress = &progress,
					      .chunk = take_chunk, .incomplete = take_incomplete, .unwrapped = take_unwrapped };
	struct container_stage *stage = container_stage_new(&events, 4, NULL);
	const struct source_events *outer = container_stage_events(stage);
	struct chunk chunk = { .kind = PLACE_BLOB, .object = "", .commit = "", .path = "content", .first = true };

	while (!chunk.last) {
		chunk.size = size - chunk.offset < window ? size - (size_t)chunk.offset : window;
		/* a copy of its own, so that reading beyond is seen */
		chunk.bytes = memcpy(malloc(chunk.size + 1), input + chunk.offset, chunk.size);
		chunk.last = chunk.offset + chunk.size == size;
		outer->chunk(outer->context, 0, &chunk);
		free((void *)chunk.bytes);
		chunk.first = false;
		chunk.offset += chunk.size - OVERLAP;
	}
	container_stage_free(stage);
	for (unsigned level = 0; level <= UNPACK_LEVELS_MAX; level++)
		check(!seen->levels[level].is_open && !seen->levels[level].wraps);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	container_prepare();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct seen whole = { 0 }, windows = { 0 };

	if (size < CONTAINER_HEAD_SIZE + 8)
		return 0;
	run(&whole, input, size, SIZE_MAX);
	/* no smaller than what a container is told by */
	run(&windows, input, size, CONTAINER_HEAD_SIZE + input[size - 1]);
	/* what a limit allows depends on how much of the content has come */
	if (whole.is_limited || windows.is_limited)
		return 0;
	/* and a zip archive with something wrong in it is read by its directory, too, when that is there */
	if (container_recognise(input, CONTAINER_HEAD_SIZE) != CONTAINER_ZIP || !(whole.has_problem || windows.has_problem))
		check(whole.hash == windows.hash && whole.chunks == windows.chunks);
	return 0;
}
