/*
 * Loose objects: one zlib stream in a file of its own, named by its id. Private to git/.
 *
 * They are inflated here through a window, whatever their size: libgit2 would hold each whole in memory.
 */
#ifndef STAUNCH_GIT_LOOSE_H
#define STAUNCH_GIT_LOOSE_H

#include "base/error.h"
#include "git/object.h"

struct loose_object {
	struct object_id id;
	unsigned directory; /* index of its objects folder */
};

struct loose_list {
	struct loose_object *objects; /* owned; sorted by id, each id once */
	size_t count, capacity;
};

/* Add the loose objects of one objects folder. A folder that cannot be read is told to unreadable. Then sort. */
typedef void loose_unreadable(void *context, const char *path, const char *why);
void loose_list_add(struct loose_list *list, const char *directory, unsigned number, loose_unreadable *unreadable,
		    void *context);
void loose_list_sort(struct loose_list *list);
void loose_list_release(struct loose_list *list);

/* The object of this id, or NULL. Any thread. */
const struct loose_object *loose_list_find(const struct loose_list *list, const struct object_id *id);

/*
 * Read one object and hand it on if its kind is among kinds. window holds window_size bytes and must be larger than twice overlap. Returns 0,
 * the visitor's nonzero value in *stopped, ERROR_IO or ERROR_MALFORMED.
 */
int loose_read(const char *directory, const struct object_id *id, unsigned kinds, unsigned char *window,
	       size_t window_size, size_t overlap, object_visit *visit, void *context, unsigned worker, int *stopped,
	       struct error *error);

#endif
