/*
 * Where a report's bytes go: standard output, a device or FIFO, or a file that takes its place only when it is
 * whole. Private to report/.
 */
#ifndef STAUNCH_REPORT_OUTPUT_H
#define STAUNCH_REPORT_OUTPUT_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>

struct output {
	int descriptor;        /* owned; -1: not open */
	char *name;            /* owned: for messages */
	char *path;            /* owned: what the temporary file becomes; NULL: written directly */
	char *temporary;       /* owned: its name until then; NULL: written directly */
	bool is_stdout;
	struct buffer pending; /* bytes to be written */
	int failure;           /* errno of the first write that failed; nothing is written after it */
};

/* Open file ("-": standard output). Returns 0, or ERROR_IO; then nothing is owned. */
int output_open(struct output *output, const char *file, struct error *error);

/* Open file for adding to what it has; it is made when it is not there. Otherwise as output_open(). */
int output_open_end(struct output *output, const char *file, struct error *error);

/* Write what is pending. */
void output_flush(struct output *output);

/* Write what is pending when it has become much. */
void output_relieve(struct output *output);

/*
 * Close, and when keep is set flush before that and put the file in its place; otherwise drop it. Returns 0, or
 * ERROR_IO when not every byte reached its destination; then an earlier file of that name is as it was. Nothing is
 * owned afterwards.
 */
int output_close(struct output *output, bool keep, struct error *error);

#endif
