/*
 * Walking the trees of deltas, depth first and without recursion.
 */
#include "git/pack_worker.h"

#include "base/memory.h"
#include "git/delta.h"

#include <inttypes.h>
#include <stdio.h>

/* This much of the next entry is asked for: the median of entries is not larger. */
#define PREFETCH_SIZE 256

/* Drop the bytes of the frame that will be needed last. Returns false when there are none to drop. */
static bool frame_drop(struct walk_worker *worker)
{
	for (; worker->frame_held < worker->frame_droppable; worker->frame_held++) {
		if (worker->frames[worker->frame_held].base.bytes) {
			pool_give(&worker->pool, &worker->frames[worker->frame_held++].base);
			pool_trim(&worker->pool);
			return true;
		}
	}
	return false;
}

void worker_take(struct walk_worker *worker, size_t size, struct walk_buffer *buffer)
{
	struct pool *pool = &worker->pool;

	if (pool_reuse(pool, size, buffer))
		return;
	while (!pool_allocate(pool, size, false, buffer)) {
		if (!pool_trim(pool) && !frame_drop(worker)) {
			pool_allocate(pool, size, true, buffer);
			return;
		}
	}
}

static size_t object_max(const struct walk_worker *worker)
{
	size_t limit = worker->walk->options->object_max;

	return limit ? limit : PACK_WALK_OBJECT_MAX;
}

static const char *size_complain(struct walk_worker *worker, uint64_t size)
{
	snprintf(worker->complaint, sizeof(worker->complaint),
		 "it takes %" PRIu64 " bytes, more than the %" PRIu64 " that can be held", size,
		 (uint64_t)object_max(worker));
	return worker->complaint;
}

/* Inflate an entry whole. Returns NULL, or what is wrong. */
static const char *entry_inflate(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
				 const struct pack_header *header, struct walk_buffer *result)
{
	size_t limit = pack_entry_end(pack, entry) - header->data;
	const char *complaint;

	if (!inflate_plausible(header->size, limit))
		return "it is too short for the size it says";
	if (header->size > object_max(worker))
		return size_complain(worker, header->size);
	worker_take(worker, header->size, result);
	complaint = inflate_whole(worker->inflater, pack->file.bytes + header->data, limit,
				  pack->end - header->data, result->bytes, header->size);
	if (complaint)
		pool_give(&worker->pool, result);
	return complaint;
}

/* Inflate a delta, and see what size of object it makes. Returns NULL, or what is wrong: then *delta holds nothing. */
static const char *delta_inflate(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
				 struct walk_buffer *delta, size_t *result_size)
{
	uint64_t base_size, size;
	struct pack_header header;
	const char *complaint = pack_entry_header(pack, entry, &header);

	if (!complaint)
		complaint = entry_inflate(worker, pack, entry, &header, delta);
	if (complaint)
		return complaint;
	if (!delta_sizes(delta->bytes, delta->size, &base_size, &size))
		complaint = "the sizes of a delta are broken";
	else if (size > object_max(worker))
		complaint = size_complain(worker, size);
	else
		*result_size = (size_t)size;
	if (complaint)
		pool_give(&worker->pool, delta);
	return complaint;
}

/* Make a delta's object from its base. Returns NULL, or what is wrong. */
static const char *entry_apply(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
			       const struct walk_buffer *base, struct walk_buffer *result)
{
	struct walk_buffer delta = { NULL, 0, 0 };
	size_t size;
	const char *complaint = delta_inflate(worker, pack, entry, &delta, &size);

	if (complaint)
		return complaint;
	worker_take(worker, size, result);
	complaint = delta_apply(base->bytes, base->size, delta.bytes, delta.size, result->bytes, size);
	if (complaint)
		pool_give(&worker->pool, result);
	pool_give(&worker->pool, &delta);
	return complaint;
}

/* A delta in work: what it is for, and what it makes. */
struct making {
	const struct pack *pack;
	uint32_t entry;
	const struct walk_buffer *base, *delta;
	const struct object_note *base_note;
	size_t size; /* of the result */
	struct walk_buffer *result; /* in the end, when deltas are made from it */
	struct object_note **note;  /* likewise; NULL when there are none */
};

/* Make the result. Returns NULL, or what is wrong. */
static const char *making_apply(struct walk_worker *worker, const struct making *making)
{
	const struct walk_buffer *base = making->base, *delta = making->delta;
	const char *complaint;

	worker_take(worker, making->size, making->result);
	complaint = delta_apply(base->bytes, base->size, delta->bytes, delta->size, making->result->bytes, making->size);
	if (complaint)
		pool_give(&worker->pool, making->result);
	return complaint;
}

