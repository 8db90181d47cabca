/*
 * .staunchignore: what a repository says is no leak. Private to scan/.
 *
 * An entry a line: a fingerprint ("sha256:" and 64 hexadecimal digits), or a path pattern as in gitignore(5). Behind " #" stands its reason, and
 * in that, where it is to end by itself, "until=2027-01-31": from the day after (UTC) it counts as none, as it does where the date is written in
 * another way. Nothing here is believed further than that:
 * the broker decides what is sent, and --no-repo-config leaves the file unread.
 */
#ifndef STAUNCH_SCAN_IGNORE_FILE_H
#define STAUNCH_SCAN_IGNORE_FILE_H

#include "base/secret.h"
#include "scan/path_pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IGNORE_FILE_NAME ".staunchignore"

/* Ceilings. A file beyond them is no use to people either. */
#define IGNORE_FILE_SIZE_MAX ((size_t)1 << 20)
#define IGNORE_FILE_PATTERNS_MAX 2000

struct ignore_file {
	char (*fingerprints)[SECRET_FINGERPRINT_SIZE]; /* owned; in order; fingerprint_count of them */
	size_t fingerprint_count, fingerprint_capacity;
	struct path_pattern *patterns; /* owned */
	size_t pattern_count, pattern_capacity;
};

/*
 * Read the entries of a text (size bytes) into *file, which holds nothing. Those that are expired at now (seconds since the epoch), or not understood,
 * are left out, and said on stderr with name and line unless silent is set.
 */
void ignore_file_parse(struct ignore_file *file, const char *text, size_t size, const char *name, int64_t now, bool silent);
void ignore_file_release(struct ignore_file *file);

/* Any thread. path is relative to where the file stands. */
bool ignore_file_has_fingerprint(const struct ignore_file *file, const char *fingerprint);
bool ignore_file_has_path(const struct ignore_file *file, const char *path);

#endif
