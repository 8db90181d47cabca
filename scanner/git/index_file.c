#define _GNU_SOURCE
#include "git/index_file.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/index_split.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some 10 million entries. git's own counts are 32 bits. */
#define INDEX_SIZE_MAX ((size_t)1 << 30)

/* Twice what Linux lets a program name; the walk below goes one level deeper for each folder in a path. */
#define PATH_LENGTH_MAX 8192

/* Folders inside folders in the cache tree. */
#define FOLDER_DEPTH_MAX 4096

#define HEADER_SIZE 12
#define FIXED_SIZE 62 /* of an entry, up to its path: stat data, id, flags */
#define MODE_AT 24
#define ID_AT 40
#define FLAGS_AT 60

enum { FLAG_EXTENDED = 0x4000, FLAG_STAGE = 0x3000, FLAG_STAGE_SHIFT = 12, FLAG_NAME = 0x0fff };
enum { EXTENDED_INTENT_TO_ADD = 0x2000 };

static int fail_malformed(struct error *error, const char *what)
{
	return error_set(error, ERROR_MALFORMED, "the index is damaged: %s (move it away, and git reset makes it anew)", what);
}

/* ---- the cache tree ---- */

struct tree_reader {
	struct index_file *index;
	const unsigned char *at, *end;
};

/* A decimal number, possibly negative, and the byte that ends it. */
static bool take_number(struct tree_reader *reader, char stop, int64_t *number)
{
	bool negative = reader->at < reader->end && *reader->at == '-';
	const unsigned char *start;

	reader->at += negative;
	start = reader->at;
	*number = 0;
	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' && reader->at - start < 10)
		*number = *number * 10 + (*reader->at++ - '0');
	if (reader->at == start || reader->at >= reader->end || *reader->at != (unsigned char)stop)
		return false;
	reader->at++;
	if (negative)
		*number = -*number;
	return true;
}

/* A folder and all below it, in the order of the file: "name NUL entries SP subfolders LF id". */
static bool take_folder(struct tree_reader *reader, unsigned depth, uint32_t *number)
{
	struct index_file *index = reader->index;
	const unsigned char *name = reader->at, *end = memchr(reader->at, 0, (size_t)(reader->end - reader->at));
	struct index_folder folder = { .name = (const char *)name };
	int64_t children;

	if (!end || depth > FOLDER_DEPTH_MAX)
		return false;
	folder.name_length = (size_t)(end - name);
	reader->at = end + 1;
	if (!take_number(reader, ' ', &folder.entry_count) || !take_number(reader, '\n', &children) || children < 0 ||
	    children > reader->end - reader->at)
		return false;
	if (folder.entry_count >= 0) {
		if (reader->end - reader->at < OBJECT_ID_SIZE)
			return false;
		memcpy(folder.id.bytes, reader->at, OBJECT_ID_SIZE);
		reader->at += OBJECT_ID_SIZE;
	}
	folder.child_count = (uint32_t)children;
	if (folder.child_count)
		folder.children = memory_allocate_zeroed(folder.child_count, sizeof(*folder.children));
	memory_grow(index->folders, index->folder_count, index->folder_capacity);
	*number = (uint32_t)index->folder_count;
	index->folders[index->folder_count++] = folder;
	for (uint32_t i = 0; i < folder.child_count; i++) {
		if (!take_folder(reader, depth + 1, &folder.children[i]))
			return false;
	}
	return true;
}

static void forget_folders(struct index_file *index)
{
	for (size_t i = 0; i < index->folder_count; i++)
		free(index->folders[i].children);
	index->folder_count = 0;
}

/* A cache tree that cannot be read is none: every entry is looked at then. */
static void read_cache_tree(struct index_file *index, const unsigned char *bytes, size_t size)
{
	struct tree_reader reader = { index, bytes, bytes + size };
	uint32_t root;

	if (size && !take_folder(&reader, 0, &root))
		forget_folders(index);
}

