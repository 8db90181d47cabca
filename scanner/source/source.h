/*
 * Where bytes come from: files, streams and git. A source hands out chunks, bytes with their origin, to whoever scans
 * them; it does not know what is looked for.
 *
 * Each function below walks one target to its end on some threads of its own, and returns when the last chunk has been
 * taken. What cannot be read is told through the incomplete event and the walk goes on: damage in one file never hides another.
 */
#ifndef STAUNCH_SOURCE_SOURCE_H
#define STAUNCH_SOURCE_SOURCE_H

#include "base/error.h"
#include "finding.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delta_seam_texts; /* git/delta_fresh.h */
struct repository;

/*
 * A piece of content. Content larger than a window comes as several chunks, in order, from one worker; each later one repeats the last
 * `overlap` bytes of the one before (struct source_events). Borrowed until the event returns.
 */
struct chunk {
	enum place_kind kind;
	const char *path;   /* NULL where there is none, or where it is known only after the trace */
	const char *archive_path; /* the members on the way from the path to the bytes (struct place), or NULL */
	const char *object; /* hexadecimal id, or "" */
	const char *commit; /* hexadecimal id of the commit that brings it, or "" */
	const char *author; /* of that commit, or NULL */
	bool has_date;
	int64_t date;       /* author date of that commit */
	bool reachable;
	bool traced; /* source_history_trace() will tell where its object stands */
	bool old;    /* what stood here before: credentials in it are not new (see settle) */
	const void *bytes;
	size_t size;
	uint64_t offset; /* of bytes in the content */
	bool first, last;
	const int *descriptor; /* of the file that holds the content, open until the last chunk was taken; NULL: none, or not only that */
	unsigned level; /* contents around this one: 0 for what a source hands out. The chunks of a content and of those inside it come in turns */
	bool wraps;     /* contents inside are handed out, too: what stands in one of them does not stand here once more (unwrapped) */
};

/* How far a walk is, for whoever watches it. Counted in steps, not object by object. */
struct source_progress {
	_Atomic uint64_t objects, objects_total, bytes; /* objects_total is 0 while it is not known */
};

/* What was met in a chunk. */
enum chunk_result {
	CHUNK_PLAIN = 0,  /* nothing that a credential could begin with */
	CHUNK_SUSPICIOUS, /* that, but no credential; or it could not be told */
	CHUNK_FOUND,      /* a credential */
};

/* What a source tells. chunk() and incomplete() come from several threads at once; worker is below source_events.jobs. */
struct source_events {
	void *context;
	unsigned jobs;  /* threads to use, 1 or more */
	size_t overlap; /* bytes that chunks of one content share */
	const atomic_int *stop; /* nonzero: end early, as if everything had been walked */
	struct source_progress *progress;

	/* Bytes to search. */
	enum chunk_result (*chunk)(void *context, unsigned worker, const struct chunk *chunk);

	/*
	 * Whether size bytes are anything but plain. Of an object that differs little from a plain one only what is new is shown here, and what is
	 * round the seams that a text of seam_texts may cross. seam_texts NULL: all objects are handed out whole.
	 */
	bool (*glance)(void *context, unsigned worker, const void *bytes, size_t size);
	const struct delta_seam_texts *seam_texts;

	/* Whether an object that begins with these bytes (CONTAINER_HEAD_SIZE or all) is to be handed out whole whatever glance() says. NULL: none is. */
	bool (*is_container)(void *context, const void *head, size_t size);

	/*
	 * The content of this level that wraps others is at its end, and they are. seams are the offsets in it, in order, at which one of them ends and
	 * the next one's header begins: what stands across them is none. Only source/container.h calls it.
	 */
	void (*unwrapped)(void *context, unsigned worker, unsigned level, const uint64_t *seams, size_t seam_count);

	/*
	 * Sources that compare before and after (staged, range) hand out what is new, then, only if something was found there, what stood there
	 * before (chunk.old), then call settle: what was found in the new and not in the old is what the change adds.
	 */
	void (*settle)(void *context, unsigned worker);

