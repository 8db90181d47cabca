/*
 * What the scan process gives up before it reads the first byte from a stranger.
 *
 * One implementation is built: none.c, which gives up only what every Linux kernel lets a process give up for itself. The seam is here
 * so that Landlock and seccomp can take its place without a change elsewhere.
 */
#ifndef STAUNCH_SANDBOX_SANDBOX_H
#define STAUNCH_SANDBOX_SANDBOX_H

#include "base/error.h"

/*
 * Enter. Called once in the scan process, before its first thread and first input. Returns 0; after an error the scan process must not
 * go on.
 */
int sandbox_enter(struct error *error);

#endif
