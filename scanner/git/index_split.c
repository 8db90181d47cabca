#include "git/index_split.h"

#include "base/memory.h"
#include "git/bytes.h"

#include <stdlib.h>
#include <string.h>

struct index_split {
	struct index_file base; /* owned: the shared index */
	uint64_t *replaced, *deleted; /* owned: a bit for each entry of it */

	/* owned, and so are their paths: entries of base's paths for those that are replaced, in their order, then those that are new */
	struct index_entry *own;
	size_t own_count, own_capacity;
	size_t new_at; /* the new entry that comes next */

	/* where reading is in base */
	size_t base_at, replaced_at;
	struct index_entry base_entry; /* when has_base */
	bool has_base;
};

static int fail(struct error *error, const char *what)
{
	return error_set(error, ERROR_MALFORMED, "the split index is damaged: %s (git update-index --no-split-index makes it whole)", what);
}

/* ---- bitmaps: EWAH, as gitformat-bitmap(5) has it ---- */

static bool bit_is_set(const uint64_t *bits, size_t at)
{
	return bits[at / 64] >> (at % 64) & 1;
}

struct bit_writer {
	uint64_t *bits;
	uint64_t at, count; /* bits */
};

/* 64 bits of which none lies behind the last entry. */
static bool put_word(struct bit_writer *writer, uint64_t word)
{
	uint64_t left = writer->at < writer->count ? writer->count - writer->at : 0;

	if (word && (!left || (left < 64 && word >> left)))
		return false;
	if (word)
		writer->bits[writer->at / 64] = word;
	writer->at += 64;
	return true;
}

/* Words that are all ones or all zeroes, and others after them, as the first 64 bits say. */
static bool take_run(struct bit_writer *writer, uint64_t run, const unsigned char **words, const unsigned char *end)
{
	uint64_t literals = run >> 33, same = run >> 1 & UINT32_MAX;

	if (literals > (uint64_t)(end - *words) / 8)
		return false;
	if (!(run & 1)) {
		writer->at += same * 64;
		same = 0;
	}
	for (; same; same--) {
		if (!put_word(writer, UINT64_MAX))
			return false;
	}
	for (; literals; literals--, *words += 8) {
		if (!put_word(writer, load_be64(*words)))
			return false;
	}
	return true;
}

/* count bits from a bitmap of the extension, which *at moves behind. NULL when it is damaged. */
static uint64_t *take_bitmap(const unsigned char **at, const unsigned char *end, size_t count)
{
	struct bit_writer writer = { .bits = memory_allocate_zeroed(count / 64 + 1, sizeof(uint64_t)), .count = count };
	const unsigned char *words = *at + 8, *stop;
	bool good = end - *at >= 12 && load_be32(*at + 4) <= (size_t)(end - *at - 12) / 8;

	if (good) {
		stop = words + 8 * (size_t)load_be32(*at + 4);
		while (good && words < stop) {
			uint64_t run = load_be64(words);

			words += 8;
			good = take_run(&writer, run, &words, stop);
		}
		*at = stop + 4; /* where the last run begins, for whoever adds to it */
	}
	if (!good) {
		free(writer.bits);
		writer.bits = NULL;
	}
	return writer.bits;
}

/* ---- opening ---- */

static int read_own(struct index_split *split, struct index_file *own, struct error *error)
{
	struct index_entry entry;
	int result;

	while ((result = index_file_next(own, &entry, error)) == 1) {
		entry.path = memory_copy_bytes(entry.path, entry.path_length);
		memory_grow(split->own, split->own_count, split->own_capacity);
		split->own[split->own_count++] = entry;
	}
	return result;
}

/* What stands for a shared entry has no path, and everything else has one. */
static int check_own(struct index_split *split, struct error *error)
{
	for (size_t i = 0; i < split->base.entry_count; i++)
		split->new_at += bit_is_set(split->replaced, i);
	if (split->new_at > split->own_count)
		return fail(error, "it replaces more entries than it has");
	for (size_t i = 0; i < split->own_count; i++) {
		if ((split->own[i].path_length == 0) != (i < split->new_at))
			return fail(error, "an entry has no path");
	}
	return 0;
}

