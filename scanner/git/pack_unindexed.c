/*
 * A thin pack's bases are appended to it, as git-index-pack(1) --fix-thin does, but in memory: behind the mapped file.
 */
#define _GNU_SOURCE
#include "git/pack_unindexed.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/id_table.h"
#include "git/pack_listing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#define PACK_HEADER_SIZE 12
#define BASES_BYTES_MAX ((size_t)256 << 20) /* of a thin pack, deflated */

/* Find the entries, and tell of what cannot be read. */
static void read_entries(struct pack_listing *listing, pack_unreadable *unreadable, void *context)
{
	struct pack *pack = listing->pack;
	const char *complaint = pack_listing_read(listing);
	char *detail;

	if (!complaint)
		return;
	detail = memory_format("a pack that is cut short or damaged: %zu of its %u objects could be read; %s%s", listing->count,
			       (unsigned)load_be32(pack->file.bytes + 8), complaint,
			       strstr(pack->path, "/tmp_pack_") ? " (git is writing it, or was ended meanwhile; git gc removes it once it is old)" : "");
	unreadable(context, pack->path, detail);
	free(detail);
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
	struct pack_found *found; /* owned; offsets in bytes */
	size_t count, found_capacity;
	struct id_table *asked; /* owned: ids that were asked for, asked_count of them */
	uint32_t asked_count;
};

static void add_base(struct bases *bases, const struct object_id *id, enum object_kind kind, const unsigned char *bytes, size_t size)
{
	uLongf room = compressBound(size);
	struct pack_found found = { .id = *id, .offset = bases->size, .known = true };

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
static bool is_wanted(const struct pack_listing *listing, struct bases *bases, const struct object_id *id)
{
	uint32_t position;

	if (pack_index_find(&listing->pack->index, id->bytes, &position) || id_table_add(bases->asked, id) < bases->asked_count)
		return false;
	bases->asked_count++;
	return true;
}

/* Read what the deltas that are left want by id and this pack has not. */
static void read_bases(const struct pack_listing *listing, const struct pack_leftovers *leftovers, struct bases *bases)
{
	for (size_t i = 0; i < listing->count; i++) {
		struct pack_header header;
		unsigned char *bytes = NULL;
		enum object_kind kind;
		struct object_id id;
		size_t size;

		if (listing->found[i].known ||
		    pack_header_read(listing->pack, listing->found[i].offset, listing->pack->end, &header) ||
		    header.type != PACK_REFERENCE_DELTA)
			continue;
		memcpy(id.bytes, header.base_id, sizeof(id.bytes));
		if (is_wanted(listing, bases, &id) && !leftovers->read_base(leftovers->context, &id, &kind, &bytes, &size))
			add_base(bases, &id, kind, bytes, size);
		free(bytes);
	}
}

/* Map the file anew, with the bases behind it. */
static int append_bases(struct pack_listing *listing, const struct bases *bases, struct error *error)
{
	struct pack *pack = listing->pack;
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
			pack_listing_add(listing, file_size - lead + bases->found[i].offset, &bases->found[i].id);
		pack->end = size - lead;
	}
	if (file >= 0)
		close(file);
	return status;
}

static int complete_thin(struct pack_listing *listing, const struct pack_leftovers *leftovers, struct error *error)
{
	struct bases bases = { .asked = id_table_new() };
	int status = 0;

	read_bases(listing, leftovers, &bases);
	if (bases.count)
		status = append_bases(listing, &bases, error);
	if (bases.count && !status)
		status = pack_listing_name(listing, error);
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
	size_t start = leftovers->file && !strcmp(leftovers->file, path) ? leftovers->file_start : 0;
	struct pack_listing listing;
	int status = map_pack(pack, path, start, error), ready = pack_listing_init(&listing, pack, status ? NULL : error);

	if (!status)
		status = ready;
	if (!status) {
		read_entries(&listing, unreadable, context);
		status = pack_listing_name(&listing, error);
	}
	if (!status && listing.named < listing.count && leftovers->read_base)
		status = complete_thin(&listing, leftovers, error);
	if (!status && listing.named < listing.count) {
		char *detail = memory_format("%zu of its %zu objects are deltas whose bases are not there, or broken", listing.count - listing.named,
					     listing.count);

		unreadable(context, path, detail);
		free(detail);
	}
	if (!status)
		pack_listing_index(&listing, false);
	pack_listing_release(&listing);
	if (status)
		pack_close(pack);
	return status;
}
