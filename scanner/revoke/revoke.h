/*
 * Telling a provider that a credential leaked: an HTTPS request per credential, or per batch of them where its rule
 * takes batches, retried where that makes sense; and asking afterwards whether it is dead, where that is wanted.
 *
 * This room lives in the broker process alone. libcurl is loaded by revoker_open(), so a run that finds nothing
 * does not pay for it. One struct revoker is used by one thread.
 */
#ifndef STAUNCH_REVOKE_REVOKE_H
#define STAUNCH_REVOKE_REVOKE_H

#include "base/buffer.h"
#include "base/error.h"
#include "finding.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct rule;
struct revoker;

/* Send the reports of the rule of this id to url instead of the rule's own. */
struct revoke_endpoint {
	const char *rule_id;
	const char *url;
};

/* Everything in it is borrowed for the revoker's life. */
struct revoke_options {
	const struct revoke_endpoint *endpoints; /* endpoint_count of them; of several for a rule the last holds */
	size_t endpoint_count;
	bool verify;                /* ask afterwards whether each credential is dead, which uses it */
	const struct revoke_endpoint *verify_endpoints; /* likewise, for that question */
	size_t verify_endpoint_count;
	const char *ca_file;        /* PEM, in place of the system's certificates; NULL: those */
	const char *reporter_email; /* NULL: not sent */
	const char *comment;        /* NULL: not sent */
	unsigned timeout_seconds;   /* of one attempt, 1 or more */
	unsigned retries;           /* attempts after the first */
	unsigned concurrency;       /* requests under way at once, 1 or more */
};

#define REVOKE_TIMEOUT_SECONDS_DEFAULT 30
#define REVOKE_RETRIES_DEFAULT 4

/*
 * 1,000 credentials at a provider that takes 50 ms for an answer are to be settled within 5 s (design section 9),
 * for which 10 at once would do if nothing else cost time. 16 leave room: 3.2 s. More would only meet rate limits
 * sooner.
 */
#define REVOKE_CONCURRENCY_DEFAULT 16

/*
 * Check an URL before anything is scanned: https with a host and no user name; plain http only to a loopback
 * address literal (127.0.0.0/8, [::1]) or "localhost". Returns 0, or ERROR_CONFIGURATION with a message that says
 * which part is wrong.
 */
int revoke_check_url(const char *url, struct error *error);

/*
 * Make a revoker; loads libcurl. Returns 0; ERROR_UNSUPPORTED when libcurl cannot be loaded, with what to install;
 * ERROR_IO when ca_file cannot be read.
 */
int revoker_open(struct revoker **revoker, const struct revoke_options *options, struct error *error);
void revoker_close(struct revoker *revoker); /* NULL is allowed */

/*
 * The endpoint to which a rule's reports go under these options: an URL, borrowed from the options or the rule. It
 * needs no open revoker. NULL when the rule has nobody to tell.
 */
const char *revoke_endpoint_of(const struct revoke_options *options, const struct rule *rule);

/* One request about one credential, alone or in a batch, once it has ended. */
struct revocation_attempt {
	int64_t started;             /* seconds since the epoch */
	int64_t duration_ms;
	enum revocation_state state; /* what it came to; PENDING: it failed, and may be tried again */
	unsigned http_status;        /* 0: no answer */
	const char *message;         /* borrowed; NULL: nothing to say; never the credential */
};

/* Called for each attempt, from within revoker_send(), before the credential's settled. */
typedef void revoke_attempted(void *context, struct finding *finding, const struct revocation_attempt *attempt);

/*
 * Called once for each finding, from within revoker_send(), in the order of findings: as soon as it and all before
 * it are settled or given up. What it sees is final.
 */
typedef void revoke_settled(void *context, struct finding *finding);

/* Called when it is known whether the credential is dead, or that this is not to be known, before its settled. */
typedef void revoke_verified(void *context, struct finding *finding);

struct revoke_events {
	revoke_attempted *attempted; /* NULL: nobody listens */
	revoke_verified *verified;   /* likewise */
	revoke_settled *settled;     /* likewise */
	void *context;
};

/*
 * Send each of findings (count of them, distinct credentials, borrowed for the call) and fill its revocation:
 * accepted, gone, rejected, or pending when every attempt failed or was not made; its message then says why. The
 * state of each is REVOCATION_PENDING beforehand, and its rule has somebody to tell. What was accepted or gone is
 * asked about with options.verify, where its rule says how: verified is then dead, alive or unknown (with a message).
 * One whose state is ACCEPTED or GONE beforehand is not sent, but only asked about.
 *
 * It returns after retry_total_ms(), with options.verify and retry_verify_ms() more, at the latest (retry.h: for one
 * credential (retries + 1) * timeout + 2 minutes), and what the limits of rules demand beside that, for as many requests
 * as there can be: no attempt and no wait that a provider asks for goes beyond that.
 * A credential of which nothing was sent has attempts 0 and no time.
 *
 * events may be NULL, and so may stop; that is read at least ten times a second, so a signal handler can set it. Once it is nonzero
 * nothing is started, and what is under way gets up to 2 seconds to finish.
 */
void revoker_send(struct revoker *revoker, struct finding **findings, size_t count,
		  const struct revoke_events *events, const atomic_int *stop);

/* Lines for --version --verbose: the libraries that this room uses (base/library.h); libcurl is loaded for it. */
void revoke_add_libraries(struct buffer *lines);

#endif
