/*
 * A split index (git-update-index(1), "SPLIT INDEX"; gitformat-index(5), "link"): a shared one, `sharedindex.ID` in the git folder, and an index that says
 * what is different. Read as the one index that both make. Private to git/.
 */
#ifndef STAUNCH_GIT_INDEX_SPLIT_H
#define STAUNCH_GIT_INDEX_SPLIT_H

#include "git/index_file.h"

struct index_split;

/*
 * own is the index that has the extension (link, link_size bytes), read up to its entries; they are taken from it here. folder ends in '/'. Returns 0 with
 * *split unset when there is nothing shared; ERROR_MALFORMED also when the shared index is not there or another one. *split is freed by the caller.
 */
int index_split_open(struct index_split **split, struct index_file *own, const unsigned char *link, size_t link_size,
		     const char *folder, struct error *error);
void index_split_free(struct index_split *split); /* NULL is allowed */

/* As index_file_next(). */
int index_split_next(struct index_split *split, struct index_entry *entry, struct error *error);

#endif
