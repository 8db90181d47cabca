#define _GNU_SOURCE
#include "match/prefilter.h"

#include "base/memory.h"
#include "match/vectorscan_library.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Loaded by prefilter_prepare(), so there is one wherever there is a database. */
static const struct vectorscan_library *vectorscan;

void prefilter_add(struct prefilter *prefilter, const char *literal)
{
	prefilter->texts = memory_resize(prefilter->texts, prefilter->count + 1, sizeof(*prefilter->texts));
	prefilter->lengths = memory_resize(prefilter->lengths, prefilter->count + 1, sizeof(*prefilter->lengths));
	prefilter->texts[prefilter->count] = literal;
	prefilter->lengths[prefilter->count++] = strlen(literal);
}

int prefilter_prepare(struct prefilter *prefilter, bool little, struct error *error)
{
	hs_compile_error_t *why = NULL;
	unsigned *flags, *ids;
	int result = 0;

	if (prefilter->database || !prefilter->count || (little && prefilter->count <= PREFILTER_LITERALS_FEW))
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

/* One literal after the other, but told in the order in which they end. */
static void search_few(const struct search *search, const char *bytes, size_t size)
{
	const struct prefilter *prefilter = search->prefilter;
	const char *few[PREFILTER_LITERALS_FEW], **next = few;

	if (prefilter->count > PREFILTER_LITERALS_FEW) /* nobody called prefilter_prepare() */
		next = memory_allocate(prefilter->count * sizeof(*next));
	for (size_t i = 0; i < prefilter->count; i++)
		next[i] = memmem(bytes, size, prefilter->texts[i], prefilter->lengths[i]);
	for (;;) {
		size_t first = prefilter->count;

		for (size_t i = 0; i < prefilter->count; i++) {
			if (next[i] && (first == prefilter->count || next[i] + prefilter->lengths[i] <
									     next[first] + prefilter->lengths[first]))
				first = i;
		}
		if (first == prefilter->count)
			break;
		search->found(search->context, first, (size_t)(next[first] - bytes),
			      (size_t)(next[first] - bytes) + prefilter->lengths[first]);
		next[first] = memmem(next[first] + 1, (size_t)(bytes + size - next[first] - 1), prefilter->texts[first],
				     prefilter->lengths[first]);
	}
	if (next != few)
		free(next);
}

int prefilter_search(const struct prefilter *prefilter, struct hs_scratch *scratch, const char *bytes, size_t size,
		     prefilter_found *found, void *context)
{
	struct search search = { prefilter, found, context };

	if (!prefilter->count || !size)
		return 0;
	if (!prefilter->database) {
		search_few(&search, bytes, size);
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
	for (size_t i = 0; i < prefilter->count; i++) {
		if (memmem(bytes, size, prefilter->texts[i], prefilter->lengths[i]))
			return true;
	}
	return false;
}
