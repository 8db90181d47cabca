/*
 * What the scan process gives up before it reads the first byte from a stranger: README.md in this folder draws the picture.
 *
 * Two calls. The broker prepares: it learns what this kernel offers, so that it can refuse to begin and can say in its reports what is in
 * force. The scan process enters, before its first thread; from then on it can read the files it was allowed, find things in them, and tell
 * the broker. Each layer has a file: none.c (what every kernel lets a process give up), limits.c, seccomp.c, landlock.c.
 */
#ifndef STAUNCH_SANDBOX_SANDBOX_H
#define STAUNCH_SANDBOX_SANDBOX_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_mode {
	SANDBOX_AUTO = 0, /* what there is; what is missing is said */
	SANDBOX_REQUIRE,  /* all of it, or no scan */
	SANDBOX_OFF,      /* none.c only */
};

/* What is in force in the scan process, once it has entered. */
struct sandbox {
	enum sandbox_mode mode;
	unsigned landlock_abi; /* the version of its interface, 1 or more; 0: not in force */
	bool seccomp;
	uint64_t memory_limit; /* bytes of private memory (RLIMIT_DATA); 0: none */
	unsigned cpu_seconds;  /* of processor time; 0: no limit */
	int ruleset;           /* Landlock's, open while sandbox_enter() collects what may be read; -1 otherwise */
};

const char *sandbox_mode_name(enum sandbox_mode mode);

/*
 * Learn what can be given up, for a scan on jobs threads. Called by the broker before it starts the scan process. Returns 0; with
 * SANDBOX_REQUIRE, ERROR_UNSUPPORTED and what is missing.
 */
int sandbox_prepare(struct sandbox *sandbox, enum sandbox_mode mode, unsigned cpu_seconds, unsigned jobs, struct error *error);

/* Whether both Landlock and seccomp are in force. Otherwise sandbox_missing() says in words what that means. */
bool sandbox_is_whole(const struct sandbox *sandbox);
const char *sandbox_missing(const struct sandbox *sandbox);

/* How a path is opened to the scan process. */
enum sandbox_right {
	SANDBOX_READ,        /* a file, or a folder and all below it; not what a link leads to */
	SANDBOX_READ_LINKED, /* or what a link of that name leads to */
	SANDBOX_LIST,        /* the names in a folder and in those below it; no file. No link either */
};

/* What the scan process keeps. */
struct sandbox_needs {
	const int *descriptors; /* descriptor_count of them stay open; so do 1 (as /dev/null) and 2 */
	size_t descriptor_count;
	bool standard_input; /* 0 is read from; otherwise it becomes /dev/null */
	/*
	 * Call sandbox_allow() for all that is to be read. It is itself run with seccomp in force and Landlock not yet, and only where there is
	 * Landlock. context is its first argument.
	 */
	void (*allow)(void *context, struct sandbox *sandbox);
	void *context;
};

/* Enter. Called once in the scan process, before its first thread and first input. Returns 0; after an error it must not go on. */
int sandbox_enter(struct sandbox *sandbox, const struct sandbox_needs *needs, struct error *error);

/* Open path to the scan process; for needs->allow(). Nothing happens when there is none of that name. */
void sandbox_allow(struct sandbox *sandbox, const char *path, enum sandbox_right right);

/* Lines for --version --verbose: the libraries that this room uses (base/library.h). */
void sandbox_add_libraries(struct buffer *lines);

#endif
