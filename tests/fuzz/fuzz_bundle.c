/*
 * libFuzzer harness: a bundle, from its header to its last object. Of each reference and prerequisite there is what the header says, HEAD at most once
 * for each commit that no branch names; each object comes at most once, with the bytes of its name. The input is written to a file in memory, because it is mapped.
 */
#define _GNU_SOURCE
#include "git/bundle.h"
#include "git/object_database.h"
#include "git/repository.h"
#include "harness.h"

#include <stdatomic.h>
#include <string.h>

struct tally {
	size_t references, heads;
	uint64_t objects;
};

static void take_unreadable(void *context, const char *path, const char *why)
{
	(void)context;
	check(path && why && *why);
}

static void take_damaged(void *context, const struct object_id *id, const char *detail)
{
	(void)context;
	check(id && detail && *detail);
}

static int take_piece(void *context, unsigned worker, const struct object_piece *piece)
{
	static struct object_pieces pieces;
	struct tally *tally = context;
	struct object_id id;

	check(worker == 0);
	if (object_pieces_take(&pieces, piece, &id)) {
		check(!object_id_compare(&id, &piece->id));
		tally->objects++;
	}
	return 0;
}

static int take_reference(void *context, const char *name, const struct object_id *target)
{
	struct tally *tally = context;

	check(name && target && !strchr(name, '\n'));
	tally->references++;
	tally->heads += !strcmp(name, "HEAD");
	return 0;
}

/* The header alone. */
static void look_at_header(const char *path, size_t size)
{
	struct bundle *bundle = NULL;
	struct error error = { 0 };

	if (bundle_open(&bundle, path, &error)) {
		check(!bundle && error.code && error.message[0]);
		return;
	}
	check(bundle->pack_start > 0 && bundle->pack_start <= size);
	for (size_t i = 0; i < bundle->reference_count; i++)
		check(bundle->references[i].name && !strchr(bundle->references[i].name, '\n'));
	bundle_free(bundle);
}

static void look_at_all(struct repository *repository)
{
	static atomic_int stop;
	struct object_database *database = NULL;
	struct object_id head;
	struct tally tally = { 0 };
	const struct object_database_walk walk = { .kinds = ~0u, .jobs = 1, .stop = &stop, .visit = take_piece, .damaged = take_damaged, .context = &tally };
	struct error error;
	size_t count;
	bool has_head;

	check(!repository_each_reference(repository, take_reference, &tally, &error));
	has_head = !repository_head(repository, &head, &error);
	check(has_head || !tally.heads);
	check(repository_prerequisites(repository, &count) || !count);
	if (!object_database_open(&database, repository, 1, take_unreadable, NULL, &error)) {
		check(!object_database_walk(database, &walk, &error));
		check(tally.objects <= object_database_count(database));
	}
	object_database_close(database);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	const char *path = input_file(input, size);
	struct repository *repository = NULL;

	look_at_header(path, size);
	if (!repository_open_bundle(&repository, path, NULL))
		look_at_all(repository);
	repository_close(repository);
	return 0;
}
