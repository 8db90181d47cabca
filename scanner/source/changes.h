/*
 * What staged and range share: handing out what a change adds, and, where something was found in it, what it replaced. Private to source/.
 */
#ifndef STAUNCH_SOURCE_CHANGES_H
#define STAUNCH_SOURCE_CHANGES_H

#include "git/repository.h"
#include "source/source.h"

/* The files of one change (a commit, or the next one). */
struct change_list {
	struct change {
		char *path;
		struct object_id before, after;
		bool has_before, has_after;
	} *changes;
	size_t count, capacity;
};

/* Collects into a struct change_list: a repository_change visitor. */
int change_list_add(void *list, const char *path, const struct object_id *before, const struct object_id *after);
void change_list_release(struct change_list *list);

/* Hand out one content as chunks like *chunk, in windows where it is large. Returns what was found in it. */
unsigned change_hand_out_windows(const struct source_events *events, const unsigned char *bytes, size_t size,
				 struct chunk *chunk);

/*
 * If the content of a chunk is a pointer of Git LFS: hand out the file it names as the same chunk, which is what a push uploads. Returns what was found in it. A
 * file that was not fetched is told, but not of what was there before a change, nor to a server that keeps such files elsewhere (in a quarantine).
 */
unsigned change_hand_out_large_file(const struct source_events *events, const struct repository *repository, const unsigned char *bytes,
				    size_t size, const struct chunk *like, struct source_counts *counts);

/* Hand out the path of a chunk, which can hold a key as well as a file can. Returns what was found in it. */
unsigned change_hand_out_name(const struct source_events *events, const struct chunk *like);

/*
 * Hand out the paths and contents after the change as chunks like *like, then, if something was found, those before it, and settle.
 * Blobs that are missing are told as incomplete.
 */
void change_list_hand_out(const struct change_list *list, const struct source_events *events,
			  struct repository *repository, const struct chunk *like, struct source_counts *counts);

#endif
