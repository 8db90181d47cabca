#define _GNU_SOURCE
#include "match/prefilter.h"

#include "base/memory.h"
#include "match/vectorscan_library.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

int prefilter_prepare(struct prefilter *prefilter, bool little, struct error *error)
{
	hs_compile_error_t *why = NULL;
	unsigned *flags, *ids;
	int result = 0;

	if (prefilter->database || !prefilter->count)
		return 0;
	order_by_ends(prefilter);
	if (little)
		return 0;
	vectorscan = vectorscan_library_load(error);
	if (!vectorscan)
		return ERROR_UNSUPPORTED;
	flags = memory_allocate_zeroed(prefilter->count, sizeof(*flags));
	ids = memory_allocate_zeroed(prefilter->count, sizeof(*ids));
	for (size_t i = 0; i < prefilter->count; i++)
		ids[i] = (unsigned)i;
	if (vectorscan->compile_lit_multi(prefilter->texts, flags, ids, prefilter->lengths, (unsigned)prefilter->count,
					  HS_MODE_BLOCK, NULL, &prefilter->database, &why) != HS_SUCCESS) {
		result = error_set(error, ERROR_CONFIGURATION, "the literals of the rules do not compile: %s",
				   why ? why->message : "unknown reason");
		vectorscan->free_compile_error(why);
	}
	free(flags);
	free(ids);
	return result;
}

void prefilter_release(struct prefilter *prefilter)
{
	if (prefilter->database)
		vectorscan->free_database(prefilter->database);
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

struct search {
	const struct prefilter *prefilter;
	prefilter_found *found;
	void *context;
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
	struct search search = { prefilter, found, context };

	if (!prefilter->count || !size)
		return 0;
	if (!prefilter->database) {
		search_little(prefilter, bytes, size, found, context);
		return 0;
	}
	/* it counts in unsigned int: content larger than a window comes in windows */
	if (size > UINT32_MAX ||
	    vectorscan->scan(prefilter->database, bytes, (unsigned)size, 0, scratch, literal_ended, &search) != HS_SUCCESS)
		return ERROR_LIMIT;
	return 0;
}

/* Vectorscan's callback: one literal is enough. */
static int literal_glanced(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	(void)id, (void)from, (void)to, (void)flags, (void)context;
	return 1;
}

bool prefilter_glance(const struct prefilter *prefilter, struct hs_scratch *scratch, const char *bytes, size_t size)
{
	if (!prefilter->count || !size)
		return false;
	if (prefilter->database)
		return size > UINT32_MAX || vectorscan->scan(prefilter->database, bytes, (unsigned)size, 0, scratch,
							     literal_glanced, NULL) != HS_SUCCESS;
	return search_little(prefilter, bytes, size, NULL, NULL);
}
