/*
 * The scan process: it reads the targets, searches them on worker threads and tells the broker what it finds over the channel.
 *
 * It is the only process that parses bytes from strangers and it has nothing else: no network, no ledger, no reports.
 */
#ifndef STAUNCH_SCAN_SCAN_H
#define STAUNCH_SCAN_SCAN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct commit_choice;
struct match_program;
struct sandbox;

enum scan_target_kind {
	SCAN_GIT,    /* every object of a repository */
	SCAN_STAGED, /* what the next commit would add */
	SCAN_RANGE,  /* what the commits of a range add, or of a choice */
	SCAN_FILES,  /* a file or a folder */
	SCAN_STREAM, /* standard input */
};

struct scan_target {
	enum scan_target_kind kind;
	const char *path;  /* repository, file or folder; the label of a stream */
	const char *range; /* SCAN_RANGE: "A..B"; or NULL, and */
	const struct commit_choice *choice; /* what a push brings or a CI job is about */
	const char *if_missing; /* what to do when a commit of the choice is not there, or NULL */
	bool from_environment; /* a repository that git's own variables name, as in a hook */
	bool with_trees;       /* SCAN_GIT: the files of its linked working trees are wanted as well */
	bool is_met;           /* not asked for: it belongs to a repository that was */
	bool exact;            /* path is a repository's root: one around it is another */
};

struct scan_options {
	const struct scan_target *targets; /* target_count of them */
	size_t target_count;
	const struct match_program *program;
	unsigned jobs; /* worker threads, 1 or more */
	bool ignored;  /* look into files that git ignores too */
	bool no_submodules;  /* leave out the repositories in a repository */
	bool no_repo_config; /* what a repository allows does not count */
	bool progress; /* say on a terminal how far it is */
	unsigned archive_depth; /* how many containers are followed inside each other; 0: none */
	bool libraries_later;   /* neither what searches much quickly nor what reads archives is loaded: SCAN_EXIT_LACKS_LIBRARIES when that is wanted */
	const struct sandbox *sandbox; /* prepared; the scan process enters it */
};

/* Submodules and linked working trees that it meets become targets behind those that were asked for; this many at most. */
#define SCAN_TARGETS_MET_MAX 1000

/*
 * With what the scan process exits, unless all is well: it could not enter its sandbox; it has no more memory (base/memory.c); it met an archive,
 * which it could not read, or more than is little, and nothing that it told counts, because it is to be started again without libraries_later.
 */
#define SCAN_EXIT_FAILED 1
#define SCAN_EXIT_OUT_OF_MEMORY 3
#define SCAN_EXIT_LACKS_LIBRARIES 4

/*
 * Whether the targets look like little, for which libraries_later is quicker: what a commit or a push brings, or all of a small repository. It need not be
 * right: that costs time only.
 */
bool scan_looks_little(const struct scan_target *targets, size_t count);

/*
 * Start the scan process. *channel is the read end of the channel, owned by the caller, *process the child to wait for: it is set before a
 * SIGINT or SIGTERM can be handled, so that a handler may pass them on to it. Call it before any thread is started.
 */
int scan_start(const struct scan_options *options, int *channel, volatile pid_t *process, struct error *error);

#endif
