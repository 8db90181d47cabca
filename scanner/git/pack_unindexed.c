/*
 * git-index-pack(1) without the index: one pass over the entries, each inflated to see where it ends, which names all that are no deltas; then deltas are made and
 * named by the pack walk, which has to know ids first: entries of which none is known yet have placeholders. A delta that gives its base by id can be linked when
 * that is known, so there are as many rounds as such deltas follow each other; git writes them only into thin packs, where there is one.
 *
 * A thin pack's bases are appended to it, as git-index-pack(1) --fix-thin does, but in memory: behind the mapped file.
 */
#define _GNU_SOURCE
#include "git/pack_unindexed.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/id_table.h"
#include "git/inflate.h"
#include "git/object_hash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#define PACK_HEADER_SIZE 12
#define ROUNDS_MAX 64
#define BASES_BYTES_MAX ((size_t)256 << 20) /* of a thin pack, deflated */
#define STEP ((size_t)1 << 16)
#define ENTRY_SIZE_MIN 9 /* a header of one byte and an empty zlib stream */

/* An entry. */
struct found {
	struct object_id id; /* first: object_id_compare() orders these */
	uint64_t offset;
	bool known; /* id is its object's; otherwise a placeholder */
};

/* What placeholders begin with; the last 4 bytes are the entry's number. */
static const unsigned char placeholder[OBJECT_ID_SIZE - 4] = { 0xff, 0xff, 's', 't', 'a', 'u', 'n', 'c', 'h', ' ', 'e', 'n', 't', 'r', 'y', ' ' };

struct unindexed {
	struct pack *pack;
	struct found *found; /* owned, count of them, by offset */
	size_t count, capacity;
	struct inflater *inflater;
	struct object_hash *hash;
	size_t named; /* entries that are known */
};

static void unindexed_release(struct unindexed *unindexed)
{
	free(unindexed->found);
	inflater_free(unindexed->inflater);
	object_hash_free(unindexed->hash);
}

static void add_entry(struct unindexed *unindexed, uint64_t offset, const struct object_id *id)
{
	struct found found = { .offset = offset, .known = id != NULL };
	uint32_t number = htobe32((uint32_t)unindexed->count);

	if (id) {
		found.id = *id;
		unindexed->named++;
	} else {
		memcpy(found.id.bytes, placeholder, sizeof(placeholder));
		memcpy(found.id.bytes + sizeof(placeholder), &number, sizeof(number));
	}
	memory_grow(unindexed->found, unindexed->count, unindexed->capacity);
	unindexed->found[unindexed->count++] = found;
}

/* ---- the first pass ---- */

/* Inflate an entry, and hash it unless it is a delta. Returns NULL, or what is wrong. */
static const char *read_entry(struct unindexed *unindexed, const struct pack_header *header, uint64_t end, struct object_id *id, uint64_t *next)
{
	unsigned char buffer[STEP];
	bool is_delta = header->type > OBJECT_TAG;
	const char *complaint;

	if (!inflate_plausible(header->size, end - header->data))
		return "it is too short for the size it says";
	complaint = inflate_begin(unindexed->inflater, unindexed->pack->file.bytes + header->data, end - header->data);
	if (!is_delta)
		object_hash_begin(unindexed->hash, (enum object_kind)header->type, header->size);
	for (uint64_t left = header->size; left && !complaint;) {
		size_t step = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);

		complaint = inflate_next(unindexed->inflater, buffer, step);
		if (!complaint && !is_delta)
			object_hash_add(unindexed->hash, buffer, step);
		left -= step;
	}
	if (!complaint)
		complaint = inflate_finish(unindexed->inflater);
	if (complaint)
		return complaint;
	if (!is_delta)
		object_hash_finish(unindexed->hash, id);
	*next = header->data + inflate_taken(unindexed->inflater);
	return NULL;
}

