/*
 * The floor under every scan of a repository's history: map the packs, read their indexes and inflate the entries
 * of the asked kinds with libdeflate, on the given number of threads, and do nothing else. No delta is applied and
 * no byte is looked at.
 *
 *     inflate_floor [-j THREADS] [-k blob,commit,tag,tree] OBJECTS-FOLDER...
 *
 * Prints one line of JSON: seconds, those of them for the indexes, threads, entries, and the bytes they inflate
 * to.
 */
#include "git/pack.h"

#include "base/memory.h"
#include "git/inflate.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RANGE_SIZE 64

struct floor {
	const struct pack_set *set;
	unsigned kinds;
	atomic_uint_fast64_t next, entries, bytes, failures;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/*
 * Inflate the entry into *buffer, which grows as needed. Returns how many bytes there were, or SIZE_MAX on
 * failure.
 */
static size_t entry_inflate(struct libdeflate_decompressor *decompressor, const struct pack *pack, uint32_t entry,
			    unsigned char **buffer, size_t *capacity)
{
	struct pack_header header;
	size_t made;

	if (pack_entry_header(pack, entry, &header) ||
	    !inflate_plausible(header.size, pack_entry_end(pack, entry) - header.data))
		return SIZE_MAX;
	if (header.size + INFLATE_SLACK > *capacity) {
		free(*buffer);
		*capacity = 2 * header.size + INFLATE_SLACK;
		*buffer = memory_allocate(*capacity);
	}
	if (libdeflate_zlib_decompress(decompressor, pack->file.bytes + header.data, pack->end - header.data,
				       *buffer, header.size + INFLATE_SLACK, &made) != LIBDEFLATE_SUCCESS)
		return SIZE_MAX;
	return made;
}

static void *floor_run(void *context)
{
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	uint64_t entries = 0, bytes = 0, total, first;
	struct floor *floor = context;
	unsigned char *buffer = NULL;
	size_t capacity = 0;

	total = floor->set->starts[floor->set->count];
	while (decompressor && (first = atomic_fetch_add(&floor->next, RANGE_SIZE)) < total) {
		for (uint64_t i = first; i < first + RANGE_SIZE && i < total; i++) {
			const struct pack *pack = pack_set_locate(floor->set, i);
			uint32_t entry = (uint32_t)(i - floor->set->starts[pack - floor->set->packs]);
			size_t size;

			if (!(floor->kinds & OBJECT_KIND_BIT(pack->entries[entry].kind)))
				continue;
			size = entry_inflate(decompressor, pack, entry, &buffer, &capacity);
			if (size == SIZE_MAX) {
				atomic_fetch_add(&floor->failures, 1);
				continue;
			}
			entries++;
			bytes += size;
		}
	}
	if (!decompressor)
		atomic_fetch_add(&floor->failures, 1);
	atomic_fetch_add(&floor->entries, entries);
	atomic_fetch_add(&floor->bytes, bytes);
	libdeflate_free_decompressor(decompressor);
	free(buffer);
	return NULL;
}

static unsigned kinds_parse(const char *text)
{
	return (strstr(text, "blob") ? OBJECT_KIND_BIT(OBJECT_BLOB) : 0) |
	       (strstr(text, "commit") ? OBJECT_KIND_BIT(OBJECT_COMMIT) : 0) |
	       (strstr(text, "tag") ? OBJECT_KIND_BIT(OBJECT_TAG) : 0) |
	       (strstr(text, "tree") ? OBJECT_KIND_BIT(OBJECT_TREE) : 0);
}

static void unreadable_print(void *context, const char *path, const char *why)
{
	(void)context;
	fprintf(stderr, "inflate_floor: %s: %s\n", path, why);
}

int main(int argc, char **argv)
{
	struct floor floor = { .kinds = OBJECT_KIND_BIT(OBJECT_BLOB) };
	double start = now(), opened, end;
	struct pack_set *set;
	struct error error;
	pthread_t *threads;
	unsigned jobs = 1;

	for (int option; (option = getopt(argc, argv, "j:k:")) != -1;) {
		if (option == 'j' && atoi(optarg) > 0)
			jobs = (unsigned)atoi(optarg);
		else if (option == 'k' && kinds_parse(optarg))
			floor.kinds = kinds_parse(optarg);
		else
			return 2;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: inflate_floor [-j THREADS] [-k KINDS] OBJECTS-FOLDER...\n");
		return 2;
	}
	if (pack_set_open(&set, argv + optind, (size_t)(argc - optind), jobs, unreadable_print, NULL, &error)) {
		fprintf(stderr, "inflate_floor: %s\n", error.message);
		return 3;
	}
	opened = now();
	floor.set = set;
	threads = memory_allocate(jobs * sizeof(*threads));
	for (unsigned i = 1; i < jobs; i++) {
		if (pthread_create(&threads[i], NULL, floor_run, &floor))
			return 3;
	}
	floor_run(&floor);
	for (unsigned i = 1; i < jobs; i++)
		pthread_join(threads[i], NULL);
	end = now();
	printf("{\"seconds\": %.3f, \"index_seconds\": %.3f, ", end - start, opened - start);
	printf("\"threads\": %u, ", jobs);
	printf("\"entries\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"failures\": %" PRIu64 "}\n", floor.entries,
	       floor.bytes, floor.failures);
	pack_set_close(set);
	free(threads);
	return floor.failures ? 3 : 0;
}
