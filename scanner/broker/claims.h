/*
 * What the ledger has to say in a run: which findings other runs have settled, which ones this run may send, and what
 * came of them. It turns findings into the ledger's keys, with everything that a report may show and nothing else.
 * Private to broker/. One thread.
 */
#ifndef STAUNCH_BROKER_CLAIMS_H
#define STAUNCH_BROKER_CLAIMS_H

#include "broker/broker.h"
#include "ledger/ledger.h"

#include <stdatomic.h>

enum claim_stage {
	CLAIM_OPEN = 0,  /* to be sent, as far as is known */
	CLAIM_TO_VERIFY, /* another run settled it, and the user wants to know whether it is dead: it is to be asked about */
	CLAIM_SETTLED,   /* nothing more happens to it in this run */
};

/* A finding that is to be revoked, by this run or another one. */
struct claim {
	struct finding *finding; /* borrowed */
	size_t number;           /* which of the result's findings it is */
	bool may_send;           /* this run may send it; if not, the ledger is asked all the same whether another one did */
	enum claim_stage stage;
	struct ledger_key key;   /* its texts are owned; made when the ledger is first asked */
	char *owner;             /* owned: who else has claimed it; NULL: nobody */
	bool ours;               /* claimed by this run and not settled or given back yet */
};

struct claims {
	const struct broker_options *options;
	const struct report_result *result;
	struct claim *items; /* owned: count of them, in report order */
	size_t count;
	char **target_paths; /* owned: the absolute path of each of the result's targets, or NULL */
	struct ledger *ledger; /* owned; NULL: none is open */
	enum ledger_mode mode; /* of the open one */
	bool kept;             /* what is ours is kept alive */
	bool failed;           /* the ledger could not record something that was sent or seen */
	atomic_int *stop;      /* borrowed */
	int stop_value;
};

/*
 * *stop becomes stop_value when claims that this run has are lost, or what it sends cannot be recorded: then it must stop.
 * Everything is borrowed until claims_release().
 */
void claims_init(struct claims *claims, const struct broker_options *options, const struct report_result *result,
		 atomic_int *stop, int stop_value);
void claims_release(struct claims *claims);

/* The finding with this number is to be revoked. Called in report order. */
void claims_add(struct claims *claims, size_t number, bool may_send);

/*
 * Settle what other runs have settled, unless the user wants it sent again and this run may. With --verify what was accepted or gone
 * is to be verified once more: that is no report, and needs no claim. mode LEDGER_READ leaves the ledger as it is, and
 * makes none. Returns 0, or why the ledger cannot be used.
 */
int claims_look_up(struct claims *claims, enum ledger_mode mode, struct error *error);

/*
 * Claim what is not settled and nobody has claimed: what is ours afterwards may be sent, and is kept until claims_release(). Without a ledger (--no-ledger) that is all. Returns 0, or
 * why nothing could be claimed.
 */
int claims_take(struct claims *claims, struct error *error);

/* As claims_take(), for what other runs have claimed: whether they have settled it, or died. *changed says whether anything did. */
int claims_take_over(struct claims *claims, bool *changed, struct error *error);

/* Record an attempt. Says so when it cannot, once, and sets failed. */
void claims_attempted(struct claims *claims, struct claim *claim, const struct revocation_attempt *attempt);

/* Record whether it is dead, as far as its finding says. Likewise. */
void claims_verified(struct claims *claims, struct claim *claim);

/* Nothing is sent any more: *stop is left alone from now on. */
void claims_end_sending(struct claims *claims);

/* Wait until all of it is recorded. Says so when it cannot be, and sets failed. */
void claims_flush(struct claims *claims);

/* Nothing more is tried in this run: what is ours and pending is given back. */
void claims_give_up(struct claims *claims, struct claim *claim);

/* Record as pending what was not sent at all, so that `ledger retry` finds it. Says so when it cannot. */
void claims_add_pending(struct claims *claims);

/* How many are of this stage. */
size_t claims_count(const struct claims *claims, enum claim_stage stage);

#endif
