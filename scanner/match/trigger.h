/*
 * Short texts that stand wherever a literal stands in some form: what the prefilter looks for beside the literals themselves. Private to match/.
 *
 * A form's trigger is as much of the encoded literal as is the same whatever stands round it: of base64 the symbols that hold bits of nothing else, at each of the
 * three alignments. Where a line break or a joint may fall into it, the longer half is a trigger, too, with the break beside it. Of a literal in two forms, one in
 * the other, the outer form of the inner form's triggers is looked for. So text in which no trigger stands has no encoded credential.
 */
#ifndef STAUNCH_MATCH_TRIGGER_H
#define STAUNCH_MATCH_TRIGGER_H

#include "match/form.h"

#include <stddef.h>
#include <stdint.h>

/* Longer ones tell no more, and what a delta may have cut in two would be looked at further round each cut. */
#define TRIGGER_LENGTH_MAX 16

struct trigger {
	char *text; /* owned: length bytes, which may be anything */
	size_t length;
	size_t pattern;     /* whose literal it is */
	enum form form;     /* the outermost */
	unsigned depth;     /* how many forms, from 1 */
	bool is_whole;      /* it begins where the encoded text does, and no break is in it */
	const char *inner;  /* what is encoded: a literal or another trigger's text, inner_length bytes; borrowed */
	size_t inner_length;
	int32_t parent;     /* which trigger that is, by number; -1: a literal */
	/* as in struct form_spot */
	unsigned lead, alignment, separator;
	size_t skip;
};

struct trigger_list {
	struct trigger *items; /* owned, as are their texts */
	size_t count, capacity;
	size_t literal_first; /* the first one of the literal added last */
};

/* Add the triggers of a literal, which must outlive the list, for up to `depth` forms, one in the other. */
void trigger_list_add(struct trigger_list *list, size_t pattern, const char *literal, unsigned depth);
void trigger_list_release(struct trigger_list *list);

/* The spot of a trigger that stands at position. */
struct form_spot trigger_spot(const struct trigger *trigger, size_t position);

#endif
