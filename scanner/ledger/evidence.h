/*
 * Evidence: lines of JSON, each of which holds the SHA-256 of the one before it, so that a line that was changed, taken
 * out or put in shows, and the last of which says that it is the last.
 *
 *     {"previous":"<64 hexadecimal digits>","line":N,…}     each; the first one's are zeros, N counts from 1
 *     {"previous":"…","line":N,"end":true,"records":R}       the last; R = N - 2, the first line being about the export
 *
 * Each ends with a line feed, which is not part of what is hashed. Whoever can write the file can make a whole new
 * chain: the head, the hash of the last line, is what to keep elsewhere.
 */
#ifndef STAUNCH_LEDGER_EVIDENCE_H
#define STAUNCH_LEDGER_EVIDENCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define EVIDENCE_HASH_SIZE 65 /* SHA-256 in hexadecimal */

struct evidence {
	FILE *file; /* borrowed */
	char head[EVIDENCE_HASH_SIZE]; /* the hash of the last line so far */
	uint64_t lines;
};

/* Write evidence to file. Write failures show in the file (ferror). */
void evidence_begin(struct evidence *evidence, FILE *file);

/* Add a line; members is the inside of a JSON object, on one line, not empty. */
void evidence_add(struct evidence *evidence, const char *members);

/* Add the last line. evidence->head is what to keep. */
void evidence_end(struct evidence *evidence);

/*
 * Check evidence. Returns 0 and fills *records and head; ERROR_MALFORMED with the first line that is wrong; or ERROR_IO.
 */
int evidence_verify(FILE *file, uint64_t *records, char head[EVIDENCE_HASH_SIZE], struct error *error);

#endif
