/*
 * A delta read into runs: which bytes its result takes over from the base, and which are new. For trees, in which it matters where
 * things begin; what else is looked at has delta_fresh.h.
 */
#ifndef STAUNCH_GIT_DELTA_RUNS_H
#define STAUNCH_GIT_DELTA_RUNS_H

#include "git/delta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some bytes of the result, borrowed from the base or from the delta. */
struct delta_run {
	const unsigned char *bytes;
	uint32_t size;
	bool is_copied; /* from the base */
};

/* The result, from its start to its end. Copies that go on where the one before ended are one run. */
struct delta_runs {
	struct delta_run *runs; /* owned: count of them; good until the next read */
	size_t count, capacity;
};

/* More runs than this are not listed: deltas that git makes have fewer, and 16 bytes each are held. */
#define DELTA_RUNS_MAX ((size_t)1 << 20)

/*
 * List the runs of a delta that makes result_size bytes (below 4 GiB) of a base of base_size. Every instruction is checked as delta_apply()
 * (delta.h) does. Returns NULL, or what is wrong: a static text, the same as delta_apply()'s; delta_runs_too_many when that is all.
 */
const char *delta_runs_read(struct delta_runs *runs, const unsigned char *base, size_t base_size,
			    const unsigned char *delta, size_t delta_size, size_t result_size);
extern const char delta_runs_too_many[];

void delta_runs_release(struct delta_runs *runs);

/* Write the result: all of its bytes to result, which has DELTA_SLACK bytes behind them. */
void delta_runs_write(const struct delta_runs *runs, unsigned char *result);

#endif
