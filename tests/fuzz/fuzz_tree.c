/*
 * libFuzzer harness: a tree and a delta that makes another one of it, in the form of fuzz_delta's input. The list made from the change has to be the list of the
 * other tree read whole, or both have to be refused.
 */
#include "git/delta_runs.h"
#include "git/tree_list.h"

#include <stdlib.h>
#include <string.h>

#define RESULT_MAX ((uint64_t)1 << 20)
#define LONG_ENTRY ((size_t)1 << 15)

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static uint32_t tag_by_content(void *context, const struct tree_entry *entry)
{
	uint32_t hash = 5381 + (uint32_t)entry->kind;

	(void)context;
	for (size_t i = 0; i < entry->name_length; i++)
		hash = hash * 33 + (unsigned char)entry->name[i];
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++)
		hash = hash * 33 + entry->id->bytes[i];
	return hash;
}

static void check(bool is_so)
{
	if (!is_so)
		abort();
}

/* The base is a tree whose list is known: compare what comes of the change. */
static void lists_compare(const struct object_change *change)
{
	static struct tree_list changed, whole;
	unsigned char *tree = malloc(change->object_size + DELTA_SLACK);
	int result = tree_list_change(&changed, change, true, tag_by_content, NULL);

	delta_runs_write(change->runs, tree);
	/* an entry too long to be put together is refused where the whole tree is not */
	check(result == tree_list_read(&whole, tree, change->object_size, tag_by_content, NULL) ||
	      (result && change->object_size > LONG_ENTRY));
	if (!result) {
		check(changed.count == whole.count);
		check(!memcmp(changed.starts, whole.starts, (whole.count + 1) * sizeof(*whole.starts)));
		check(!whole.count || !memcmp(changed.tags, whole.tags, whole.count * sizeof(*whole.tags)));
	}
	check(result == tree_list_change(&changed, change, false, tag_by_content, NULL));
	free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct tree_list list;
	static struct delta_runs runs;
	unsigned char *base, *delta;
	uint64_t declared_base, result_size;
	size_t base_size, delta_size;

	if (size < 2)
		return 0;
	base_size = (size_t)input[0] << 8 | input[1];
	if (base_size > size - 2)
		base_size = size - 2;
	delta_size = size - 2 - base_size;
	if (!delta_sizes(input + 2 + base_size, delta_size, &declared_base, &result_size) || result_size > RESULT_MAX)
		return 0;
	base = calloc(1, base_size + DELTA_SLACK);
	delta = calloc(1, delta_size + DELTA_SLACK);
	memcpy(base, input + 2, base_size);
	memcpy(delta, input + 2 + base_size, delta_size);
	if (!tree_list_read(&list, base, base_size, tag_by_content, NULL) &&
	    !delta_runs_read(&runs, base, base_size, delta, delta_size, (size_t)result_size)) {
		struct object_note *note = tree_list_note(&list);
		const struct object_change change = { .kind = OBJECT_TREE, .object_size = (size_t)result_size,
						      .base = base, .runs = &runs, .base_note = note };

		lists_compare(&change);
		object_note_release(note);
	}
	free(base);
	free(delta);
	return 0;
}