/* Find the entries. pack->end becomes where the last one that could be read ends. */
static void read_entries(struct unindexed *unindexed, pack_unreadable *unreadable, void *context)
{
	struct pack *pack = unindexed->pack;
	uint32_t counted = load_be32(pack->file.bytes + 8);
	uint64_t at = PACK_HEADER_SIZE, size = pack->file.size;
	const char *complaint = NULL;
	char *detail;

	for (uint32_t i = 0; i < counted && !complaint; i++) {
		struct pack_header header;
		struct object_id id;
		uint64_t next = at;

		complaint = at < size ? pack_header_read(pack, at, size, &header) : "the file ends there";
		if (!complaint)
			complaint = read_entry(unindexed, &header, size, &id, &next);
		if (!complaint) {
			add_entry(unindexed, at, header.type > OBJECT_TAG ? NULL : &id);
			at = next;
		}
	}
	pack->end = at;
	if (!complaint && size - at != OBJECT_ID_SIZE)
		complaint = "there are bytes behind the last object";
	if (!complaint)
		return;
	detail = memory_format("a pack that is cut short or damaged: %zu of its %u objects could be read; %s%s", unindexed->count, (unsigned)counted,
			       complaint, strstr(pack->path, "/tmp_pack_") ? " (git is writing it, or was ended meanwhile; git gc removes it once it is old)" : "");
	unreadable(context, pack->path, detail);
	free(detail);
}

/* ---- naming deltas ---- */

/* Make the pack's index of what is known (and, with placeholders, of what is not), and link its entries. */
static void make_index(struct unindexed *unindexed, bool with_placeholders)
{
	struct pack *pack = unindexed->pack;
	struct found *sorted = memory_allocate((unindexed->count + 1) * sizeof(*sorted));
	uint32_t count = 0;

	pack_index_close(&pack->index);
	free(pack->entries);
	pack->entries = NULL;
	memset(&pack->index, 0, sizeof(pack->index));
	for (size_t i = 0; i < unindexed->count; i++) {
		if (unindexed->found[i].known || with_placeholders)
			sorted[count++] = unindexed->found[i];
	}
	if (count)
		qsort(sorted, count, sizeof(*sorted), object_id_compare);
	pack_index_lay_out(&pack->index, count);
	for (uint32_t i = 0; i < count; i++)
		pack_index_put(&pack->index, i, sorted[i].id.bytes, sorted[i].offset);
	pack_index_fan_out(&pack->index);
	free(sorted);
}

/* An object_visit: one thread. */
static int name_object(void *context, unsigned worker, const struct object_piece *piece)
{
	struct unindexed *unindexed = context;
	struct found *found;
	uint32_t number;

	(void)worker;
	if (memcmp(piece->id.bytes, placeholder, sizeof(placeholder)) != 0 || !piece->first || !piece->last)
		return 0;
	number = load_be32(piece->id.bytes + sizeof(placeholder));
	if (number >= unindexed->count)
		return 0;
	found = &unindexed->found[number];
	if (found->known)
		return 0;
	object_hash_begin(unindexed->hash, piece->kind, piece->size);
	object_hash_add(unindexed->hash, piece->bytes, piece->size);
	object_hash_finish(unindexed->hash, &found->id);
	found->known = true;
	unindexed->named++;
	return 0;
}

/* What cannot be made now may be in a later round; what stays is told at the end. */
static void pass_over(void *context, const struct object_id *id, const char *detail)
{
	(void)context;
	(void)id;
	(void)detail;
}

