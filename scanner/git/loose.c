#define _GNU_SOURCE
#include "git/loose.h"

#include "base/memory.h"
#include "git/object_hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- listing ---- */

static void add_fan(struct loose_list *list, const char *path, const char *fan, unsigned number,
		    loose_unreadable *unreadable, void *context)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (!folder) {
		if (errno != ENOENT)
			unreadable(context, path, strerror(errno));
		return;
	}
	while ((errno = 0, entry = readdir(folder))) {
		char hex[2 * OBJECT_ID_SIZE + 1];
		struct object_id id;

		if (!strncmp(entry->d_name, "tmp_obj_", strlen("tmp_obj_"))) {
			memory_grow(list->unfinished, list->unfinished_count, list->unfinished_capacity);
			list->unfinished[list->unfinished_count++] = memory_format("%s/%s", path, entry->d_name);
			continue;
		}
		/* other names are somebody else's */
		if (strlen(entry->d_name) != 2 * OBJECT_ID_SIZE - 2)
			continue;
		snprintf(hex, sizeof(hex), "%.2s%.38s", fan, entry->d_name);
		if (!object_id_parse(&id, hex))
			continue;
		memory_grow(list->objects, list->count, list->capacity);
		list->objects[list->count++] = (struct loose_object){ id, number };
	}
	if (errno)
		unreadable(context, path, strerror(errno));
	closedir(folder);
}

void loose_list_add(struct loose_list *list, const char *directory, unsigned number, loose_unreadable *unreadable,
		    void *context)
{
	for (unsigned fan = 0; fan < 256; fan++) {
		char name[3];
		char *path;

		snprintf(name, sizeof(name), "%02x", fan);
		path = memory_format("%s/%s", directory, name);
		add_fan(list, path, name, number, unreadable, context);
		free(path);
	}
}

/* By id; of two copies of one object, the one in the repository's own folder first. */
static int compare_copies(const void *a, const void *b)
{
	const struct loose_object *x = a, *y = b;
	int order = object_id_compare(a, b);

	return order ? order : (x->directory > y->directory) - (x->directory < y->directory);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void loose_list_sort(struct loose_list *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->objects, list->count, sizeof(*list->objects), compare_copies);
	for (size_t i = 0; i < list->count; i++) {
		if (!kept || object_id_compare(&list->objects[kept - 1], &list->objects[i]) != 0)
			list->objects[kept++] = list->objects[i];
	}
	list->count = kept;
	if (list->unfinished_count)
		qsort(list->unfinished, list->unfinished_count, sizeof(*list->unfinished), compare_paths);
}

void loose_list_release(struct loose_list *list)
{
	for (size_t i = 0; i < list->unfinished_count; i++)
		free(list->unfinished[i]);
	free(list->unfinished);
	free(list->objects);
	*list = (struct loose_list){ 0 };
}

const struct loose_object *loose_list_find(const struct loose_list *list, const struct object_id *id)
{
	return list->count ? bsearch(id, list->objects, list->count, sizeof(*list->objects), object_id_compare) : NULL;
}

/* ---- reading ---- */

/* One object on its way from the file to the visitor. */
struct inflation {
	int fd;
	z_stream stream;
	unsigned char input[16384];
	bool ended; /* the zlib stream's end was seen */
	bool is_cut; /* the file ended before */
	bool is_part; /* no more than the size that was measured is wanted */
};

/* Inflate until window holds `wanted` bytes or the stream ends. Returns the bytes there, or -1 with *error filled. */
static ssize_t inflate_more(struct inflation *inflation, unsigned char *window, size_t have, size_t wanted,
			    struct error *error)
{
	z_stream *stream = &inflation->stream;

	stream->next_out = window + have;
	stream->avail_out = (uInt)(wanted - have);
	while (stream->avail_out && !inflation->ended) {
		int result;

		if (!stream->avail_in) {
			ssize_t got = read(inflation->fd, inflation->input, sizeof(inflation->input));

			if (got < 0) {
				error_set_errno(error, "cannot read a loose object");
				return -1;
			}
			if (got == 0) {
				inflation->is_cut = true;
				error_set(error, ERROR_MALFORMED, "a loose object that is cut short");
				return -1;
			}
			stream->next_in = inflation->input;
			stream->avail_in = (uInt)got;
		}
		result = inflate(stream, Z_NO_FLUSH);
		if (result == Z_STREAM_END) {
			inflation->ended = true;
		} else if (result != Z_OK && result != Z_BUF_ERROR && !(inflation->is_part && !stream->avail_out)) {
			error_set(error, ERROR_MALFORMED, "a loose object that zlib cannot inflate (%s)",
				  stream->msg ? stream->msg : "no reason given");
			return -1;
		}
	}
	return (ssize_t)(wanted - stream->avail_out);
}

