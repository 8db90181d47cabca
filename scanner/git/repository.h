/*
 * A git repository through libgit2: opening it wherever it stands, its references, its index, what it ignores, and one
 * object at a time. Nothing of a repository's configuration is ever executed, so whose it is does not matter.
 *
 * All functions may be called by any thread unless they say otherwise.
 */
#ifndef STAUNCH_GIT_REPOSITORY_H
#define STAUNCH_GIT_REPOSITORY_H

#include "base/buffer.h"
#include "base/error.h"
#include "git/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct repository;

enum repository_search {
	REPOSITORY_EXACT,  /* path must be a repository's root, its .git, or a bare repository */
	REPOSITORY_BARE,   /* path must be a git folder; whether its working tree is there does not matter */
	REPOSITORY_UPWARD, /* or be inside one */
	REPOSITORY_FROM_ENVIRONMENT, /* GIT_DIR, GIT_INDEX_FILE and so on, as git sets them for hooks; path is where to look otherwise */
};

/*
 * Open a repository: bare, linked worktree, submodule, owned by another user, all the same. Returns 0; ERROR_NOT_FOUND when there is none;
 * ERROR_UNSUPPORTED for a format that this libgit2 cannot read (SHA-256, reftable); ERROR_MALFORMED for a damaged one.
 */
int repository_open(struct repository **repository, const char *path, enum repository_search search, struct error *error);

/*
 * The same for a file that git-bundle(1) wrote, version 2 or 3: a repository of the objects and references in it, without anything else. ERROR_NOT_FOUND when the file
 * is no bundle, ERROR_UNSUPPORTED for what this version of staunch does not know.
 */
bool repository_is_bundle(const char *path);
int repository_open_bundle(struct repository **repository, const char *path, struct error *error);

/* The commits that a bundle builds on and does not hold, *count of them; none of another repository. Borrowed. */
const struct object_id *repository_prerequisites(const struct repository *repository, size_t *count);

void repository_close(struct repository *repository); /* NULL is allowed */

/* The folder of its working tree, ending in '/'; NULL when it is bare. Borrowed. */
const char *repository_work_path(const struct repository *repository);

/* The folder with its HEAD and index, and the one with what all its working trees share (the same, but in a linked one). Both end in '/'; NULL of a bundle. Borrowed. */
const char *repository_git_folder(const struct repository *repository);
const char *repository_common_folder(const struct repository *repository);

/* The repository's objects folder, then those of its alternates, recursively. One that does not exist is among them under its name. Borrowed. */
char *const *repository_object_directories(const struct repository *repository, size_t *count);

/* Whether the path of such a folder is that of a quarantine (git-receive-pack(1)), which comes and goes with a push. */
bool repository_is_incoming(const char *directory);

/* Whether alternates of alternates of … were left out because git, too, follows only five; or because there are more than any repository has. */
bool repository_alternates_are_cut(const struct repository *repository);

/* The folder in which git looks for hooks, there or not. */
struct hooks_path {
	char *path;      /* owned by the caller */
	bool configured; /* core.hooksPath says so */
	bool is_shared;  /* and that in a configuration which counts for other repositories as well */
};
int repository_hooks_path(struct repository *repository, struct hooks_path *hooks, struct error *error);

/* Whether history is cut (a shallow clone) / objects are left out on purpose (a partial clone). */
bool repository_is_shallow(const struct repository *repository);
bool repository_is_partial(const struct repository *repository);

/* Read a whole object. *bytes is freed by the caller with free(). Returns 0, ERROR_NOT_FOUND, or ERROR_MALFORMED. */
int repository_read(struct repository *repository, const struct object_id *id, enum object_kind *kind,
		    unsigned char **bytes, size_t *size, struct error *error);

/* What an object is, where that can be told without its content. Returns as repository_read(). */
int repository_object_kind(struct repository *repository, const struct object_id *id, enum object_kind *kind, struct error *error);

/* The same without a copy, for content of any size. bytes are borrowed until it is closed. */
struct repository_object {
	const unsigned char *bytes; /* size of them */
	size_t size;
	enum object_kind kind;
	void *handle, *made; /* owned: one of them has the bytes */
};
int repository_object_open(struct repository *repository, const struct object_id *id,
			   struct repository_object *object, struct error *error);
void repository_object_close(struct repository_object *object);