/* Rounds of naming, until one names nothing. */
static int name_deltas(struct unindexed *unindexed, struct error *error)
{
	struct pack_walk_options options = { .kinds = OBJECT_KIND_BIT(OBJECT_BLOB) | OBJECT_KIND_BIT(OBJECT_COMMIT) | OBJECT_KIND_BIT(OBJECT_TREE) |
						      OBJECT_KIND_BIT(OBJECT_TAG),
					     .jobs = 1,
					     .memory_limit = PACK_WALK_MEMORY_DEFAULT,
					     .window_size = PACK_WALK_WINDOW_DEFAULT,
					     .visit = name_object,
					     .damaged = pass_over,
					     .context = unindexed };
	size_t before = SIZE_MAX;
	int status = 0;

	for (unsigned round = 0; round < ROUNDS_MAX && !status && unindexed->named < unindexed->count && unindexed->named != before; round++) {
		uint64_t starts[2] = { 0 };
		struct pack_set set = { .packs = unindexed->pack, .count = 1, .starts = starts };

		before = unindexed->named;
		make_index(unindexed, true);
		pack_link(unindexed->pack, NULL, 1);
		starts[1] = unindexed->pack->index.count;
		status = pack_walk(&set, &options, error);
	}
	return status;
}

/* ---- thin packs ---- */

/* An entry's header. Returns its size. */
static size_t put_header(unsigned char *to, enum object_kind kind, uint64_t size)
{
	size_t length = 0;

	to[length] = (unsigned char)((unsigned)kind << 4 | (size & 15));
	for (size >>= 4; size; size >>= 7) {
		to[length++] |= 0x80;
		to[length] = size & 0x7f;
	}
	return length + 1;
}

/* Objects that deltas want, as entries of a pack. */
struct bases {
	unsigned char *bytes; /* owned; size of them */
	size_t size, capacity;
	struct found *found; /* owned; offsets in bytes */
	size_t count, found_capacity;
	struct id_table *asked; /* owned: ids that were asked for, asked_count of them */
	uint32_t asked_count;
};

static void add_base(struct bases *bases, const struct object_id *id, enum object_kind kind, const unsigned char *bytes, size_t size)
{
	uLongf room = compressBound(size);
	struct found found = { .id = *id, .offset = bases->size, .known = true };

	if (bases->size + room + 16 > BASES_BYTES_MAX)
		return;
	if (bases->size + room + 16 > bases->capacity) {
		bases->capacity = 2 * (bases->size + room + 16);
		bases->bytes = memory_resize(bases->bytes, bases->capacity, 1);
	}
	bases->size += put_header(bases->bytes + bases->size, kind, size);
	if (compress2(bases->bytes + bases->size, &room, bytes, size, Z_BEST_SPEED) != Z_OK) {
		bases->size = (size_t)found.offset;
		return;
	}
	bases->size += room;
	memory_grow(bases->found, bases->count, bases->found_capacity);
	bases->found[bases->count++] = found;
}

/* Whether nobody asked for this id until now, and the pack has no such object. */
static bool is_wanted(const struct unindexed *unindexed, struct bases *bases, const struct object_id *id)
{
	uint32_t position;

	if (pack_index_find(&unindexed->pack->index, id->bytes, &position) || id_table_add(bases->asked, id) < bases->asked_count)
		return false;
	bases->asked_count++;
	return true;
}

/* Read what the deltas that are left want by id and this pack has not. */
static void read_bases(const struct unindexed *unindexed, const struct pack_leftovers *leftovers, struct bases *bases)
{
	for (size_t i = 0; i < unindexed->count; i++) {
		struct pack_header header;
		unsigned char *bytes = NULL;
		enum object_kind kind;
		struct object_id id;
		size_t size;

		if (unindexed->found[i].known ||
		    pack_header_read(unindexed->pack, unindexed->found[i].offset, unindexed->pack->end, &header) ||
		    header.type != PACK_REFERENCE_DELTA)
			continue;
		memcpy(id.bytes, header.base_id, sizeof(id.bytes));
		if (is_wanted(unindexed, bases, &id) && !leftovers->read_base(leftovers->context, &id, &kind, &bytes, &size))
			add_base(bases, &id, kind, bytes, size);
		free(bytes);
	}
}