/* Whether nothing comes after the declared end: more content than the header says would be content that nobody looked at. */
static bool ends_here(struct inflation *inflation)
{
	unsigned char more;

	return inflation->ended || (inflate_more(inflation, &more, 0, 1, NULL) == 0 && inflation->ended);
}

/* "blob 1234\0": returns the header's length with its NUL, or 0. */
static size_t parse_header(const unsigned char *bytes, size_t size, enum object_kind *kind, uint64_t *object_size)
{
	static const struct {
		const char *name;
		enum object_kind kind;
	} kinds[] = { { "commit ", OBJECT_COMMIT }, { "tree ", OBJECT_TREE }, { "blob ", OBJECT_BLOB }, { "tag ", OBJECT_TAG } };
	const unsigned char *end = memchr(bytes, 0, size);

	for (size_t i = 0; end && i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t length = strlen(kinds[i].name);
		const char *digits = (const char *)bytes + length;
		char *rest;

		if (size <= length || memcmp(bytes, kinds[i].name, length) != 0 || *digits < '0' || *digits > '9')
			continue;
		*kind = kinds[i].kind;
		*object_size = strtoull(digits, &rest, 10); /* ends at the NUL at the latest */
		return rest == (const char *)end ? (size_t)(end - bytes) + 1 : 0;
	}
	return 0;
}

/* Hand on the content, of which have bytes are in the window. */
static int hand_on(struct inflation *inflation, struct object_piece *piece, unsigned char *window, size_t window_size,
		   size_t have, size_t overlap, object_visit *visit, void *context, unsigned worker, int *stopped,
		   struct error *error)
{
	piece->bytes = window;
	piece->first = true;
	for (;;) {
		uint64_t left = piece->object_size - piece->offset;
		size_t wanted = inflation->is_part && left < window_size ? (size_t)left : window_size;
		ssize_t filled = inflate_more(inflation, window, have, wanted, error);

		if (filled < 0)
			return error ? (int)error->code : ERROR_MALFORMED;
		piece->size = (size_t)filled;
		if (piece->offset + piece->size > piece->object_size ||
		    (inflation->ended && piece->offset + piece->size < piece->object_size))
			return error_set(error, ERROR_MALFORMED, "a loose object whose size is not what its header says");
		/* the end may lie just behind a full window: the declared size tells */
		piece->last = piece->offset + piece->size == piece->object_size;
		*stopped = visit(context, worker, piece);
		if (piece->last && !inflation->is_part && !ends_here(inflation))
			return error_set(error, ERROR_MALFORMED, "a loose object that goes on behind the size its header says");
		if (piece->last || *stopped)
			return 0;
		memmove(window, window + piece->size - overlap, overlap);
		piece->offset += piece->size - overlap;
		piece->first = false;
		have = overlap;
	}
}

/* Open a file and begin to inflate it. Returns 0, ERROR_IO (nothing there: ERROR_NOT_FOUND) or ERROR_MALFORMED. End it in each case. */
static int inflation_begin(struct inflation *inflation, const char *path, struct error *error)
{
	struct stat status;

	inflateInit(&inflation->stream);
	/* O_NONBLOCK: a FIFO of that name must not hold the scan up */
	inflation->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (inflation->fd < 0 || fstat(inflation->fd, &status))
		return error_set_errno(error, "cannot open '%s'", path);
	return S_ISREG(status.st_mode) ? 0 : error_set(error, ERROR_MALFORMED, "'%s' is no regular file", path);
}

static void inflation_end(struct inflation *inflation)
{
	if (inflation->fd >= 0)
		close(inflation->fd);
	inflateEnd(&inflation->stream);
}

/*
 * Begin to inflate an object: what its first bytes say it is, and *have bytes of it at the start of window, which has room for FIRST_BYTES. Returns as
 * inflation_begin() does. End it in each case.
 */
#define FIRST_BYTES 64
static int object_begin(struct inflation *inflation, const char *directory, const struct object_id *id, unsigned char *window,
			enum object_kind *kind, uint64_t *size, size_t *have, struct error *error)
{
	char hex[2 * OBJECT_ID_SIZE + 1], *path;
	size_t header = 0;
	ssize_t filled;
	int result;