/* Hand on a tree as a change of its base. Returns NULL, or what is wrong. */
static const char *tree_change(struct walk_worker *worker, const struct making *making, bool *is_settled)
{
	const struct walk_buffer *base = making->base, *delta = making->delta;
	struct object_change change = { .object_size = making->size, .base = base->bytes, .runs = &worker->runs,
					.base_note = making->base_note };
	const char *complaint = delta_runs_read(&worker->runs, base->bytes, base->size, delta->bytes, delta->size,
						making->size);

	if (complaint == delta_runs_too_many)
		return making_apply(worker, making);
	if (complaint)
		return complaint;
	*is_settled = object_hand_on_change(worker, making->pack, making->entry, &change, making->note);
	if (making->note || !*is_settled) {
		worker_take(worker, making->size, making->result);
		delta_runs_write(&worker->runs, making->result->bytes);
	}
	return NULL;
}

/* Hand on what is no tree as a change of its base. Returns NULL, or what is wrong. */
static const char *text_change(struct walk_worker *worker, const struct making *making, bool *is_settled)
{
	const struct walk_buffer *base = making->base, *delta = making->delta;
	struct object_change change = { .object_size = making->size, .base = base->bytes, .delta = delta->bytes,
					.delta_size = delta->size, .seams = &worker->seams,
					.base_note = making->base_note };
	const char *complaint;

	if (making->note)
		worker_take(worker, making->size, making->result);
	complaint = delta_apply_fresh(base->bytes, base->size, delta->bytes, delta->size, making->result->bytes,
				      making->size, worker->walk->options->texts, &worker->seams);
	if (!complaint)
		*is_settled = object_hand_on_change(worker, making->pack, making->entry, &change, making->note);
	if (complaint)
		pool_give(&worker->pool, making->result);
	else if (!*is_settled && !making->note)
		complaint = making_apply(worker, making);
	return complaint;
}

/*
 * Hand on what a delta makes of its base: as a change where the base has a note, else whole. Its bytes are left in *result, with its note, when there are
 * deltas made from it. Returns NULL, or what is wrong.
 */
static const char *delta_hand_on(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
				 const struct walk_buffer *base, const struct object_note *base_note,
				 struct walk_buffer *result, struct object_note **note)
{
	bool has_deltas = pack->entries[entry].last_child != PACK_ENTRY_NONE, is_settled = false;
	struct walk_buffer delta = { NULL, 0, 0 };
	struct making making = { .pack = pack, .entry = entry, .base = base, .delta = &delta, .base_note = base_note,
				 .result = result, .note = has_deltas ? note : NULL };
	unsigned kind = pack->entries[entry].kind;
	const char *complaint = delta_inflate(worker, pack, entry, &delta, &making.size);

	if (complaint)
		return complaint;
	if (!base_note || !object_may_change(worker, pack, entry))
		complaint = making_apply(worker, &making);
	else if (kind == OBJECT_TREE)
		complaint = tree_change(worker, &making, &is_settled);
	else
		complaint = text_change(worker, &making, &is_settled);
	pool_give(&worker->pool, &delta);
	if (!complaint && !is_settled)
		object_hand_on(worker, pack, entry, kind, result, making.note);
	return complaint;
}

/*
 * Write the entries from this one up to the start of its chain to worker->chain. Returns their number, or 0 for a
 * loop or a gap.
 */
static size_t chain_collect(struct walk_worker *worker, const struct pack *pack, uint32_t entry)
{
	size_t length = 0;

	for (;;) {
		memory_grow(worker->chain, length, worker->chain_capacity);
		worker->chain[length++] = entry;
		if (!pack->entries[entry].is_delta)
			return pack->entries[entry].kind ? length : 0;
		entry = pack->entries[entry].base;
		if (entry == PACK_ENTRY_NONE || length > pack->index.count)
			return 0;
	}
}

const char *worker_remake(struct walk_worker *worker, const struct pack *pack, uint32_t entry, unsigned *kind,
			  struct walk_buffer *result)
{
	size_t length = chain_collect(worker, pack, entry);
	struct walk_buffer base = { NULL, 0, 0 };
	struct pack_header header;
	const char *complaint;

	if (!length)
		return pack_entry_complaint(pack, entry);
	entry = worker->chain[--length];
	*kind = pack->entries[entry].kind;
	complaint = pack_entry_header(pack, entry, &header);
	if (!complaint)
		complaint = entry_inflate(worker, pack, entry, &header, result);
	while (!complaint && length) {
		if (walk_is_halted(worker->walk)) {
			pool_give(&worker->pool, result);
			return "the walk was stopped";
		}
		base = *result;
		*result = (struct walk_buffer){ NULL, 0, 0 };
		complaint = entry_apply(worker, pack, worker->chain[--length], &base, result);
		pool_give(&worker->pool, &base);
	}
	return complaint;
}

/*
 * Hold an entry's bytes, or why they cannot be had, and its note for the deltas made from it. Without such deltas both
 * are given back.
 */
static void frame_push(struct walk_worker *worker, const struct pack *pack, uint32_t entry, const char *complaint,
		       struct walk_buffer *bytes, struct object_note *note)
{
	uint32_t last = pack->entries[entry].last_child;