/* Map the file anew, with the bases behind it. */
static int append_bases(struct unindexed *unindexed, const struct bases *bases, struct error *error)
{
	struct pack *pack = unindexed->pack;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), lead = pack->file.lead;
	size_t file_size = (lead + pack->file.size + page - 1) / page * page, size = file_size + bases->size;
	int file = open(pack->path, O_RDONLY | O_CLOEXEC);
	unsigned char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status = 0;

	if (file < 0 || bytes == MAP_FAILED ||
	    mmap(bytes, lead + pack->file.size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) {
		status = error_set_errno(error, "cannot map '%s'", pack->path);
		if (bytes != MAP_FAILED)
			munmap(bytes, size);
	} else {
		memcpy(bytes + file_size, bases->bytes, bases->size);
		file_map_close(&pack->file);
		pack->file = (struct file_map){ bytes + lead, size - lead, lead };
		for (size_t i = 0; i < bases->count; i++)
			add_entry(unindexed, file_size - lead + bases->found[i].offset, &bases->found[i].id);
		pack->end = size - lead;
	}
	if (file >= 0)
		close(file);
	return status;
}

static int complete_thin(struct unindexed *unindexed, const struct pack_leftovers *leftovers, struct error *error)
{
	struct bases bases = { .asked = id_table_new() };
	int status = 0;

	read_bases(unindexed, leftovers, &bases);
	if (bases.count)
		status = append_bases(unindexed, &bases, error);
	if (bases.count && !status)
		status = name_deltas(unindexed, error);
	free(bases.bytes);
	free(bases.found);
	id_table_free(bases.asked);
	return status;
}

/* ---- the whole ---- */

static int map_pack(struct pack *pack, const char *path, size_t start, struct error *error)
{
	const char *complaint = NULL;
	int status;

	memset(pack, 0, sizeof(*pack));
	status = file_map_open(&pack->file, path, error);
	if (status)
		return status;
	pack->path = memory_copy_string(path);
	if (pack->file.size < start + PACK_HEADER_SIZE || pack->file.size >= PACK_SIZE_MAX) {
		complaint = "its size is impossible";
	} else {
		pack->file = (struct file_map){ pack->file.bytes + start, pack->file.size - start, start };
		if (memcmp(pack->file.bytes, "PACK", 4) != 0)
			complaint = "it does not begin as a pack does";
		else if (load_be32(pack->file.bytes + 4) != 2 && load_be32(pack->file.bytes + 4) != 3)
			complaint = "its version is not known";
		else if (load_be32(pack->file.bytes + 8) == PACK_ENTRY_NONE)
			complaint = "it holds too many objects";
	}
	return complaint ? error_set(error, ERROR_MALFORMED, "cannot use the pack '%s': %s", path, complaint) : 0;
}

int pack_open_unindexed(struct pack *pack, const char *path, const struct pack_leftovers *leftovers, pack_unreadable *unreadable,
			void *context, struct error *error)
{
	struct unindexed unindexed = { .pack = pack, .inflater = inflater_new(), .hash = object_hash_new() };
	size_t start = leftovers->file && !strcmp(leftovers->file, path) ? leftovers->file_start : 0;
	int status = map_pack(pack, path, start, error);

	if (!status && (!unindexed.inflater || !unindexed.hash))
		status = error_set(error, ERROR_UNSUPPORTED, "cannot read the pack '%s': SHA-1 or zlib cannot be set up", path);
	if (!status) {
		read_entries(&unindexed, unreadable, context);
		status = name_deltas(&unindexed, error);
	}
	if (!status && unindexed.named < unindexed.count && leftovers->read_base)
		status = complete_thin(&unindexed, leftovers, error);
	if (!status && unindexed.named < unindexed.count) {
		char *detail = memory_format("%zu of its %zu objects are deltas whose bases are not there, or broken", unindexed.count - unindexed.named,
					     unindexed.count);

		unreadable(context, path, detail);
		free(detail);
	}
	if (!status)
		make_index(&unindexed, false);
	unindexed_release(&unindexed);
	if (status)
		pack_close(pack);
	return status;
}
