/*
 * Real paths of what a run scans, so that nothing is scanned twice. Private to scan/. One thread.
 */
#ifndef STAUNCH_SCAN_PATH_LIST_H
#define STAUNCH_SCAN_PATH_LIST_H

#include "scan/scan.h"
#include "source/source.h"

struct path_list {
	char **paths; /* owned, and each of them: count */
	size_t count, capacity;
};

void path_list_add(struct path_list *list, const char *path);
void path_list_release(struct path_list *list);

/* Whether the path leads to one of them. */
bool path_list_has(const struct path_list *list, const char *path);

/* The same for a source. Borrowed until one is added. */
struct source_trees path_list_trees(const struct path_list *list);

/* Whether a target of this kind and real path was asked for. */
bool scan_options_ask(const struct scan_options *options, enum scan_target_kind kind, const char *path);

#endif
