/*
 * A baseline: credentials that are known already, by their fingerprints, so that a run tells of new ones only. Moving a line, renaming a file or
 * rewriting history changes no fingerprint. Private to broker/.
 */
#ifndef STAUNCH_BROKER_BASELINE_H
#define STAUNCH_BROKER_BASELINE_H

#include "base/error.h"
#include "finding.h"

#include <stdbool.h>
#include <stddef.h>

/* The largest file that is read. */
#define BASELINE_SIZE_MAX ((size_t)256 << 20)

struct baseline {
	struct baseline_entry {
		char fingerprint[SECRET_FINGERPRINT_SIZE];
		char *comment; /* owned: what stands behind it, or NULL */
	} *entries; /* owned; count of them; in order, each once, after loading */
	size_t count, capacity;
};

/*
 * Read a list ("sha256:…", one a line; what is behind it is a comment) or a report of the formats json or jsonl. Returns 0, ERROR_IO,
 * or ERROR_MALFORMED for a line that is neither: a baseline that is only half understood would have its keys sent.
 */
int baseline_load(struct baseline *baseline, const char *path, struct error *error);
void baseline_release(struct baseline *baseline);

bool baseline_has(const struct baseline *baseline, const char *fingerprint);

/* Take a finding in, unless it is there. baseline_write() puts things in order. */
void baseline_add(struct baseline *baseline, const struct finding *finding);

/* Take in all of another. */
void baseline_merge(struct baseline *baseline, const struct baseline *other);

/* Write the list: sorted, an entry a line, so that two branches' baselines merge; the file is replaced as a whole or not at all. */
int baseline_write(struct baseline *baseline, const char *path, struct error *error);

#endif
