/*
 * What somebody who mistyped a word may have meant.
 *
 *	struct nearest nearest = NEAREST_INIT("formta");
 *	nearest_offer(&nearest, "format"); …            nearest.word is "format"
 */
#ifndef STAUNCH_BASE_NEAREST_H
#define STAUNCH_BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *text; /* what was typed; borrowed */
	const char *word; /* the best of those offered, the first of equals; borrowed. NULL: none is near enough */
	size_t distance;  /* of word */
};
#define NEAREST_INIT(typed) { (typed), NULL, 0 }

/*
 * Keep word if it is nearer than those before, and near enough: one change for every three letters of it, and at least one. A change is a
 * letter put in, left out, replaced, or swapped with the next one (optimal string alignment distance).
 */
void nearest_offer(struct nearest *nearest, const char *word);

/* Words longer than this are no candidates. */
#define NEAREST_LENGTH_MAX 40

#endif
