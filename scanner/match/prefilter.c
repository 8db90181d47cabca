#define _GNU_SOURCE
#include "match/prefilter.h"

#include "base/memory.h"
#include "match/vectorscan_library.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of fewer literals Vectorscan looks for each, and of more it would take too long to choose what they have in common. */
#define CORES_FROM 64
#define CORES_UP_TO 1024

/* Loaded by prefilter_prepare(), so there is one wherever there is a database. */
static const struct vectorscan_library *vectorscan;

void prefilter_add(struct prefilter *prefilter, const char *literal, size_t length)
{
	memory_grow(prefilter->texts, prefilter->count, prefilter->capacity);
	memory_grow(prefilter->lengths, prefilter->count, prefilter->length_capacity);
	prefilter->texts[prefilter->count] = literal;
	prefilter->lengths[prefilter->count++] = length;
}

static unsigned char last_byte(const struct prefilter *prefilter, size_t number)
{
	return (unsigned char)prefilter->texts[number][prefilter->lengths[number] - 1];
}

/* Order the literals by their last bytes, as a search without Vectorscan meets them. */
static void order_by_ends(struct prefilter *prefilter)
{
	uint32_t next[256];

	free(prefilter->of_last_byte);
	prefilter->of_last_byte = memory_allocate_zeroed(prefilter->count + 1, sizeof(*prefilter->of_last_byte));
	memset(prefilter->firsts, 0, sizeof(prefilter->firsts));
	memset(prefilter->last_pairs, 0, sizeof(prefilter->last_pairs));
	for (size_t i = 0; i < prefilter->count; i++)
		prefilter->firsts[last_byte(prefilter, i) + 1]++;
	for (unsigned byte = 0; byte < 256; byte++) {
		prefilter->firsts[byte + 1] += prefilter->firsts[byte];
		next[byte] = prefilter->firsts[byte];
	}
	for (size_t i = 0; i < prefilter->count; i++) {
		unsigned char last = last_byte(prefilter, i);
		size_t length = prefilter->lengths[i];

		prefilter->of_last_byte[next[last]++] = (uint32_t)i;
		for (unsigned before = 0; before < 256; before++) {
			if (length > 1)
				before = (unsigned char)prefilter->texts[i][length - 2];
			prefilter->last_pairs[before * 4 + last / 64] |= UINT64_C(1) << last % 64;
			if (length > 1)
				break;
		}
	}
}

/* Compile what Vectorscan is to look for. */
static int compile(struct prefilter *prefilter, const char *const *texts, const size_t *lengths, size_t count, struct error *error)
{
	hs_compile_error_t *why = NULL;
	unsigned *flags = memory_allocate_zeroed(count, sizeof(*flags)), *ids = memory_allocate_zeroed(count, sizeof(*ids));
	int result = 0;

	for (size_t i = 0; i < count; i++)
		ids[i] = (unsigned)i;
	if (vectorscan->compile_lit_multi(texts, flags, ids, lengths, (unsigned)count, HS_MODE_BLOCK, NULL, &prefilter->database, &why) !=
	    HS_SUCCESS) {
		result = error_set(error, ERROR_CONFIGURATION, "the literals of the rules do not compile: %s",
				   why ? why->message : "unknown reason");
		vectorscan->free_compile_error(why);
	}
	free(flags);
	free(ids);
	return result;
}

static int compile_cores(struct prefilter *prefilter, struct error *error)
{
	const char **texts;
	size_t *lengths;
	int result;

	core_set_choose(&prefilter->cores, prefilter->texts, prefilter->lengths, prefilter->count);
	texts = memory_allocate_zeroed(prefilter->cores.count, sizeof(*texts));
	lengths = memory_allocate_zeroed(prefilter->cores.count, sizeof(*lengths));
	for (size_t i = 0; i < prefilter->cores.count; i++) {
		texts[i] = prefilter->cores.cores[i].text;
		lengths[i] = prefilter->cores.cores[i].length;
	}
	result = compile(prefilter, texts, lengths, prefilter->cores.count, error);
	free(texts);
	free(lengths);
	return result;
}

int prefilter_prepare(struct prefilter *prefilter, bool little, struct error *error)
{

	if (prefilter->database || !prefilter->count)
		return 0;
	order_by_ends(prefilter);
	if (little)
		return 0;
	vectorscan = vectorscan_library_load(error);
	if (!vectorscan)
		return ERROR_UNSUPPORTED;
	if (prefilter->count >= CORES_FROM && prefilter->count <= CORES_UP_TO)
		return compile_cores(prefilter, error);
	return compile(prefilter, prefilter->texts, prefilter->lengths, prefilter->count, error);
}

void prefilter_release(struct prefilter *prefilter)
{
	if (prefilter->database)
		vectorscan->free_database(prefilter->database);
	core_set_release(&prefilter->cores);
	free(prefilter->texts);
	free(prefilter->lengths);
	free(prefilter->of_last_byte);
	*prefilter = (struct prefilter){ 0 };
}

struct hs_scratch *prefilter_scratch_new(const struct prefilter *prefilter)
{
	struct hs_scratch *scratch = NULL;

	if (prefilter->database && vectorscan->alloc_scratch(prefilter->database, &scratch) != HS_SUCCESS)
		memory_resize(NULL, (size_t)-1, 2); /* only for want of memory: ends the process with that message */
	return scratch;
}

void prefilter_scratch_free(struct hs_scratch *scratch)
{
	if (scratch)
		vectorscan->free_scratch(scratch);
}

