/*
 * `keys`: the team's own AI Gateway keys, over the provider's API. Private to cli/.
 *
 * Exit codes: 0 done; 1 nothing done, because the answer was no or because of --dry-run where there was something to do; 2 a mistake that was
 * noticed before anything was sent; 3 something was not done that was asked for; 130 interrupted.
 */
#ifndef STAUNCH_CLI_KEYS_H
#define STAUNCH_CLI_KEYS_H

#include "base/secret.h"
#include "broker/broker.h"
#include "cli/options.h"
#include "revoke/vercel.h"
#include "rule/rule.h"

#include <stdatomic.h>

struct keys_session {
	const struct options *options;
	const struct rule_set *rules;
	struct vercel *vercel;      /* owned */
	struct broker_options broker; /* owned: how the leaked key is to be reported */
	atomic_int *stop;           /* set by a signal */
	int64_t now_ms;             /* when the command began, since the epoch */
};

/* keys_rotate.c */
enum exit_code keys_rotate(struct keys_session *session);

/*
 * keys_leaked.c: read one leaked key from standard input, unseen on a terminal, into *finding (whose secret the caller frees), and have
 * its rule confirm it. Returns 0 or ERROR_CONFIGURATION.
 */
int keys_read_leaked(const struct keys_session *session, struct finding *finding, struct error *error);

/*
 * Report it, as any other run does: once, whoever does it. What came of it is in finding->revocation. One that was rejected before
 * is reported again: that is why somebody tries again.
 */
void keys_report_leaked(struct keys_session *session, struct finding *finding);

/*
 * keys_hand_over.c: give a new key away, as one line, to standard output (command NULL) or to the standard input of `/bin/sh -c command`.
 *
 * Whether that can work is asked beforehand: the provider shows a key only once. Both return 0 or ERROR_IO; handing over fails when not
 * every byte was taken, when the command ended with another status than 0, and when it ended without reading the key.
 */
int keys_hand_over_check(const char *command, struct error *error);
int keys_hand_over(const struct secret *key, const char *command, struct error *error);

/* keys_wish.c: the new key that the options ask for, from *wish as it stands. Returns 0 or ERROR_CONFIGURATION. */
int keys_wish_read(struct vercel_key *wish, const struct options *options, int64_t now_ms, struct error *error);

/* keys.c: what the commands share. */

/* Whether there is a person to ask: standard input and standard error are a terminal. */
bool keys_someone_is_there(void);

/* Ask, on standard error. Anything but a clear yes is no. */
bool keys_ask(const char *question);

/*
 * One line on standard error: the text before and the key in words. Ids are shown whole, which log_error() does not promise. A note
 * is not shown with --quiet.
 */
void keys_say(const struct keys_session *session, bool note, const char *before, const struct vercel_key *key);

/* A note of a text and an id. */
void keys_say_id(const struct keys_session *session, const char *before, const char *id);

/* What to do next: "  staunch keys VERB ID". */
void keys_say_next(const char *verb, const char *id);

/* The exit code of a failed call, after saying what failed: "cannot WHAT ID: why". id may be NULL. */
enum exit_code keys_failed(const struct keys_session *session, const char *what, const char *id, const struct error *error);

#endif
