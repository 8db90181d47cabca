/*
 * The end of an object's way: to the visitor, whole or in windows, or to those that are told what is damaged.
 */
#include "git/pack_worker.h"

#include "base/memory.h"
#include "git/object_hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Objects, and their bytes in the packs, between two updates of the counters that all workers share. */
#define COUNTER_OBJECTS 256
#define COUNTER_BYTES ((uint64_t)1 << 20)

void worker_count_flush(struct walk_worker *worker)
{
	const struct pack_walk_options *options = worker->walk->options;

	if (options->objects_done)
		__atomic_fetch_add(options->objects_done, worker->objects, __ATOMIC_RELAXED);
	if (options->bytes_done)
		__atomic_fetch_add(options->bytes_done, worker->bytes, __ATOMIC_RELAXED);
	worker->objects = worker->bytes = 0;
}

static void object_count(struct walk_worker *worker, const struct pack *pack, uint32_t entry)
{
	uint64_t offset = pack->entries[entry].offset;

	worker->objects++;
	if (offset)
		worker->bytes += pack_entry_end(pack, entry) - offset;
	if (worker->objects >= COUNTER_OBJECTS || worker->bytes >= COUNTER_BYTES)
		worker_count_flush(worker);
}

/* Say that an object is damaged. */
static void object_report(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
			  const char *complaint)
{
	const struct pack_walk_options *options = worker->walk->options;
	struct object_id id;
	char *detail;

	memcpy(id.bytes, pack_entry_id(pack, entry), OBJECT_ID_SIZE);
	detail = memory_format("at offset %" PRIu64 " of '%s': %s", (uint64_t)pack->entries[entry].offset,
			       pack->path, complaint);
	options->damaged(options->context, &id, detail);
	free(detail);
	object_count(worker, pack, entry);
}

/* Hand a whole object to the visitor, if it is what its id says. Returns NULL, or what is wrong. */
static const char *whole_visit(struct walk_worker *worker, const struct pack *pack, uint32_t entry, unsigned kind,
			       const struct walk_buffer *object, struct object_note **note)
{
	const struct pack_walk_options *options = worker->walk->options;
	struct object_piece piece = {
		.kind = (enum object_kind)kind,
		.object_size = object->size,
		.bytes = object->bytes,
		.size = object->size,
		.first = true,
		.last = true,
		.note = options->visit_change ? note : NULL,
	};

	memcpy(piece.id.bytes, pack_entry_id(pack, entry), OBJECT_ID_SIZE);
	if (options->verify || pack->suspect) {
		struct object_id id;

		object_hash_begin(worker->hash, piece.kind, object->size);
		object_hash_add(worker->hash, object->bytes, object->size);
		object_hash_finish(worker->hash, &id);
		if (memcmp(id.bytes, piece.id.bytes, OBJECT_ID_SIZE) != 0)
			return "it is another object than its id says";
	}
	if (options->visit(options->context, worker->number, &piece))
		walk_halt(worker->walk);
	return NULL;
}

void object_hand_on(struct walk_worker *worker, const struct pack *pack, uint32_t entry, unsigned kind,
		    const struct walk_buffer *object, struct object_note **note)
{
	const char *complaint;

	if (pack->entries[entry].is_duplicate)
		return;
	complaint = whole_visit(worker, pack, entry, kind, object, note);
	if (complaint)
		object_give_up(worker, pack, entry, complaint);
	else
		object_count(worker, pack, entry);
}

bool object_may_change(const struct walk_worker *worker, const struct pack *pack, uint32_t entry)
{
	return !worker->walk->options->verify && !pack->suspect && !pack->entries[entry].is_duplicate;
}

bool object_hand_on_change(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
			   struct object_change *change, struct object_note **note)
{
	const struct pack_walk_options *options = worker->walk->options;
	enum change_answer answer;

	change->id = (const struct object_id *)pack_entry_id(pack, entry);
	change->kind = (enum object_kind)pack->entries[entry].kind;
	change->note = note;
	answer = options->visit_change(options->context, worker->number, change);
	if (answer == CHANGE_VISIT)
		return false;
	if (answer == CHANGE_STOP)
		walk_halt(worker->walk);
	object_count(worker, pack, entry);
	return true;
}

/*
 * Hand on an object that is no delta in windows; *begun says whether the visitor saw one. Returns NULL, or what is
 * wrong.
 */
