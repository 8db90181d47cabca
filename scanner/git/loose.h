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
	char **unfinished; /* owned, unfinished_count of them: paths of files in which git was writing one when it was ended */
	size_t unfinished_count, unfinished_capacity;
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

/* What the object says of itself: its first bytes are all that is read. Returns 0, ERROR_IO or ERROR_MALFORMED. */
int loose_read_header(const char *directory, const struct object_id *id, enum object_kind *kind, uint64_t *size, struct error *error);

/* What an unfinished file holds. */
struct loose_part {
	enum object_kind kind;
	uint64_t size;       /* bytes of the object that can be had */
	bool is_whole;       /* they are all, and */
	struct object_id id; /* this is its name */
};

/*
 * Find out. Returns 0; ERROR_NOT_FOUND when there is nothing of an object in it, or it is gone; ERROR_IO; ERROR_MALFORMED for one that is damaged, with
 * *part set to what comes before that. One that is cut short is no error. window as above.
 */
int loose_part_measure(struct loose_part *part, const char *path, unsigned char *window, size_t window_size, struct error *error);

/* Hand on what was measured, in pieces of an object of part->size bytes, by part->id. Returns as loose_read() does. */
int loose_part_read(const struct loose_part *part, const char *path, unsigned char *window, size_t window_size, size_t overlap, object_visit *visit,
		    void *context, unsigned worker, int *stopped, struct error *error);

#endif