	if (last == PACK_ENTRY_NONE) {
		pool_give(&worker->pool, bytes);
		object_note_release(note);
		return;
	}
	if (worker->frame_held > worker->frame_count)
		worker->frame_held = worker->frame_count;
	memory_grow(worker->frames, worker->frame_count, worker->frame_capacity);
	worker->frames[worker->frame_count++] = (struct walk_frame){
		.pack = pack,
		.entry = entry,
		.next = pack->entries[last].next_sibling,
		.last = last,
		.base = *bytes,
		.note = note,
		.complaint = complaint,
	};
}

/*
 * Ask for the entry that comes next, while this one is in work: a fifth of the waiting for memory is saved with
 * that.
 */
static void next_prefetch(const struct pack *pack, const struct pack_entry *entry)
{
	uint32_t next = entry->last_child != PACK_ENTRY_NONE ? pack->entries[entry->last_child].next_sibling :
							       entry->next_sibling;
	const unsigned char *bytes = pack->file.bytes + pack->entries[next].offset;

	for (size_t line = 0; line < PREFETCH_SIZE; line += 64)
		__builtin_prefetch(bytes + line);
	__builtin_prefetch(pack_index_id(&pack->index, entry->position));
}

/* Take the next delta of the topmost frame, hand on what it makes, and go on below it. */
static void frame_step(struct walk_worker *worker)
{
	struct walk_frame *frame = &worker->frames[worker->frame_count - 1];
	const struct pack *pack = frame->pack;
	uint32_t entry = frame->next;
	const struct pack_entry *child = &pack->entries[entry];
	struct walk_buffer base, result = { NULL, 0, 0 };
	struct object_note *base_note, *note = NULL;
	bool is_last = entry == frame->last;
	const char *complaint;
	unsigned kind;

	next_prefetch(pack, child);
	worker->frame_droppable = worker->frame_count - 1;
	if (!frame->complaint && !frame->base.bytes) {
		if (worker_remake(worker, pack, frame->entry, &kind, &frame->base))
			frame->complaint = "its base could be read once and not again";
		else if (worker->frame_held > worker->frame_droppable)
			worker->frame_held = worker->frame_droppable;
	}
	base = frame->base;
	base_note = frame->note;
	complaint = frame->complaint;
	if (is_last)
		worker->frame_count--;
	else
		frame->next = child->next_sibling;
	if (complaint) {
		object_give_up(worker, pack, entry, complaint);
	} else {
		complaint = delta_hand_on(worker, pack, entry, &base, base_note, &result, &note);
		if (complaint)
			object_give_up(worker, pack, entry, complaint);
		complaint = complaint ? "its base cannot be read" : NULL;
	}
	if (is_last) {
		pool_give(&worker->pool, &base);
		object_note_release(base_note);
	}
	frame_push(worker, pack, entry, complaint, &result, note);
}

void worker_walk_frames(struct walk_worker *worker)
{
	while (worker->frame_count && !walk_is_halted(worker->walk)) {
		if (atomic_load_explicit(&worker->walk->hungry, memory_order_relaxed))
			walk_share(worker);
		frame_step(worker);
	}
	while (worker->frame_count) {
		pool_give(&worker->pool, &worker->frames[--worker->frame_count].base);
		object_note_release(worker->frames[worker->frame_count].note);
	}
	worker->frame_held = worker->frame_droppable = 0;
}

/* Hand on an entry that is no delta, and hold it for those made from it. */
static void root_walk(struct walk_worker *worker, const struct pack *pack, uint32_t entry)
{
	struct walk_buffer object = { NULL, 0, 0 };
	const struct pack_entry *root = &pack->entries[entry];
	bool is_base = root->last_child != PACK_ENTRY_NONE;
	size_t whole_max = is_base ? object_max(worker) : worker->walk->window_size;
	struct pack_header header;
	const char *complaint = pack_entry_header(pack, entry, &header);
	struct object_note *note = NULL;

	if (!complaint && header.size > object_max(worker) && worker->walk->window_size == SIZE_MAX)
		complaint = size_complain(worker, header.size); /* wanted whole, and too large for that */
	if (!complaint && header.size > whole_max) {
		object_stream(worker, pack, entry, &header);
		frame_push(worker, pack, entry, "its base has too many bytes to be held", &object, NULL);
		return;
	}
	if (!complaint)
		complaint = entry_inflate(worker, pack, entry, &header, &object);
	if (complaint)
		object_give_up(worker, pack, entry, complaint);
	else
		object_hand_on(worker, pack, entry, root->kind, &object, is_base ? &note : NULL);
	frame_push(worker, pack, entry, complaint ? "its base cannot be read" : NULL, &object, note);
}

void worker_walk_range(struct walk_worker *worker, const struct pack *pack, uint32_t first, uint32_t end)
{
	unsigned kinds = worker->walk->options->kinds;

	for (uint32_t i = first; i < end && !walk_is_halted(worker->walk); i++) {
		const struct pack_entry *entry = &pack->entries[i];

		if (!entry->kind) {
			object_give_up(worker, pack, i, pack_entry_complaint(pack, i));
		} else if (!entry->is_delta && entry->is_needed && kinds & OBJECT_KIND_BIT(entry->kind)) {
			root_walk(worker, pack, i);
			worker_walk_frames(worker);
		}
	}
}
