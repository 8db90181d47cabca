/*
 * A finding as the ledger knows it: its key, with all that a report may show and nothing else, and where to look for it again. Private to
 * broker/. One thread.
 */
#ifndef STAUNCH_BROKER_CLAIM_KEY_H
#define STAUNCH_BROKER_CLAIM_KEY_H

#include "broker/claims.h"

/* The absolute paths of all targets, without links and dots, so that a repository has one name. Once, before the first key. */
void claims_find_targets(struct claims *claims);

/* Make the claim's key, unless it has one. */
void claim_make_key(struct claims *claims, struct claim *claim);
void claim_release_key(struct ledger_key *key);

#endif