static const char *windows_visit(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
				 const struct pack_header *header, bool *begun)
{
	const struct pack_walk_options *options = worker->walk->options;
	size_t limit = pack_entry_end(pack, entry) - header->data, kept = 0;
	bool verify = options->verify || pack->suspect;
	struct object_piece piece = { .kind = (enum object_kind)header->type, .object_size = header->size };
	struct walk_buffer window = { NULL, 0, 0 };
	const char *complaint;
	struct object_id id;

	*begun = false;
	if (!inflate_plausible(header->size, limit))
		return "it is too short for the size it says";
	complaint = inflate_begin(worker->inflater, pack->file.bytes + header->data, limit);
	if (complaint)
		return complaint;
	memcpy(piece.id.bytes, pack_entry_id(pack, entry), OBJECT_ID_SIZE);
	if (verify)
		object_hash_begin(worker->hash, piece.kind, header->size);
	worker_take(worker, worker->walk->window_size, &window);
	piece.bytes = window.bytes;
	while (!piece.last && !walk_is_halted(worker->walk)) {
		uint64_t left = header->size - piece.offset - kept;
		size_t fresh = window.size - kept < left ? window.size - kept : (size_t)left;

		complaint = inflate_next(worker->inflater, window.bytes + kept, fresh);
		piece.size = kept + fresh;
		piece.first = !piece.offset;
		piece.last = fresh == left;
		if (!complaint && piece.last)
			complaint = inflate_finish(worker->inflater);
		if (complaint)
			break;
		if (verify)
			object_hash_add(worker->hash, window.bytes + kept, fresh);
		if (verify && piece.last) {
			object_hash_finish(worker->hash, &id);
			if (memcmp(id.bytes, piece.id.bytes, OBJECT_ID_SIZE) != 0) {
				complaint = "it is another object than its id says";
				break;
			}
		}
		*begun = true;
		if (options->visit(options->context, worker->number, &piece))
			walk_halt(worker->walk);
		kept = options->overlap;
		memmove(window.bytes, window.bytes + piece.size - kept, kept);
		piece.offset += piece.size - kept;
	}
	pool_give(&worker->pool, &window);
	return complaint;
}

void object_stream(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
		   const struct pack_header *header)
{
	const char *complaint;
	bool begun;

	if (pack->entries[entry].is_duplicate)
		return;
	complaint = windows_visit(worker, pack, entry, header, &begun);
	if (!complaint)
		object_count(worker, pack, entry);
	else if (begun)
		object_report(worker, pack, entry, complaint);
	else
		object_give_up(worker, pack, entry, complaint);
}

/* Hand on another copy of an entry's object. Returns whether there was a sound one. */
static bool copy_visit(struct walk_worker *worker, const struct pack *pack, uint32_t entry)
{
	const struct pack_set *set = worker->walk->set;
	const unsigned char *id = pack_entry_id(pack, entry);
	unsigned kinds = worker->walk->options->kinds, kind;

	for (size_t p = 0; p < set->count; p++) {
		const struct pack *other = &set->packs[p];
		struct walk_buffer object = { NULL, 0, 0 };
		const char *complaint;
		uint32_t position, copy;

		if (other == pack || !pack_index_find(&other->index, id, &position))
			continue;
		copy = pack_entry_find(other, pack_index_offset(&other->index, position), 0, other->index.count);
		if (copy == PACK_ENTRY_NONE || worker_remake(worker, other, copy, &kind, &object))
			continue;
		complaint = kinds & OBJECT_KIND_BIT(kind) ? whole_visit(worker, other, copy, kind, &object, NULL) : NULL;
		pool_give(&worker->pool, &object);
		if (!complaint)
			return true;
	}
	return false;
}

void object_give_up(struct walk_worker *worker, const struct pack *pack, uint32_t entry, const char *complaint)
{
	if (pack->entries[entry].is_duplicate || walk_is_halted(worker->walk))
		return;
	if (worker->walk->set->has_duplicates) {
		/* the search for a copy may have complaints of its own */
		char *kept = memory_copy_string(complaint);
		bool found = copy_visit(worker, pack, entry);

		if (found)
			object_count(worker, pack, entry);
		else
			object_report(worker, pack, entry, kept);
		free(kept);
		return;
	}
	object_report(worker, pack, entry, complaint);
}
