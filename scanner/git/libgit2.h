/*
 * What the files of git/ that call libgit2 share. Private to git/.
 */
#ifndef STAUNCH_GIT_LIBGIT2_H
#define STAUNCH_GIT_LIBGIT2_H

#include "base/error.h"
#include "git/object.h"

#include <git2.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct bundle;
struct pack_set;
struct tracked;

struct repository {
	git_repository *git;
	git_odb *odb;
	char *index_path;           /* owned: GIT_INDEX_FILE's where the environment counts */
	struct tracked *tracked;    /* owned: what the index has; loaded on first use, under lock, then read only */
	pthread_mutex_t lock;       /* guards the loading of tracked, and libgit2's attribute cache */
	char **object_directories;  /* object_directory_count of them, owned */
	size_t object_directory_count;
	struct bundle *bundle;      /* owned: it is a bundle, and has no git and no odb; NULL: it is none */
	const struct pack_set *packs; /* borrowed: an open object database's, in which objects are that libgit2 does not see; NULL: none is open */
	size_t alternate_lines;     /* read so far */
	bool alternates_cut;        /* deeper ones than git follows were left out, or too many */
};

/* Fill *error from what libgit2 last said on this thread; its number chooses the code. */
int libgit2_error(struct error *error, int number, const char *what, const char *subject);

/* Whether libgit2's reading of the system's certificates is answered with "there are none" for now (certificates.c). One thread. */
void libgit2_without_certificates(bool without);

/* From here on no FIFO that libgit2 opens holds it up: it cannot be opened (libgit2_open.c). */
void libgit2_refuse_fifos(void);

/* Put our reader of loose objects before libgit2's (loose_backend.c). Returns 0 or libgit2's number. */
int loose_backend_add(struct repository *repository);

/* Open the repository that git's own variables name, or the one around path (environment.c). Returns 0 or libgit2's number; *index_path is owned by the caller, and set to NULL where GIT_INDEX_FILE is not. */
int libgit2_open_from_environment(git_repository **git, const char *path, char **index_path);

static inline void object_id_from_git(struct object_id *id, const git_oid *git)
{
	memcpy(id->bytes, git->id, OBJECT_ID_SIZE);
}

static inline void object_id_to_git(git_oid *git, const struct object_id *id)
{
	memcpy(git->id, id->bytes, OBJECT_ID_SIZE);
}

#endif