	object_id_format(id, hex);
	path = memory_format("%s/%.2s/%s", directory, hex, hex + 2);
	result = inflation_begin(inflation, path, error);
	free(path);
	if (result)
		return result;
	filled = inflate_more(inflation, window, 0, FIRST_BYTES, error);
	if (filled < 0)
		return error ? (int)error->code : ERROR_MALFORMED;
	header = parse_header(window, (size_t)filled, kind, size);
	if (!header)
		return error_set(error, ERROR_MALFORMED, "a loose object without a header");
	*have = (size_t)filled - header;
	memmove(window, window + header, *have);
	return 0;
}

int loose_read(const char *directory, const struct object_id *id, unsigned kinds, unsigned char *window,
	       size_t window_size, size_t overlap, object_visit *visit, void *context, unsigned worker, int *stopped,
	       struct error *error)
{
	struct inflation inflation = { .fd = -1 };
	struct object_piece piece = { .id = *id };
	size_t have;
	int result;

	*stopped = 0;
	result = object_begin(&inflation, directory, id, window, &piece.kind, &piece.object_size, &have, error);
	/* a kind that nobody asked for costs no more than its first bytes */
	if (!result && kinds & OBJECT_KIND_BIT(piece.kind))
		result = hand_on(&inflation, &piece, window, window_size, have, overlap, visit, context, worker, stopped, error);
	inflation_end(&inflation);
	return result;
}

int loose_read_header(const char *directory, const struct object_id *id, enum object_kind *kind, uint64_t *size, struct error *error)
{
	struct inflation inflation = { .fd = -1 };
	unsigned char first[FIRST_BYTES];
	size_t have;
	int result = object_begin(&inflation, directory, id, first, kind, size, &have, error);

	inflation_end(&inflation);
	return result;
}

/* ---- unfinished ones ---- */

/* The same as inflate_more(), but what came before an error counts. *failed tells of one. */
static size_t inflate_some(struct inflation *inflation, unsigned char *window, size_t wanted, bool *failed, struct error *error)
{
	ssize_t filled = inflate_more(inflation, window, 0, wanted, error);

	*failed = filled < 0;
	return *failed ? wanted - inflation->stream.avail_out : (size_t)filled;
}

int loose_part_measure(struct loose_part *part, const char *path, unsigned char *window, size_t window_size, struct error *error)
{
	struct inflation inflation = { .fd = -1 };
	struct object_hash *hash = object_hash_new();
	struct error why = { 0 };
	uint64_t declared = 0;
	bool failed = false;
	int result = inflation_begin(&inflation, path, &why);
	size_t filled = result ? 0 : inflate_some(&inflation, window, FIRST_BYTES, &failed, &why);
	size_t header = filled ? parse_header(window, filled, &part->kind, &declared) : 0;

	part->size = 0;
	part->is_whole = false;
	if (!hash)
		result = error_set(&why, ERROR_UNSUPPORTED, "cannot name a loose object: SHA-1 cannot be set up");
	if (!result && !header)
		result = failed && inflation.is_cut ? ERROR_NOT_FOUND : ERROR_MALFORMED;
	if (result || !header)
		goto out;
	object_hash_begin(hash, part->kind, declared);
	memmove(window, window + header, filled -= header);
	while (filled) {
		object_hash_add(hash, window, filled);
		part->size += filled;
		filled = failed ? 0 : inflate_some(&inflation, window, window_size, &failed, &why);
	}
	object_hash_finish(hash, &part->id);
	part->is_whole = inflation.ended && part->size == declared;
	if (failed && !inflation.is_cut)
		result = (int)why.code;
out:
	if (result && error)
		*error = why.code ? why : (struct error){ ERROR_MALFORMED, "what is in it is no object" };
	inflation_end(&inflation);
	object_hash_free(hash);
	return result;
}

int loose_part_read(const struct loose_part *part, const char *path, unsigned char *window, size_t window_size, size_t overlap, object_visit *visit,
		    void *context, unsigned worker, int *stopped, struct error *error)
{
	struct inflation inflation = { .fd = -1, .is_part = true };
	struct object_piece piece = { .id = part->id, .kind = part->kind };
	size_t header = 0;
	bool failed;
	int result = inflation_begin(&inflation, path, error);
	size_t filled = result ? 0 : inflate_some(&inflation, window, FIRST_BYTES, &failed, NULL);

	*stopped = 0;
	if (filled)
		header = parse_header(window, filled, &piece.kind, &piece.object_size);
	piece.object_size = part->size;
	if (header && part->size) {
		filled = filled - header < part->size ? filled - header : (size_t)part->size;
		memmove(window, window + header, filled);
		result = hand_on(&inflation, &piece, window, window_size, filled, overlap, visit, context, worker, stopped, error);
	}
	inflation_end(&inflation);
	return result;
}
