/*
 * When each key came, when it went, and which branches and tags have it in their history. Private to git/.
 */
#ifndef STAUNCH_GIT_KEY_LIVES_H
#define STAUNCH_GIT_KEY_LIVES_H

#include "git/key_sets.h"
#include "git/trace.h"

/* Tell the life of each key of request's hits. commit_sets holds, by commit node, the set of keys that its tree holds. */
void key_lives_tell(const struct trace_request *request, struct key_sets *sets, const uint32_t *commit_sets,
		    const struct trace_events *events);

#endif
