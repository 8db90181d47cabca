/*
 * What many literals have in common: a few short texts (cores) of which each literal holds one. Vectorscan searches for a hundred of them about half as fast again as
 * for the hundreds of literals that they stand for, and where a core stands the few literals that hold it are compared. Private to match/.
 */
#ifndef STAUNCH_MATCH_CORE_H
#define STAUNCH_MATCH_CORE_H

#include <stddef.h>
#include <stdint.h>

/* As long as a core is, where its literals are: shorter ones would stand everywhere. */
#define CORE_LENGTH_MIN 3
#define CORE_LENGTH_MAX 6

/* A literal that a core stands for, by its number: it begins so many bytes before the core. */
struct core_literal {
	uint32_t number, before;
};

struct core {
	const char *text; /* borrowed of a literal */
	size_t length;
	size_t first;     /* of its literals; those of the next core begin where its own end */
};

struct core_set {
	struct core *cores;             /* owned: count of them, and one more for its `first` */
	size_t count;
	struct core_literal *literals;  /* owned: each literal once */
};

/* Choose cores for count literals, which must outlive the set. It takes time with their number squared, and is for some hundreds. */
void core_set_choose(struct core_set *set, const char *const *texts, const size_t *lengths, size_t count);
void core_set_release(struct core_set *set);

#endif
