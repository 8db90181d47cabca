/*
 * A path pattern as gitignore(5) has them: "*", "?", "[a-z]", "**", an anchor where a '/' stands at the front or in the middle, and one at the end for
 * folders only. Private to scan/.
 *
 * Patterns are a stranger's, so one is matched in steps bounded by its length times the path's, whatever it says.
 */
#ifndef STAUNCH_SCAN_PATH_PATTERN_H
#define STAUNCH_SCAN_PATH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct path_pattern {
	struct pattern_step *steps; /* owned; step_count of them */
	size_t step_count;
	bool folders_only, negated;
};

/* The longest pattern, in bytes. */
#define PATH_PATTERN_MAX 1024

/*
 * Compile length bytes. Returns false for an empty one, one that is too long, or one with a class that does not close, or is a
 * named one ("[[:digit:]]"), which would mean something else here than with git.
 */
bool path_pattern_compile(struct path_pattern *pattern, const char *text, size_t length);
void path_pattern_release(struct path_pattern *pattern);

/* Whether the pattern means the file or folder whose path, from the root on, is these length bytes. Any thread. */
bool path_pattern_matches(const struct path_pattern *pattern, const char *path, size_t length, bool is_folder);

/* Whether the last of the patterns (count of them) that means the file, or else a folder above it, leaves it out. */
bool path_patterns_leave_out(const struct path_pattern *patterns, size_t count, const char *path);

#endif
