/*
 * What becomes of each finding: which are sent, whether the user wants that, and what came of it. Private to broker/.
 */
#ifndef STAUNCH_BROKER_SETTLE_H
#define STAUNCH_BROKER_SETTLE_H

#include "broker/broker.h"

#include <stdatomic.h>

struct settlement {
	struct report_result *result; /* its findings are settled; dry_run is set when the user declines */
	/* Called for each finding, in report order, once nothing more happens to it in this run. */
	void (*tell)(void *context, const struct report_result *result, const struct finding *finding);
	void *context;
	size_t told;    /* findings told so far */
	bool found;     /* a finding at --min-confidence or above */
	bool unsettled; /* one that should have been revoked and is not */
};

/* Decide, ask where a person is there to answer, send, and tell. */
void settle(struct settlement *settlement, const struct broker_options *options, const atomic_int *stop);

#endif
