/*
 * A settlement's claims on their way: sent, asked about, waited for where other runs have them, and told in report order. Private to
 * broker/. One thread.
 */
#ifndef STAUNCH_BROKER_SENDING_H
#define STAUNCH_BROKER_SENDING_H

#include "broker/claims.h"
#include "broker/settle.h"

struct revoker;

/* What is said of the finding, copied; NULL: nothing. */
void settlement_set_message(struct finding *finding, const char *message);

/* Tell all findings, in report order, up to the first one to which something may still happen. */
void settlement_tell(struct settlement *settlement);

/* All that is open becomes this, for this run. message may be NULL. */
void settlement_rest(struct settlement *settlement, enum revocation_state state, const char *message);

/* Send what is open and ours (CLAIM_OPEN), or ask about what is to be verified (CLAIM_TO_VERIFY), until *stop. */
void settlement_send(struct settlement *settlement, enum claim_stage stage, struct revoker *revoker, atomic_int *stop);

/* Wait for other runs to settle what they have claimed, and send what they leave behind. */
void settlement_wait_for_others(struct settlement *settlement, struct revoker *revoker, atomic_int *stop);

#endif
