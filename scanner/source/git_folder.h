/*
 * How files of a git folder are spelled. Private to source/.
 */
#ifndef STAUNCH_SOURCE_GIT_FOLDER_H
#define STAUNCH_SOURCE_GIT_FOLDER_H

/*
 * What places show before the path of a file in the git folder `folder`: as the user would find it from target, which he named (".git/", or nothing for a
 * bare repository), or else the folder's own path. The caller frees it.
 */
char *source_git_front(const char *folder, const char *target);

#endif
