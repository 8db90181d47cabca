/*
 * When to try again: numbers only, no clock and no network.
 *
 * Times are milliseconds of CLOCK_MONOTONIC where nothing else is said.
 */
#ifndef STAUNCH_REVOKE_RETRY_H
#define STAUNCH_REVOKE_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RETRY_BASE_MS 500  /* the longest wait before the second attempt; doubled for each one after it */
#define RETRY_CAP_MS 30000 /* and never longer than this */

/* The longest wait that Retry-After is understood to ask for; a larger number counts as this one. */
#define RETRY_AFTER_SECONDS_MAX 31536000

/*
 * Read a Retry-After header's value (RFC 9110, 10.2.3): seconds, or a date in any of HTTP's three forms, of which
 * now (seconds since the epoch) is subtracted; a date gone by is 0. Returns false, with *seconds untouched, when
 * it is neither.
 */
bool retry_after_parse(const char *value, int64_t now, int64_t *seconds);

/* Whether an answer with this HTTP status is worth another try (design section 5). */
bool retry_status(unsigned status);

/*
 * How long to wait before the attempt after attempt number `attempts` (1 for the first): exponential with full
 * jitter, that is, evenly spread between 0 and base_ms doubled with each attempt. random is any number, all 64
 * bits of it random.
 */
int64_t retry_delay_ms(unsigned attempts, int64_t base_ms, uint64_t random);

/*
 * How long revoker_send() may take in all for count credentials, but for what limits of rules add: every attempt of one of
 * them running into its timeout (a day at most), two minutes for waiting in between, and a tenth of a second for each
 * credential, which is what a healthy provider needs at most.
 */
int64_t retry_total_ms(unsigned timeout_seconds, unsigned retries, size_t count);
#define RETRY_ATTEMPTS_SECONDS_MAX 86400
#define RETRY_EACH_MS 100

/*
 * How often a provider is asked about a credential that still lives, or that it says nothing of: after the n-th time
 * there is a pause of RETRY_BASE_MS doubled n times, 7 s in all.
 */
#define VERIFY_ASKS 4

/*
 * How much longer it may take when count of them are asked about afterwards: every question about one running into its
 * timeout, and a tenth of a second for each.
 */
int64_t retry_verify_ms(unsigned timeout_seconds, size_t count);

struct revoker;

/* Have a revoker wait from this base in place of RETRY_BASE_MS. For tests, which have no time to lose. */
void revoker_set_retry_base(struct revoker *revoker, int64_t base_ms);

#endif
