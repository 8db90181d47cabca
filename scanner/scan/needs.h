/*
 * What the scan process keeps when it enters its sandbox: the files of its targets, and the descriptors it reads. Private to scan/.
 */
#ifndef STAUNCH_SCAN_NEEDS_H
#define STAUNCH_SCAN_NEEDS_H

#include "sandbox/sandbox.h"
#include "scan/scan.h"

/* The needs of a run that tells over the descriptor channel. Release them after sandbox_enter(). options are borrowed until then. */
void scan_needs_init(struct sandbox_needs *needs, const struct scan_options *options, int channel);
void scan_needs_release(struct sandbox_needs *needs);

#endif
