/*
 * One line on a terminal that says how far the scan is. Nothing is drawn when standard error is no terminal. Private to scan/.
 */
#ifndef STAUNCH_SCAN_PROGRESS_H
#define STAUNCH_SCAN_PROGRESS_H

#include "source/source.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

struct progress {
	struct source_progress counts; /* what sources count */
	atomic_uint found;             /* distinct credentials so far */
	const char *_Atomic target;    /* its path; borrowed */
	_Atomic uint64_t tracing;      /* hits that are being traced; 0: the scan reads objects */
	struct timespec target_started;
	bool drawing;
	bool drawn; /* something is on the line; guarded by lock */
	pthread_t thread;
	pthread_mutex_t lock; /* guards ended */
	pthread_cond_t wake;  /* signalled when ended is set */
	bool ended;
};

/* Begin to draw, if wanted and standard error is a terminal. */
void progress_start(struct progress *progress, bool wanted);

/* Another target begins. */
void progress_target(struct progress *progress, const char *path);

/* The target was walked, and its hits are traced. */
void progress_trace(struct progress *progress, uint64_t hits);

/* Seconds since the target began. */
double progress_seconds(const struct progress *progress);

/* Wipe the line. Called before anything else is written to the terminal. */
void progress_end(struct progress *progress);

#endif