/* Each reference that names an object, and each HEAD that is detached (linked working trees' too): name and the object it leads to (not peeled). Returns the callback's nonzero value or a negative code. */
typedef int repository_reference(void *context, const char *name, const struct object_id *target);
int repository_each_reference(struct repository *repository, repository_reference *visit, void *context,
			      struct error *error);

/* The name of each reference, symbolic ones among them; no object comes with it (target is NULL). */
int repository_each_name(struct repository *repository, repository_reference *visit, void *context, struct error *error);

/*
 * Each entry of the reflogs of HEAD and of all references ("HEAD@{0}", newest first): what was amended, rebased away, reset or stashed is
 * known by these names. One thread.
 */
int repository_each_reflog_entry(struct repository *repository, repository_reference *visit, void *context,
				 struct error *error);

/* The commit that HEAD leads to, there or not. ERROR_NOT_FOUND while there is none (an unborn branch). */
int repository_head(struct repository *repository, struct object_id *commit, struct error *error);

/* A file of the tree of HEAD, to be closed. ERROR_NOT_FOUND when there is none. */
int repository_head_file(struct repository *repository, const char *path, struct repository_object *object,
			 struct error *error);

/* ---- the working tree ---- */

/* Whether the index has this file, or the folder, or anything below it. Yes also when the index cannot be read. path as below. */
bool repository_tracks(struct repository *repository, const char *path, bool is_folder);

/* Whether git leaves out this file or folder: it is ignored, and it (or anything below it) is not in the index. path is relative to the working tree. */
bool repository_leaves_out(struct repository *repository, const char *path, bool is_folder);

/* ---- changes ---- */

/* One file of a change: its blobs before and after; NULL where there is none. Returns nonzero to stop. */
typedef int repository_change(void *context, const char *path, const struct object_id *before,
			      const struct object_id *after);

/*
 * Each entry of the index, the sides of a conflict and `git add -N` among them, in its order. has_object: the repository is to have what it names, as it
 * has not of a submodule and of `git add -N`. Returns the visitor's nonzero value or a negative code. One thread.
 */
typedef int repository_index_entry(void *context, const char *path, const struct object_id *id, bool has_object);
int repository_each_index_entry(struct repository *repository, repository_index_entry *visit, void *context, struct error *error);

/* Whether the tree of HEAD has this path, and there this object (NULL: any). */
bool repository_head_has(struct repository *repository, const char *path, const struct object_id *id);

/* What the index changes against HEAD. One thread. */
int repository_staged_changes(struct repository *repository, repository_change *visit, void *context,
			      struct error *error);

/*
 * What a commit changes: files that differ from those of all its parents, and (with a NULL after) all that one of its parents has
 * where the commit has something else or nothing: content that is found there too was not brought by it. One thread.
 */
int repository_commit_changes(struct repository *repository, const struct object_id *commit, repository_change *visit,
			      void *context, struct error *error);

/* Which commits: those that the tips lead to and nothing known does. Names are what git-rev-parse(1) takes for one object. All borrowed. */
struct commit_choice {
	const char *const *tips; /* tip_count of them: commits, or tags, trees and blobs, as they can be pushed */
	size_t tip_count;
	const char *const *known; /* known_count of them */
	size_t known_count;
	bool known_may_be_missing;    /* one that is not there tells nothing; otherwise it is ERROR_NOT_FOUND */
	const char *known_else;       /* what counts for one that a whole clone lacks, because its branch was pushed over; NULL: nothing does */
	const char *known_references; /* what the references whose names begin so lead to is known as well ("refs/remotes/origin/"), or NULL */
	bool all_if_none;             /* where nothing would be left, nothing is known: a branch compared with itself */
};

struct chosen {
	struct object_id *commits; /* owned: parents before their children; in a shallow clone those that are there */
	size_t commit_count;
	struct object_id *others;  /* owned: the tags that tips are, and trees and blobs */
	size_t other_count;
	bool took_else; /* known_else applied, and with it all_if_none */
	bool took_all;  /* all_if_none applied */
};

/* List them. Returns 0; ERROR_NOT_FOUND when a name leads nowhere; after an error *chosen has what was listed until then. Release it in each case. */
int repository_choose(struct repository *repository, const struct commit_choice *choice, struct chosen *chosen,
		      struct error *error);
void chosen_release(struct chosen *chosen);

/* Lines for --version --verbose: the libraries that this room uses (base/library.h). */
void git_add_libraries(struct buffer *lines);

#endif
