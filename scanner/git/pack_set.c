/*
 * The packs of a repository and its alternates: finding their files, and the objects that stand in several of
 * them.
 */
#define _GNU_SOURCE
#include "git/pack.h"

#include "base/memory.h"
#include "git/pack_midx.h"
#include "git/pack_unindexed.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* A folder of packs while it is opened. */
struct pack_folder {
	struct pack_set *set;
	size_t *capacity; /* of set->packs */
	size_t first;     /* of set->packs that is of this folder */
	const char *path;
	pack_unreadable *unreadable;
	void *context;
	const struct pack_leftovers *leftovers; /* NULL: a pack without an index is told of and not read */
	struct pack_midx midx; /* looked for when a pack without an index is met */
	bool midx_sought, midx_open;
};

/* Look for the folder's multi-pack-index, once. Returns whether it can be used. */
static bool midx_seek(struct pack_folder *folder)
{
	char *path = memory_format("%s/multi-pack-index", folder->path);
	struct error error;
	int status = 0;

	if (!folder->midx_sought) {
		status = pack_midx_open(&folder->midx, path, &error);
		folder->midx_open = !status;
		if (status && status != ERROR_NOT_FOUND)
			folder->unreadable(folder->context, path, error.message);
		else if (!status && !folder->midx.is_sound)
			folder->unreadable(folder->context, path, "its checksum is not that of its bytes");
	}
	folder->midx_sought = true;
	free(path);
	return folder->midx_open;
}

/* Why a pack without an index, which no multi-pack-index names, cannot be read: a static text. */
static const char *no_index_complaint(const struct pack_folder *folder)
{
	char *chain = memory_format("%s/multi-pack-index.d/multi-pack-index-chain", folder->path);
	bool is_chained = !access(chain, F_OK);

	free(chain);
	return is_chained ? "the pack has no index (a chain of multi-pack-indexes is not read); git index-pack makes it one" :
			    "the pack has no index";
}

/* Open a pack that nothing says the objects of. */
static void open_unindexed(struct pack_set *set, size_t *capacity, const char *path, const struct pack_leftovers *leftovers,
			   pack_unreadable *unreadable, void *context)
{
	struct error error;

	memory_grow(set->packs, set->count, *capacity);
	if (!pack_open_unindexed(&set->packs[set->count], path, leftovers, unreadable, context, &error))
		set->count++;
	else
		unreadable(context, path, error.message);
}

