/*
 * One run of the scan process, as its two halves share it: what searches and tells (scan.c), and the targets, one after the other (target.c). Private to
 * scan/.
 */
#ifndef STAUNCH_SCAN_RUN_H
#define STAUNCH_SCAN_RUN_H

#include "git/delta_fresh.h"
#include "scan/allowed.h"
#include "scan/path_list.h"
#include "scan/progress.h"
#include "scan/scan.h"
#include "scan/worker.h"
#include "source/container.h"
#include "source/source.h"

#include <stdatomic.h>

extern atomic_int scan_stop; /* set by a signal, or when nobody listens any more: end early and tell what was found */

struct scan {
	const struct scan_options *options;
	struct channel_writer channel;
	struct scan_shared shared;
	struct scan_worker *workers; /* options->jobs of them */
	struct source_events events; /* of the search */
	struct container_stage *containers;
	const struct source_events *outer_events; /* its own, for the sources */
	struct delta_seam_texts seam_texts; /* the rules' literals */
	struct progress progress;
	struct allowed allowed;
	struct scan_target *met; /* owned, and their paths: submodules and linked working trees, scanned behind those asked for */
	size_t met_count, met_capacity;
	struct path_list apart; /* real paths of working trees and git folders that are targets of their own */
	struct path_list whole; /* and of git folders that were scanned, with all that is in them */
	atomic_uint missed; /* parts of the current target that could not be scanned */
};

/* Tell of something that could not be scanned: as in struct source_events, whose context a struct scan is. Any thread. */
void scan_tell_incomplete(void *scan, const char *what, const char *object, const char *path, const char *detail);

/* Scan a target, by its number: those asked for, then those met, of which it may add some. What cannot be scanned of it is told. */
void scan_target(struct scan *scan, uint32_t number);

#endif
