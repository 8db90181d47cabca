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

static const char *size_complain(struct walk_worker *worker, uint64_t size)
{
	snprintf(worker->complaint, sizeof(worker->complaint),
		 "it takes %" PRIu64 " bytes, more than the %" PRIu64 " that can be held", size,
		 (uint64_t)PACK_WALK_OBJECT_MAX);
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
	if (header->size > PACK_WALK_OBJECT_MAX)
		return size_complain(worker, header->size);
	worker_take(worker, header->size, result);
	complaint = inflate_whole(worker->inflater, pack->file.bytes + header->data, limit,
				  pack->end - header->data, result->bytes, header->size);
	if (complaint)
		pool_give(&worker->pool, result);
	return complaint;
}

/* Make a delta's object from its base. Returns NULL, or what is wrong. */
static const char *entry_apply(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
			       const struct walk_buffer *base, struct walk_buffer *result)
{
	struct walk_buffer delta = { NULL, 0, 0 };
	struct pack_header header;
	uint64_t base_size, result_size;
	const char *complaint = pack_entry_header(pack, entry, &header);

	if (!complaint)
		complaint = entry_inflate(worker, pack, entry, &header, &delta);
	if (complaint)
		return complaint;
	if (!delta_sizes(delta.bytes, delta.size, &base_size, &result_size)) {
		complaint = "the sizes of a delta are broken";
	} else if (result_size > PACK_WALK_OBJECT_MAX) {
		complaint = size_complain(worker, result_size);
	} else {
		worker_take(worker, result_size, result);
		complaint = delta_apply(base->bytes, base->size, delta.bytes, delta.size, result->bytes,
					result_size);
		if (complaint)
			pool_give(&worker->pool, result);
	}
	pool_give(&worker->pool, &delta);
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
 * Hold an entry's bytes, or why they cannot be had, for the deltas made from it. Without such deltas the bytes are
 * given back.
 */
static void frame_push(struct walk_worker *worker, const struct pack *pack, uint32_t entry, const char *complaint,
		       struct walk_buffer *bytes)
{
	uint32_t last = pack->entries[entry].last_child;

	if (last == PACK_ENTRY_NONE) {
		pool_give(&worker->pool, bytes);
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
	complaint = frame->complaint;
	if (is_last)
		worker->frame_count--;
	else
		frame->next = child->next_sibling;
	if (complaint) {
		object_give_up(worker, pack, entry, complaint);
	} else {
		complaint = entry_apply(worker, pack, entry, &base, &result);
		if (!complaint)
			object_hand_on(worker, pack, entry, child->kind, &result);
		else
			object_give_up(worker, pack, entry, complaint);
		complaint = complaint ? "its base cannot be read" : NULL;
	}
	if (is_last)
		pool_give(&worker->pool, &base);
	frame_push(worker, pack, entry, complaint, &result);
}

void worker_walk_frames(struct walk_worker *worker)
{
	while (worker->frame_count && !walk_is_halted(worker->walk)) {
		if (atomic_load_explicit(&worker->walk->hungry, memory_order_relaxed))
			walk_share(worker);
		frame_step(worker);
	}
	while (worker->frame_count)
		pool_give(&worker->pool, &worker->frames[--worker->frame_count].base);
	worker->frame_held = worker->frame_droppable = 0;
}

/* Hand on an entry that is no delta, and hold it for those made from it. */
static void root_walk(struct walk_worker *worker, const struct pack *pack, uint32_t entry)
{
	struct walk_buffer object = { NULL, 0, 0 };
	const struct pack_entry *root = &pack->entries[entry];
	bool is_base = root->last_child != PACK_ENTRY_NONE;
	size_t whole_max = is_base ? PACK_WALK_OBJECT_MAX : worker->walk->window_size;
	struct pack_header header;
	const char *complaint = pack_entry_header(pack, entry, &header);

	if (!complaint && header.size > whole_max) {
		object_stream(worker, pack, entry, &header);
		frame_push(worker, pack, entry, "its base has too many bytes to be held", &object);
		return;
	}
	if (!complaint)
		complaint = entry_inflate(worker, pack, entry, &header, &object);
	if (complaint)
		object_give_up(worker, pack, entry, complaint);
	else
		object_hand_on(worker, pack, entry, root->kind, &object);
	frame_push(worker, pack, entry, complaint ? "its base cannot be read" : NULL, &object);
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
