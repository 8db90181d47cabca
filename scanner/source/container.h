/*
 * The stage between a source and whoever searches that looks into containers: archives, compressed streams, documents with compressed parts, git's packs.
 *
 * It stands in for the searcher's source_events. Each content is handed on as it comes, and looked at: by its first bytes it is told what it
 * is, and of a container the contents are handed on as well, as further chunks with an archive_path (source/unpack.h says how, and what the limits
 * are). So every source gets it, and knows nothing of it.
 */
#ifndef STAUNCH_SOURCE_CONTAINER_H
#define STAUNCH_SOURCE_CONTAINER_H

#include "source/source.h"

struct container_stage;

/* The deepest that can be asked for. */
#define CONTAINER_DEPTH_MAX 16

/*
 * Load what reads archives: before the sandbox is entered, and while the process has one thread. Without it archives are told to incomplete; so a failure here
 * needs no handling.
 */
void container_prepare(void);

/*
 * Make the stage. events are the searcher's, and must outlive it; depth is how many containers are followed inside each other, 0 for none. want_library: NULL, or
 * called (by any thread) when an archive is met and container_prepare() was not called: the walk is to be ended, and made again after that.
 */
struct container_stage *container_stage_new(const struct source_events *events, unsigned depth, void (*want_library)(void *context));
void container_stage_free(struct container_stage *stage); /* NULL is allowed */

/* What sources are to be given. */
const struct source_events *container_stage_events(const struct container_stage *stage);

/*
 * A target is going to be walked: what comes of all its containers together is counted anew. in_order: its contents come one after the other, the same way each time
 * (and so do those of a stage that was never told); otherwise from several threads, and those of which much comes wait for container_stage_take_postponed().
 */
void container_stage_begin_target(struct container_stage *stage, bool in_order);

/* No thread walks at the moment: look into the contents that wait. */
void container_stage_take_postponed(struct container_stage *stage);

/* A target is walked to its end: contents that wait are looked into, those that were left half-way are let go of. */
void container_stage_end_target(struct container_stage *stage);

#endif