static int read_base(struct index_split *split, const struct object_id *id, const char *folder, struct error *error)
{
	char hex[2 * OBJECT_ID_SIZE + 1], *path;
	int result;

	object_id_format(id, hex);
	path = memory_format("%ssharedindex.%s", folder, hex);
	result = index_file_read(&split->base, path, NULL, error);
	if (result == ERROR_NOT_FOUND)
		result = error_set(error, ERROR_MALFORMED, "the index is split, and what it shares is not there: '%s'", path);
	else if (!result && memcmp(split->base.bytes + split->base.size - OBJECT_ID_SIZE, id->bytes, OBJECT_ID_SIZE) != 0)
		result = fail(error, "what it shares is not what it names");
	free(path);
	return result;
}

int index_split_open(struct index_split **out, struct index_file *own, const unsigned char *link, size_t link_size,
		     const char *folder, struct error *error)
{
	static const struct object_id none;
	const unsigned char *end = link + link_size;
	struct index_split *split;
	struct object_id id;
	int result;

	if (link_size < OBJECT_ID_SIZE)
		return fail(error, "it does not say what it shares");
	memcpy(id.bytes, link, OBJECT_ID_SIZE);
	link += OBJECT_ID_SIZE;
	if (!object_id_compare(&id, &none))
		return 0;
	split = memory_allocate_zeroed(1, sizeof(*split));
	result = read_base(split, &id, folder, error);
	if (!result && link < end) {
		split->deleted = take_bitmap(&link, end, split->base.entry_count);
		split->replaced = split->deleted ? take_bitmap(&link, end, split->base.entry_count) : NULL;
	} else if (!result) { /* nothing of it is different */
		split->deleted = memory_allocate_zeroed(split->base.entry_count / 64 + 1, sizeof(uint64_t));
		split->replaced = memory_allocate_zeroed(split->base.entry_count / 64 + 1, sizeof(uint64_t));
	}
	if (!result && !split->replaced)
		result = fail(error, "it does not say what is different");
	if (!result)
		result = read_own(split, own, error);
	if (!result)
		result = check_own(split, error);
	if (result) {
		index_split_free(split);
		split = NULL;
	}
	*out = split;
	return result;
}

void index_split_free(struct index_split *split)
{
	if (!split)
		return;
	for (size_t i = 0; i < split->own_count; i++)
		free((char *)split->own[i].path);
	free(split->own);
	free(split->replaced);
	free(split->deleted);
	index_file_release(&split->base);
	free(split);
}

/* ---- reading ---- */

/* The next shared entry that is left, as it is by now. */
static int next_base(struct index_split *split, struct error *error)
{
	int result = 0;

	while (!split->has_base && (result = index_file_next(&split->base, &split->base_entry, error)) == 1) {
		size_t at = split->base_at++;

		if (bit_is_set(split->replaced, at)) {
			const struct index_entry *by = &split->own[split->replaced_at++];

			split->base_entry.mode = by->mode;
			split->base_entry.stage = by->stage;
			split->base_entry.intent_to_add = by->intent_to_add;
			split->base_entry.id = by->id;
		}
		split->has_base = !bit_is_set(split->deleted, at);
	}
	return result < 0 ? result : 0;
}

/* The order of the index: by path, then by stage. */
static int compare(const struct index_entry *a, const struct index_entry *b)
{
	size_t length = a->path_length < b->path_length ? a->path_length : b->path_length;
	int order = memcmp(a->path, b->path, length);

	if (!order)
		order = (a->path_length > b->path_length) - (a->path_length < b->path_length);
	return order ? order : (a->stage > b->stage) - (a->stage < b->stage);
}

int index_split_next(struct index_split *split, struct index_entry *entry, struct error *error)
{
	bool has_new = split->new_at < split->own_count;
	int result = next_base(split, error), order;

	if (result)
		return result;
	if (!split->has_base && !has_new)
		return 0;
	order = !split->has_base ? 1 : !has_new ? -1 : compare(&split->base_entry, &split->own[split->new_at]);
	*entry = order < 0 ? split->base_entry : split->own[split->new_at++];
	if (order <= 0) /* a new one takes the place of its like */
		split->has_base = false;
	return 1;
}
