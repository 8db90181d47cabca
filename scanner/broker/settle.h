/*
 * What becomes of each finding: which are sent, whether the user wants that, and what came of it. Private to broker/.
 */
#ifndef STAUNCH_BROKER_SETTLE_H
#define STAUNCH_BROKER_SETTLE_H

#include "broker/broker.h"

#include <stdatomic.h>

struct claims;

struct settlement {
	struct report_result *result; /* its findings are settled; dry_run is set when the user declines */
	/* Called for each finding, in report order, once nothing more happens to it in this run. */
	void (*tell)(void *context, const struct report_result *result, const struct finding *finding);
	void *context;
	struct claims *claims;    /* during settle() */
	size_t told, claims_told; /* findings told so far, and claims among them */
	bool found;     /* a finding at --min-confidence or above */
	bool unsettled; /* one that should have been revoked and is not */
};

/*
 * Decide, ask where a person is there to answer, claim, send, and tell. *stop is nonzero once a signal asked to stop; it is 0
 * again if nothing but the ledger made it SETTLE_STOPPED_BY_LEDGER meanwhile.
 */
void settle(struct settlement *settlement, const struct broker_options *options, atomic_int *stop);
#define SETTLE_STOPPED_BY_LEDGER 2

#endif