	/* Something could not be read. what is a static word; object may be "", path may be NULL; detail is for people. */
	void (*incomplete)(void *context, const char *what, const char *object, const char *path, const char *detail);
};

/* Lines about the libraries that read archives, for `staunch --version --verbose` (base/library.h). */
struct buffer;
void source_add_libraries(struct buffer *lines);

/* How much a walk handled, for the report. */
struct source_counts {
	uint64_t commits, objects, bytes;
};

/* What a walk over files takes in that it could leave out. */
#define SOURCE_FILES_IGNORED 1u    /* what git ignores */
#define SOURCE_FILES_SUBMODULES 2u /* folders that are submodules */

/* Working trees and git folders that are walked on their own, by their real paths: a walk passes over them. Borrowed. */
struct source_trees {
	const char *const *paths; /* count of them */
	size_t count;
};
bool source_trees_have(const struct source_trees *trees, const char *path);

/*
 * A file, or a folder with all below it. Symbolic links are not followed (path itself may be one), their texts are looked at; FIFOs, sockets and devices are
 * skipped; `.git` is left out, and so are others below path. choice: SOURCE_FILES_ bits.
 */
int source_files(const struct source_events *events, const char *path, unsigned choice, const struct source_trees *others,
		 struct source_counts *counts, struct error *error);

/* All bytes of an open file descriptor, which stays open. label is the path that places show. */
int source_stream(const struct source_events *events, int fd, const char *label, struct source_counts *counts,
		  struct error *error);

/* What the next commit would add: the index compared with HEAD. */
int source_staged(const struct source_events *events, struct repository *repository, struct source_counts *counts,
		  struct error *error);

/* What the commits of range ("A..B") add, each compared with all its parents; and their messages. */
int source_range(const struct source_events *events, struct repository *repository, const char *range,
		 struct source_counts *counts, struct error *error);

/*
 * The same for any choice of commits, as a push or a CI job makes it; and what is chosen beside commits: tags with their messages, trees
 * and blobs that a tag names.
 */
struct commit_choice;
int source_commits(const struct source_events *events, struct repository *repository, const struct commit_choice *choice,
		   struct source_counts *counts, struct error *error);

/*
 * What git itself wrote down beside the objects: names of references, reflogs, configuration, messages being written, the state of a rebase, hooks
 * (git_folder.c has the table). target is the path under which the user knows the repository. Working trees may lie in it; they are no files of git.
 */
int source_git_folder(const struct source_events *events, struct repository *repository, const char *target,
		      const struct source_trees *others, struct error *error);

/* ---- history: every object of the object database ---- */

struct source_history;

/* Walk every object, and the files of Git LFS. target as above. *history keeps what the trace needs and is freed with source_history_free(). */
int source_history(const struct source_events *events, struct repository *repository, const char *target,
		   struct source_history **history, struct source_counts *counts, struct error *error);
void source_history_free(struct source_history *history); /* NULL is allowed */

/* A credential (a small number, from 0) stands in this object. */
struct source_hit {
	char object[OBJECT_ID_HEX_SIZE];
	uint32_t key;
};

/* The life of a credential in history; the fields are those of struct finding. Borrowed. */
struct source_life {
	uint32_t key;
	struct sighting first_seen, last_seen, removed;
	uint64_t commits_total, refs_total;
	bool at_head;
	const char *refs; /* at most SOURCE_REFS_MAX of them */
};
#define SOURCE_REFS_MAX 20

/* What the trace tells, on the calling thread. */
struct source_trace_events {
	void *context;
	/* An object of a hit stands in the place's tree path (or is in the index), brought there by its commit. */
	void (*place)(void *context, const struct place *place);
	/* Once for each credential that some commit's tree holds. */
	void (*life)(void *context, const struct source_life *life);
};

/* Where the objects of hits (count of them, distinct, ordered by object) stand, and which objects that history needs are missing (told as incomplete). */
int source_history_trace(struct source_history *history, const struct source_hit *hits, size_t count,
			 const struct source_trace_events *trace, struct error *error);

#endif