/* Packs that git was writing when it was ended, or is writing now: index-pack(1) and pack-objects(1) name them so. */
static void open_temporary(const struct pack_folder *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder->path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *path = memory_format("%s/%s", folder->path, entries[i]->d_name);

		if (!strncmp(entries[i]->d_name, "tmp_pack_", strlen("tmp_pack_")))
			open_unindexed(folder->set, folder->capacity, path, folder->leftovers, folder->unreadable, folder->context);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

/* Open a pack by its index, or by the multi-pack-index. */
static void folder_open_pack(struct pack_folder *folder, const char *stem, bool has_index)
{
	struct pack_set *set = folder->set;
	uint32_t number = PACK_MIDX_NONE;
	struct error error;
	struct pack *pack;
	int status;

	if (!has_index && midx_seek(folder))
		number = pack_midx_find(&folder->midx, stem + strlen(folder->path) + 1);
	if (!has_index && number == PACK_MIDX_NONE && folder->leftovers) {
		char *path = memory_format("%s.pack", stem);

		open_unindexed(set, folder->capacity, path, folder->leftovers, folder->unreadable, folder->context);
		free(path);
		return;
	}
	if (!has_index && number == PACK_MIDX_NONE) {
		half_report(stem, "pack", no_index_complaint(folder), folder->unreadable, folder->context);
		return;
	}
	memory_grow(set->packs, set->count, *folder->capacity);
	pack = &set->packs[set->count];
	status = has_index ? pack_open(pack, stem, folder->unreadable, folder->context, &error) :
			     pack_open_by_midx(pack, stem, &folder->midx, number, folder->unreadable, folder->context, &error);
	if (!status)
		set->count++;
	else
		half_report(stem, "pack", error.message, folder->unreadable, folder->context);
}

/*
 * A multi-pack-index leaves an object out of a pack because another pack has it: tell of those that the other pack lacks. (A pack
 * that is there and cannot be opened was told of.)
 */
static void midx_check_others(const struct pack_folder *folder)
{
	const struct pack_midx *midx = &folder->midx;
	const struct pack **packs = memory_allocate_zeroed(midx->pack_count, sizeof(*packs));
	char *path = memory_format("%s/multi-pack-index", folder->path), *detail;
	uint32_t position, lost = 0;

	for (size_t p = folder->first; p < folder->set->count; p++) {
		const struct pack *pack = &folder->set->packs[p];
		bool is_temporary = strcmp(pack->path + strlen(pack->path) - strlen(".pack"), ".pack") != 0;
		char *stem = memory_copy_bytes(pack->path, strlen(pack->path) - strlen(".pack"));
		uint32_t number = is_temporary ? PACK_MIDX_NONE : pack_midx_find(midx, stem + strlen(folder->path) + 1);

		if (number != PACK_MIDX_NONE)
			packs[number] = pack;
		free(stem);
	}
	for (uint32_t i = 0; i < midx->count; i++) {
		const struct pack *pack = packs[pack_midx_pack(midx, i)];

		lost += !pack || !pack_index_find(&pack->index, midx->ids + (size_t)i * OBJECT_ID_SIZE, &position);
	}
	detail = memory_format("%u of its objects are not in the packs where it says they are", lost);
	if (lost)
		folder->unreadable(folder->context, path, detail);
	free(detail);
	free(path);
	free(packs);
}

/* Open every pack of a folder. */
static void directory_open(struct pack_set *set, size_t *capacity, const char *directory, const struct pack_leftovers *leftovers,
			   pack_unreadable *unreadable, void *context)
{
	struct stem_list packs = { NULL, 0, 0 }, indexes = { NULL, 0, 0 };
	char *path = memory_format("%s/pack", directory);
	struct pack_folder folder = { .set = set, .capacity = capacity, .first = set->count, .path = path,
				      .leftovers = leftovers, .unreadable = unreadable, .context = context };
	size_t p = 0, i = 0;

	stems_collect(path, &packs, &indexes, unreadable, context);
	while (p < packs.count || i < indexes.count) {
		int order = p == packs.count   ? 1 :
			    i == indexes.count ? -1 :
						 strcmp(packs.stems[p], indexes.stems[i]);

		if (order > 0) {
			half_report(indexes.stems[i++], "idx", "the index has no pack", unreadable, context);
			continue;
		}
		folder_open_pack(&folder, packs.stems[p++], !order);
		i += !order;
	}
	if (leftovers)
		open_temporary(&folder);
	if (folder.midx_open)
		midx_check_others(&folder);
	pack_midx_close(&folder.midx);
	stem_list_release(&packs);
	stem_list_release(&indexes);
	free(path);
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

int pack_set_open(struct pack_set **set, char *const *directories, size_t count, unsigned jobs,
		  pack_unreadable *unreadable, void *context, struct error *error)
{
	return pack_set_open_all(set, directories, count, jobs, NULL, unreadable, context, error);
}

int pack_set_open_all(struct pack_set **set, char *const *directories, size_t count, unsigned jobs,
		      const struct pack_leftovers *leftovers, pack_unreadable *unreadable, void *context, struct error *error)
{
	struct pack_set *opened = memory_allocate_zeroed(1, sizeof(*opened));
	unsigned char **marks = NULL;
	size_t capacity = 0;
	int status;

	for (size_t i = 0; i < count; i++)
		directory_open(opened, &capacity, directories[i], leftovers, unreadable, context);
	if (leftovers && leftovers->file)
		open_unindexed(opened, &capacity, leftovers->file, leftovers, unreadable, context);
	status = pack_set_find_duplicates(opened, &marks, error);
	if (status) {
		pack_set_close(opened);
		return status;
	}
	opened->starts = memory_allocate_zeroed(opened->count + 1, sizeof(*opened->starts));
	for (size_t p = 0; p < opened->count; p++) {
		struct pack *pack = &opened->packs[p];

		pack_link(pack, marks ? marks[p] : NULL, jobs);
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