/* A literal that stands behind a core, and has to wait until no other one can end before it. */
struct pending {
	size_t number, end;
};

struct search {
	const struct prefilter *prefilter;
	const char *bytes;
	size_t size;
	prefilter_found *found;
	void *context;
	struct pending *pending; /* owned: in the order of their ends */
	size_t pending_count, pending_capacity;
};

/* Vectorscan's callback: the literal of this id ends at this offset. */
static int literal_ended(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	const struct search *search = context;

	(void)from;
	(void)flags;
	search->found(search->context, id, (size_t)to - search->prefilter->lengths[id], (size_t)to);
	return 0;
}

static void add_pending(struct search *search, size_t number, size_t end)
{
	size_t at = search->pending_count;

	memory_grow(search->pending, search->pending_count, search->pending_capacity);
	search->pending_count++;
	for (; at && (search->pending[at - 1].end > end || (search->pending[at - 1].end == end && search->pending[at - 1].number > number)); at--)
		search->pending[at] = search->pending[at - 1];
	search->pending[at] = (struct pending){ number, end };
}

/* Tell those that end before this offset. */
static void tell_pending(struct search *search, size_t before)
{
	size_t told = 0;

	for (; told < search->pending_count && search->pending[told].end < before; told++) {
		const struct pending *pending = &search->pending[told];

		search->found(search->context, pending->number, pending->end - search->prefilter->lengths[pending->number], pending->end);
	}
	search->pending_count -= told;
	if (told)
		memmove(search->pending, search->pending + told, search->pending_count * sizeof(*search->pending));
}

/* The literals that stand where this core does: have them wait, or, where only that is asked, return whether there is one. */
static bool look_at_core(struct search *search, size_t number, size_t core_end)
{
	const struct prefilter *prefilter = search->prefilter;
	const struct core *core = &prefilter->cores.cores[number];
	size_t core_start = core_end - core->length;
	bool any = false;

	for (size_t i = core->first; i < core[1].first; i++) {
		const struct core_literal *literal = &prefilter->cores.literals[i];
		size_t start = core_start - literal->before, length = prefilter->lengths[literal->number];

		if (core_start < literal->before || length > search->size - start ||
		    memcmp(search->bytes + start, prefilter->texts[literal->number], length) != 0)
			continue;
		any = true;
		if (!search->found)
			break;
		add_pending(search, literal->number, start + length);
	}
	return any;
}

/* Vectorscan's callback: the core of this id ends at this offset. What a core is of does not end before it. */
static int core_ended(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct search *search = context;

	(void)from;
	(void)flags;
	if (!search->found)
		return look_at_core(search, id, (size_t)to);
	tell_pending(search, (size_t)to);
	look_at_core(search, id, (size_t)to);
	return 0;
}

/*
 * What ends at each byte, by the last two bytes, which are nearly always those of no literal. Returns whether any literal stands there; without a callback
 * that is all that is asked.
 */
static bool search_little(const struct prefilter *prefilter, const char *text, size_t size, prefilter_found *found, void *context)
{
	const unsigned char *bytes = (const unsigned char *)text;
	bool any = false;

	for (size_t end = 1; end <= size; end++) {
		unsigned last = bytes[end - 1];

		if (end > 1 && !(prefilter->last_pairs[bytes[end - 2] * 4 + last / 64] >> last % 64 & 1))
			continue;
		for (uint32_t i = prefilter->firsts[last]; i < prefilter->firsts[last + 1]; i++) {
			size_t number = prefilter->of_last_byte[i], length = prefilter->lengths[number];

			if (length > end || memcmp(bytes + end - length, prefilter->texts[number], length) != 0)
				continue;
			any = true;
			if (!found)
				return true;
			found(context, number, end - length, end);
		}
	}
	return any;
}

int prefilter_search(const struct prefilter *prefilter, struct hs_scratch *scratch, const char *bytes, size_t size,
		     prefilter_found *found, void *context)
{
	struct search search = { .prefilter = prefilter, .bytes = bytes, .size = size, .found = found, .context = context };
	int result;

	if (!prefilter->count || !size)
		return 0;
	if (!prefilter->database) {
		search_little(prefilter, bytes, size, found, context);
		return 0;
	}
	/* it counts in unsigned int: content larger than a window comes in windows */
	if (size > UINT32_MAX)
		return ERROR_LIMIT;
	result = vectorscan->scan(prefilter->database, bytes, (unsigned)size, 0, scratch, prefilter->cores.count ? core_ended : literal_ended, &search);
	tell_pending(&search, SIZE_MAX);
	free(search.pending);
	return result == HS_SUCCESS ? 0 : ERROR_LIMIT;
}

/* Vectorscan's callback: one literal is enough. */
static int literal_glanced(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	(void)id, (void)from, (void)to, (void)flags, (void)context;
	return 1;
}

bool prefilter_glance(const struct prefilter *prefilter, struct hs_scratch *scratch, const char *bytes, size_t size)
{
	struct search search = { .prefilter = prefilter, .bytes = bytes, .size = size };

	if (!prefilter->count || !size)
		return false;
	if (prefilter->database)
		return size > UINT32_MAX || vectorscan->scan(prefilter->database, bytes, (unsigned)size, 0, scratch,
							     prefilter->cores.count ? core_ended : literal_glanced, &search) != HS_SUCCESS;
	return search_little(prefilter, bytes, size, NULL, NULL);
}