const struct index_folder *index_file_root(const struct index_file *index)
{
	return index->folder_count ? &index->folders[0] : NULL;
}

const struct index_folder *index_file_child(const struct index_file *index, const struct index_folder *parent,
					    const char *name, size_t name_length)
{
	uint32_t low = 0, high = parent ? parent->child_count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct index_folder *child = &index->folders[parent->children[middle]];
		int order = (name_length > child->name_length) - (name_length < child->name_length);

		if (!order)
			order = memcmp(name, child->name, name_length);
		if (!order)
			return child;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ---- entries ---- */

/* git's variable-length number (gitformat-pack(5), "offset encoding"). */
static bool take_offset(struct index_file *index, size_t end, size_t *number)
{
	unsigned char byte;

	if (index->at >= end)
		return false;
	byte = index->bytes[index->at++];
	*number = byte & 0x7f;
	while (byte & 0x80) {
		if (index->at >= end || *number > PATH_LENGTH_MAX)
			return false;
		byte = index->bytes[index->at++];
		*number = ((*number + 1) << 7) | (byte & 0x7f);
	}
	return true;
}

/* The path of the entry whose fixed part was read; moves behind the entry, which began at start. */
static bool take_path(struct index_file *index, size_t start, struct index_entry *entry)
{
	size_t end = index->size - OBJECT_ID_SIZE, removed;
	const unsigned char *path, *stop;

	if (index->version == 4) {
		if (!take_offset(index, end, &removed) || removed > index->path.length)
			return false;
	}
	path = index->bytes + index->at;
	stop = index->at < end ? memchr(path, 0, end - index->at) : NULL;
	if (!stop)
		return false;
	if (index->version == 4) {
		index->path.length -= removed;
		buffer_add(&index->path, path, (size_t)(stop - path));
		entry->path = index->path.bytes;
		entry->path_length = index->path.length;
		index->at += (size_t)(stop - path) + 1;
	} else {
		entry->path = (const char *)path;
		entry->path_length = (size_t)(stop - path);
		/* 1 to 8 NULs fill it up to a multiple of 8 */
		index->at = start + (((size_t)(stop - index->bytes) - start + 8) & ~(size_t)7);
	}
	return entry->path_length <= PATH_LENGTH_MAX && index->at <= end;
}

int index_file_next(struct index_file *index, struct index_entry *entry, struct error *error)
{
	size_t start = index->at;
	const unsigned char *fixed = index->bytes + start;
	unsigned flags;

	if (index->split)
		return index_split_next(index->split, entry, error);
	if (index->entries_read >= index->entry_count)
		return 0;
	if (index->size - OBJECT_ID_SIZE - start < FIXED_SIZE + 2)
		return fail_malformed(error, "it ends in the middle of an entry");
	flags = (unsigned)fixed[FLAGS_AT] << 8 | fixed[FLAGS_AT + 1];
	entry->mode = load_be32(fixed + MODE_AT);
	entry->stage = (flags & FLAG_STAGE) >> FLAG_STAGE_SHIFT;
	entry->intent_to_add = false;
	memcpy(entry->id.bytes, fixed + ID_AT, OBJECT_ID_SIZE);
	index->at += FIXED_SIZE;
	if (flags & FLAG_EXTENDED) {
		entry->intent_to_add = (((unsigned)fixed[FIXED_SIZE] << 8) & EXTENDED_INTENT_TO_ADD) != 0;
		index->at += 2;
	}
	if (!take_path(index, start, entry))
		return fail_malformed(error, "an entry has no path");
	/* one without a path takes the place of one in the shared index */
	if (entry->path_length && (entry->path[entry->path_length - 1] == '/') != ((entry->mode & S_IFMT) == S_IFDIR))
		return fail_malformed(error, "an entry's path does not fit its mode");
	index->entries_read++;
	return 1;
}

/* ---- the file ---- */

/* Of a split index. */
struct link {
	const unsigned char *bytes; /* borrowed: size of them, or NULL */
	size_t size;
};

/* Behind the entries: a cache tree to use, and whatever has to be understood and is not. */
static int read_extensions(struct index_file *index, struct link *link, struct error *error)
{
	size_t end = index->size - OBJECT_ID_SIZE;

	while (end - index->at >= 8) {
		const unsigned char *head = index->bytes + index->at;
		size_t size = load_be32(head + 4);

		index->at += 8;
		if (size > end - index->at)
			return fail_malformed(error, "an extension reaches beyond its end");
		if (!memcmp(head, "TREE", 4))
			read_cache_tree(index, head + 8, size);
		else if (!memcmp(head, "link", 4))
			*link = (struct link){ head + 8, size };
		else if (memcmp(head, "sdir", 4) != 0 && (*head < 'A' || *head > 'Z'))
			return error_set(error, ERROR_UNSUPPORTED, "the index has the extension '%.4s', which is not supported",
					 (const char *)head);
		index->at += size;
	}
	return 0;
}

static int map_bytes(struct index_file *index, int fd, const char *path, struct error *error)
{
	struct stat status;
	void *bytes;

	if (fstat(fd, &status))
		return error_set_errno(error, "cannot read the index '%s'", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_MALFORMED, "the index '%s' is no regular file", path);
	if (status.st_size < HEADER_SIZE + OBJECT_ID_SIZE)
		return fail_malformed(error, "it is too short to be one");
	if ((uint64_t)status.st_size > INDEX_SIZE_MAX)
		return error_set(error, ERROR_LIMIT, "the index '%s' is larger than %zu bytes", path, INDEX_SIZE_MAX);
	/* git never writes into an index, it puts a new one in its place; touching all pages at once saves a fault for each */
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (bytes == MAP_FAILED)
		return error_set_errno(error, "cannot read the index '%s'", path);
	index->bytes = bytes;
	index->size = (size_t)status.st_size;
	return 0;
}

static int read_structure(struct index_file *index, const char *folder, struct error *error)
{
	struct link link = { NULL, 0 };
	struct index_entry entry;
	bool has_empty = false;
	int result;

	if (memcmp(index->bytes, "DIRC", 4) != 0)
		return fail_malformed(error, "it does not begin as one");
	index->version = load_be32(index->bytes + 4);
	index->entry_count = load_be32(index->bytes + 8);
	index->at = HEADER_SIZE;
	if (index->version < 2 || index->version > 4)
		return error_set(error, ERROR_UNSUPPORTED, "the index has version %u, which is not supported",
				 (unsigned)index->version);
	while ((result = index_file_next(index, &entry, error)) == 1)
		has_empty |= !entry.path_length;
	if (!result)
		result = read_extensions(index, &link, error);
	index->at = HEADER_SIZE;
	index->entries_read = 0;
	buffer_clear(&index->path);
	if (!result && link.bytes && folder)
		result = index_split_open(&index->split, index, link.bytes, link.size, folder, error);
	if (!result && !index->split && (has_empty || (link.bytes && !folder)))
		result = fail_malformed(error, has_empty ? "an entry has no path" : "what it shares is split once more");
	return result;
}

int index_file_read(struct index_file *index, const char *path, const char *folder, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), result;

	memset(index, 0, sizeof(*index));
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_set(error, ERROR_NOT_FOUND, "there is no index '%s'", path);
	if (fd < 0)
		return error_set_errno(error, "cannot read the index '%s'", path);
	result = map_bytes(index, fd, path, error);
	close(fd);
	if (!result)
		result = read_structure(index, folder, error);
	return result;
}

void index_file_release(struct index_file *index)
{
	forget_folders(index);
	free(index->folders);
	index_split_free(index->split);
	if (index->bytes)
		munmap((void *)index->bytes, index->size);
	buffer_release(&index->path);
	memset(index, 0, sizeof(*index));
}
