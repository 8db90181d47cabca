/*
 * The packs of a repository and its alternates: finding their files, and the objects that stand in several of
 * them.
 */
#define _GNU_SOURCE
#include "git/pack.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* File names of a pack folder without their ending. */
struct stem_list {
	char **stems; /* owned, and each of them: count */
	size_t count, capacity;
};

static void stem_add(struct stem_list *list, const char *directory, const char *name, size_t length)
{
	memory_grow(list->stems, list->count, list->capacity);
	list->stems[list->count++] = memory_format("%s/%.*s", directory, (int)length, name);
}

static int stem_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void stem_list_release(struct stem_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->stems[i]);
	free(list->stems);
}

/*
 * Collect the names of the packs and of the indexes in a folder, both in order. A folder that is not there holds
 * none.
 */
static void stems_collect(const char *directory, struct stem_list *packs, struct stem_list *indexes,
			  pack_unreadable *unreadable, void *context)
{
	DIR *folder = opendir(directory);
	struct dirent *item;

	if (!folder) {
		if (errno != ENOENT)
			unreadable(context, directory, strerror(errno));
		return;
	}
	while ((errno = 0, item = readdir(folder))) {
		size_t length = strlen(item->d_name);

		if (length > 5 && !strcmp(item->d_name + length - 5, ".pack"))
			stem_add(packs, directory, item->d_name, length - 5);
		else if (length > 4 && !strcmp(item->d_name + length - 4, ".idx"))
			stem_add(indexes, directory, item->d_name, length - 4);
	}
	if (errno)
		unreadable(context, directory, strerror(errno));
	closedir(folder);
	if (packs->count)
		qsort(packs->stems, packs->count, sizeof(*packs->stems), stem_compare);
	if (indexes->count)
		qsort(indexes->stems, indexes->count, sizeof(*indexes->stems), stem_compare);
}

static void half_report(const char *stem, const char *ending, const char *why, pack_unreadable *unreadable,
			void *context)
{
	char *path = memory_format("%s.%s", stem, ending);

	unreadable(context, path, why);
	free(path);
}

/* Open every pack of a folder that has both its files. */
static void directory_open(struct pack_set *set, size_t *capacity, const char *directory,
			   pack_unreadable *unreadable, void *context)
{
	struct stem_list packs = { NULL, 0, 0 }, indexes = { NULL, 0, 0 };
	char *folder = memory_format("%s/pack", directory);
	size_t p = 0, i = 0;

	stems_collect(folder, &packs, &indexes, unreadable, context);
	while (p < packs.count || i < indexes.count) {
		int order = p == packs.count   ? 1 :
			    i == indexes.count ? -1 :
						 strcmp(packs.stems[p], indexes.stems[i]);
		struct error error;

		if (order < 0) {
			half_report(packs.stems[p++], "pack", "the pack has no index", unreadable, context);
			continue;
		}
		if (order > 0) {
			half_report(indexes.stems[i++], "idx", "the index has no pack", unreadable, context);
			continue;
		}
		memory_grow(set->packs, set->count, *capacity);
		if (!pack_open(&set->packs[set->count], packs.stems[p], unreadable, context, &error))
			set->count++;
		else
			half_report(packs.stems[p], "pack", error.message, unreadable, context);
		p++;
		i++;
	}
	stem_list_release(&packs);
	stem_list_release(&indexes);
	free(folder);
}

/* Count the objects of each kind that are handed on. */
static void kinds_count(struct pack_set *set, const struct pack *pack)
{
	for (uint32_t i = 0; i < pack->index.count; i++) {
		const struct pack_entry *entry = &pack->entries[i];

		if (entry->is_duplicate) {
			set->has_duplicates = true;
			continue;
		}
		set->kinds[entry->kind].objects++;
		if (entry->offset)
			set->kinds[entry->kind].bytes += pack_entry_end(pack, i) - entry->offset;
	}
}

int pack_set_open(struct pack_set **set, char *const *directories, size_t count, pack_unreadable *unreadable,
		  void *context, struct error *error)
{
	struct pack_set *opened = memory_allocate_zeroed(1, sizeof(*opened));
	unsigned char **marks = NULL;
	size_t capacity = 0;
	int status;

	for (size_t i = 0; i < count; i++)
		directory_open(opened, &capacity, directories[i], unreadable, context);
	status = pack_set_find_duplicates(opened, &marks, error);
	if (status) {
		pack_set_close(opened);
		return status;
	}
	opened->starts = memory_allocate_zeroed(opened->count + 1, sizeof(*opened->starts));
	for (size_t p = 0; p < opened->count; p++) {
		struct pack *pack = &opened->packs[p];

		pack_link(pack, marks ? marks[p] : NULL);
		opened->starts[p + 1] = opened->starts[p] + pack->index.count;
		kinds_count(opened, pack);
		if (marks)
			free(marks[p]);
	}
	free(marks);
	*set = opened;
	return 0;
}

void pack_set_close(struct pack_set *set)
{
	if (!set)
		return;
	for (size_t p = 0; p < set->count; p++)
		pack_close(&set->packs[p]);
	free(set->packs);
	free(set->starts);
	free(set);
}

void pack_set_count(const struct pack_set *set, unsigned kinds, uint64_t *objects, uint64_t *bytes)
{
	*objects = *bytes = 0;
	for (unsigned kind = 0; kind < 8; kind++) {
		if (kind && !(kinds & OBJECT_KIND_BIT(kind)))
			continue;
		*objects += set->kinds[kind].objects;
		*bytes += set->kinds[kind].bytes;
	}
}

uint64_t pack_set_object_count(const struct pack_set *set)
{
	uint64_t objects, bytes;

	pack_set_count(set, ~0u, &objects, &bytes);
	return objects;
}

uint64_t pack_set_byte_count(const struct pack_set *set)
{
	uint64_t objects, bytes;

	pack_set_count(set, ~0u, &objects, &bytes);
	return bytes;
}

bool pack_set_has(const struct pack_set *set, const struct object_id *id)
{
	uint32_t position;

	for (size_t p = 0; p < set->count; p++) {
		if (pack_index_find(&set->packs[p].index, id->bytes, &position))
			return true;
	}
	return false;
}

/* In a set of more packs it would push out of the cache what it brings. */
#define PREFETCH_PACKS_MAX 8

void pack_set_prefetch(const struct pack_set *set, const struct object_id *id)
{
	for (size_t p = 0; p < set->count && p < PREFETCH_PACKS_MAX; p++)
		pack_index_prefetch(&set->packs[p].index, id->bytes);
}

const struct pack *pack_set_locate(const struct pack_set *set, uint64_t number)
{
	size_t low = 0, high = set->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (set->starts[middle] <= number)
			low = middle;
		else
			high = middle;
	}
	return &set->packs[low];
}
