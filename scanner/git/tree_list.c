#include "git/tree_list.h"

#include "base/memory.h"
#include "git/delta_runs.h"

#include <stdlib.h>
#include <string.h>

static void reserve(struct tree_list *list, size_t count)
{
	if (count < list->capacity)
		return;
	list->capacity = count + count / 2 + 64;
	list->starts = memory_resize(list->starts, list->capacity + 1, sizeof(*list->starts));
	list->tags = memory_resize(list->tags, list->capacity, sizeof(*list->tags));
}

static void add(struct tree_list *list, size_t start, uint32_t tag)
{
	reserve(list, list->count);
	list->starts[list->count] = (uint32_t)start;
	list->tags[list->count++] = tag;
}

int tree_list_read(struct tree_list *list, const unsigned char *tree, size_t size, tree_tag *tag, void *context)
{
	struct tree_entry entry;
	size_t at = 0, start;
	int status;

	list->count = 0;
	reserve(list, 0);
	if (size > TREE_SIZE_MAX)
		return -1;
	while (start = at, (status = tree_next(tree, size, &at, &entry)) == 1)
		add(list, start, tag(context, &entry));
	list->starts[list->count] = (uint32_t)size;
	return status;
}

/* ---- notes ---- */

struct tree_note {
	struct object_note note; /* first: a pointer to it is one to this */
	size_t count;
	uint32_t numbers[]; /* starts, count + 1 of them, then tags */
};

static void note_free(struct object_note *note)
{
	free(note);
}

struct object_note *tree_list_note(const struct tree_list *list)
{
	struct tree_note *note;

	if (list->count > TREE_NOTE_ENTRIES_MAX)
		return NULL;
	note = memory_allocate(sizeof(*note) + (2 * list->count + 1) * sizeof(uint32_t));

	atomic_init(&note->note.owners, 1);
	note->note.free = note_free;
	note->count = list->count;
	memcpy(note->numbers, list->starts, (list->count + 1) * sizeof(uint32_t));
	if (list->count)
		memcpy(note->numbers + list->count + 1, list->tags, list->count * sizeof(uint32_t));
	return &note->note;
}

/* ---- changes ---- */

/* One call of tree_list_change(). */
struct change_reader {
	struct tree_list *list;
	const struct object_change *change;
	bool is_listed;
	const uint32_t *base_starts, *base_tags;
	size_t base_count;
	size_t base_near; /* the entry of the base behind those last taken over: the next one to take over is mostly this or not far behind */
	size_t run;       /* which run the next entry starts in */
	size_t run_start; /* and where that begins in the tree */
	size_t at;        /* where the next entry starts in the tree */
};

/* The number of the base's starts (its end is one of them) from `first` on that are at most offset; starts[first] is one. */
static size_t starts_until(const struct change_reader *reader, size_t first, size_t offset)
{
	const uint32_t *starts = reader->base_starts;
	size_t low = first, high = reader->base_count + 1, step = 1;

	/* in steps that grow: it is mostly near */
	while (low + step < high && starts[low + step] <= offset) {
		low += step;
		step *= 2;
	}
	if (low + step < high)
		high = low + step;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (starts[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low + 1 - first;
}

/* The base's entry that starts at this offset, or SIZE_MAX. */
static size_t base_entry(const struct change_reader *reader, size_t offset)
{
	size_t first = reader->base_starts[reader->base_near] <= offset ? reader->base_near : 0;
	size_t found = first + starts_until(reader, first, offset) - 1;

	return found < reader->base_count && reader->base_starts[found] == offset ? found : SIZE_MAX;
}

/* Take over the entries that the run holds whole, from the next one on. Returns whether there were any. */
static bool take_over(struct change_reader *reader)
{
	const struct delta_run *run = &reader->change->runs->runs[reader->run];
	struct tree_list *list = reader->list;
	size_t offset, end, first, count;
	uint32_t shift;

	if (!run->is_copied || !reader->base_count)
		return false;
	offset = (size_t)(run->bytes - reader->change->base) + (reader->at - reader->run_start);
	end = (size_t)(run->bytes - reader->change->base) + run->size;
	first = base_entry(reader, offset);
	if (first == SIZE_MAX)
		return false;
	count = starts_until(reader, first, end) - 1;
	if (!count)
		return false;
	shift = (uint32_t)reader->at - (uint32_t)offset; /* may wrap round */
	if (reader->is_listed) {
		reserve(list, list->count + count);
		for (size_t i = 0; i < count; i++)
			list->starts[list->count + i] = reader->base_starts[first + i] + shift;
		memcpy(list->tags + list->count, reader->base_tags + first, count * sizeof(uint32_t));
		list->count += count;
	}
	reader->base_near = first + count;
	reader->at = reader->base_starts[first + count] + shift;
	return true;
}

/* Copy up to size bytes of the tree, from the next entry on, to the scratch. Returns how many there were. */
static size_t gather(struct change_reader *reader, size_t size)
{
	const struct delta_runs *runs = reader->change->runs;
	struct tree_list *list = reader->list;
	size_t have = 0, skip = reader->at - reader->run_start;

	if (size > list->scratch_capacity) {
		list->scratch = memory_resize(list->scratch, size, 1);
		list->scratch_capacity = size;
	}
	for (size_t i = reader->run; i < runs->count && have < size; i++, skip = 0) {
		size_t part = runs->runs[i].size - skip;

		if (part > size - have)
			part = size - have;
		memcpy(list->scratch + have, runs->runs[i].bytes + skip, part);
		have += part;
	}
	return have;
}

/* Enough for nearly every entry, and for every sound one: no path that a file system takes is longer. */
#define GATHER_FIRST 128
#define GATHER_MAX ((size_t)64 << 10)

/* Read the next entry, which no run holds whole or which the base does not have. Returns 0, or -1 when it is malformed. */
static int read_entry(struct change_reader *reader, tree_tag *tag, void *context)
{
	size_t left = reader->change->object_size - reader->at;

	for (size_t size = GATHER_FIRST;; size *= 16) {
		struct tree_entry entry;
		size_t have = gather(reader, size < left ? size : left), length = 0;

		if (tree_next(reader->list->scratch, have, &length, &entry) == 1) {
			uint32_t value = tag(context, &entry);

			if (reader->is_listed)
				add(reader->list, reader->at, value);
			reader->at += length;
			return 0;
		}
		if (have == left || size > GATHER_MAX)
			return -1;
	}
}

int tree_list_change(struct tree_list *list, const struct object_change *change, bool is_listed, tree_tag *tag,
		     void *context)
{
	const struct tree_note *note = (const struct tree_note *)change->base_note;
	struct change_reader reader = { .list = list,
					.change = change,
					.is_listed = is_listed,
					.base_starts = note->numbers,
					.base_tags = note->numbers + note->count + 1,
					.base_count = note->count };

	list->count = 0;
	reserve(list, 0);
	if (change->object_size > TREE_SIZE_MAX)
		return -1;
	while (reader.at < change->object_size) {
		while (reader.at - reader.run_start >= change->runs->runs[reader.run].size)
			reader.run_start += change->runs->runs[reader.run++].size;
		if (!take_over(&reader) && read_entry(&reader, tag, context))
			return -1;
	}
	list->starts[list->count] = (uint32_t)change->object_size;
	return 0;
}

void tree_list_release(struct tree_list *list)
{
	free(list->starts);
	free(list->tags);
	free(list->scratch);
	*list = (struct tree_list){ 0 };
}
