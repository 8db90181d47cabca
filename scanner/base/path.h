/*
 * Paths as they are kept: with one name for one file.
 */
#ifndef STAUNCH_BASE_PATH_H
#define STAUNCH_BASE_PATH_H

/*
 * path from the root, without links, "." and "..". Of one that leads nowhere, or no longer, as much of it is resolved as leads
 * somewhere. NULL when the folder that this process stands in is not known. The caller frees it.
 */
char *path_resolve(const char *path);

/* The same, but for the last name: a link there stays the link that it is. */
char *path_resolve_folder(const char *path);

#endif
