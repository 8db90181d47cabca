/*
 * keys rotate: a leaked key of the team's own dies, and a successor takes its place.
 *
 * The order is: find the listed key that the leaked one is, report the leaked one, see that it is gone, create the successor, hand it over.
 * The leaked key dies first although its users stand still until the successor arrives, because a stranger may be using it at this moment;
 * and because that it is gone from the list (or marked as leaked) is what proves that the listed key was the leaked one and not another with
 * the same last characters. A key that matches is never deleted by its id for that reason.
 *
 * What happened is on record (revoke/rotation.h) before each step with consequences, and a second run goes on from there:
 *
 *   ended before the report, or it was not taken      reported (again)
 *   reported, and not seen to be gone yet              looked at again, without another report
 *   gone, no successor asked for                       as if nothing had been in between
 *   a successor asked for, its id never learnt         its key was lost with it, so nobody can use it: on a terminal staunch offers to delete
 *                                                      what looks like it; else it stays, is named, and another one is made
 *   a successor made, not handed over                  deleted, and another one is made
 *   a successor that is in use all the same            it was handed over: nothing is left to do
 *   handed over                                        nothing is left to do
 *
 * Without a record (another machine, a lost folder) the list must tell: of a key that is marked as leaked, a successor is one with the same name
 * and project, made after that. One in use: nothing is left to do. One never used: a person decides; without a person nothing is done.
 */
#define _GNU_SOURCE
#include "cli/keys_rotate.h"

#include "base/log.h"
#include "base/memory.h"
#include "report/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- asking ---- */

static void show_plan(const struct rotate *rotate)
{
	const char *command = rotate->session->options->to_command;
	struct buffer text = BUFFER_INIT;

	buffer_add_string(&text, "\nTo be rotated:\n  ");
	report_shorten(&text, &rotate->finding);
	buffer_add_format(&text, "  %s  ", confidence_name(rotate->finding.confidence));
	report_key_in_words(&text, &rotate->rotation.old);
	buffer_add_string(&text, rotate->gone ? "\n  1. it is dead already" : rotate->rotation.reported
			  ? "\n  1. it was reported to Vercel and should be dead" : "\n  1. it is reported to Vercel and stops working, at once and for good");
	if (rotate->delete_leftover)
		buffer_add_format(&text, "\n     %s, which an earlier run made and could not hand over, is deleted", rotate->leftover->id);
	buffer_add_format(&text, "\n  2. a successor with the same name, project, budget and %s is created",
			  rotate->session->options->expires ? "the expiry of --expires" : "expiry");
	buffer_add_format(&text, "\n  3. the new key is given to %s\n", command ? "the command's standard input" : "standard output");
	fwrite(text.bytes, 1, text.length, stderr);
	buffer_release(&text);
}

/* About a key that looks like what an earlier run made, and that no record names. Returns whether to go on. */
static bool decide_leftover(struct rotate *rotate, enum exit_code *code)
{
	struct keys_session *session = rotate->session;
	bool recorded = rotate->rotation.begun;

	if (!rotate->leftover || rotate->delete_leftover)
		return true;
	keys_say(session, false, recorded ? "perhaps made in vain by an earlier run, and never used: " : "perhaps a successor already, never used so far: ",
		 rotate->leftover);
	if (!session->options->yes) {
		rotate->delete_leftover = keys_ask("Delete it?");
		return true;
	}
	if (recorded) {
		log_note("it stays; when nobody has it:");
		keys_say_next("delete", rotate->leftover->id);
		return true;
	}
	log_error("nothing was done: if an earlier rotation handed that key over, nothing is left to do; if not, delete it and rotate again:");
	keys_say_next("delete", rotate->leftover->id);
	*code = EXIT_INCOMPLETE;
	return false;
}

/* Whether to go on; else *code says why not. */
static bool consent(struct rotate *rotate, enum exit_code *code)
{
	const struct options *options = rotate->session->options;

	*code = EXIT_FOUND;
	if (options->dry_run || !options->yes)
		show_plan(rotate);
	if (options->dry_run) {
		log_note("dry run: nothing was reported, created or deleted");
		return false;
	}
	if (!options->yes && !keys_ask("Rotate this key now?")) {
		if (*rotate->session->stop)
			*code = EXIT_INTERRUPTED;
		return false;
	}
	return decide_leftover(rotate, code);
}

/* The successor is like the old key, but for an expiry that the options ask for. */
static int make_wish(struct rotate *rotate, struct error *error)
{
	const struct keys_session *session = rotate->session;
	struct vercel_key asked = { 0 };

	if (keys_wish_read(&asked, session->options, session->now_ms, error)) {
		vercel_key_release(&asked);
		return ERROR_CONFIGURATION;
	}
	vercel_key_copy(&rotate->wish, &rotate->rotation.old);
	if (asked.expires_at)
		rotate->wish.expires_at = asked.expires_at;
	vercel_key_release(&asked);
	if (rotate->wish.expires_at && rotate->wish.expires_at <= session->now_ms)
		return error_set(error, ERROR_CONFIGURATION, "the leaked key has expired, and its successor would be born so: say with --expires until when "
				 "that one is to live; nothing was sent");
	return 0;
}

/* ---- the steps ---- */

static int report_old(struct rotate *rotate, struct error *error)
{
	const struct revocation *revocation = &rotate->finding.revocation;

	keys_report_leaked(rotate->session, &rotate->finding);
	if (revocation->state != REVOCATION_ACCEPTED && revocation->state != REVOCATION_GONE)
		return error_set(error, ERROR_NETWORK, "the report is %s: %s; no successor was created, run it again once that is better",
				 revocation_state_name(revocation->state), revocation->message ? revocation->message : "no word why");
	log_note("reported to Vercel%s: %s (HTTP %u)", revocation->earlier ? " by another run" : "",
		 revocation_state_name(revocation->state), revocation->http_status);
	rotate->rotation.reported = true;
	return rotation_save(&rotate->rotation, error);
}

#define GONE_LOOKS 5
#define GONE_WAIT_MS 250 /* before the second look; doubled for each one after it: 3.75 s in all */

/* Wait until the provider shows the key as leaked, or no more. */
static int see_gone(struct rotate *rotate, struct error *error)
{
	struct keys_session *session = rotate->session;

	for (unsigned look = 0; look < GONE_LOOKS; look++) {
		struct timespec wait = { 0, 0 };
		struct vercel_key key;
		int code = vercel_get(session->vercel, rotate->rotation.old.id, &key, error);
		bool gone = code == ERROR_NOT_FOUND || (!code && key.leaked_at);

		if (!code)
			vercel_key_release(&key);
		if (gone)
			return 0;
		if (code)
			return code;
		wait.tv_sec = (GONE_WAIT_MS << look) / 1000;
		wait.tv_nsec = (GONE_WAIT_MS << look) % 1000 * 1000000L;
		if (look + 1 < GONE_LOOKS && !*session->stop)
			nanosleep(&wait, NULL);
	}
	keys_say_next("delete", rotate->rotation.old.id);
	return error_set(error, ERROR_LIMIT, "the provider took the report and does not show the key as leaked so far, so no successor was created: look again "
			 "later with the same command, or, when you are sure that it is this key, delete it as above and then rotate again");
}

static int remove_leftover(struct rotate *rotate, struct error *error)
{
	struct rotation *rotation = &rotate->rotation;
	int code;

	if (!rotate->delete_leftover)
		return 0;
	code = vercel_delete(rotate->session->vercel, rotate->leftover->id, error);
	if (code && code != ERROR_NOT_FOUND)
		return code;
	keys_say(rotate->session, true, "deleted what an earlier run had made: ", rotate->leftover);
	free(rotation->successor);
	rotation->successor = NULL;
	rotation->creating = false;
	return rotation_save(rotation, error);
}

static enum exit_code hand_over(struct rotate *rotate, const struct secret *key, const struct vercel_key *created)
{
	struct keys_session *session = rotate->session;
	struct error error;

	if (keys_hand_over(key, session->options->to_command, &error)) {
		log_error("the successor was created and could not be handed over: %s; run it again: it is deleted then, and another one made", error.message);
		keys_say(session, false, "not handed over: ", created);
		return EXIT_INCOMPLETE;
	}
	keys_say(session, true, "rotated: the successor is ", created);
	rotate->rotation.done = true;
	if (rotation_save(&rotate->rotation, &error)) {
		log_error("%s: do not rotate this key again", error.message);
		return EXIT_INCOMPLETE;
	}
	return EXIT_CLEAN;
}

static enum exit_code create_successor(struct rotate *rotate)
{
	struct keys_session *session = rotate->session;
	struct rotation *rotation = &rotate->rotation;
	struct vercel_key created;
	struct secret *key;
	enum exit_code code;
	struct error error;
	bool unknown;

	rotation->creating = true;
	if (rotation_save(rotation, &error))
		return keys_failed(session, "create the successor", NULL, &error);
	if (vercel_create(session->vercel, &rotate->wish, &key, &created, &unknown, &error)) {
		code = keys_failed(session, "create the successor", NULL, &error);
		if (unknown)
			log_error("one may have been made all the same; run it again: what looks like it is then found and named");
		else
			log_error("the leaked key is dead; run it again to go on from here");
		rotation->creating = unknown;
		if (!unknown && rotation_save(rotation, &error))
			log_error("%s", error.message);
		return code;
	}
	rotation->successor = memory_copy_string(created.id);
	if (rotation_save(rotation, &error))
		log_error("%s: going on, because the new key would be lost", error.message);
	code = hand_over(rotate, key, &created);
	secret_free(key);
	vercel_key_release(&created);
	return code;
}

/* Everything with consequences. */
static enum exit_code carry_out(struct rotate *rotate)
{
	struct keys_session *session = rotate->session;
	struct error error;

	if (rotation_save(&rotate->rotation, &error))
		return keys_failed(session, "rotate, and nothing was sent", NULL, &error);
	if (!rotate->gone && !rotate->rotation.reported && report_old(rotate, &error))
		return keys_failed(session, "have the key revoked", NULL, &error);
	if (!rotate->gone && see_gone(rotate, &error))
		return keys_failed(session, "see that the key is dead", NULL, &error);
	if (remove_leftover(rotate, &error))
		return keys_failed(session, "delete what an earlier run had made", NULL, &error);
	if (*session->stop) {
		log_error("interrupted: the leaked key is dead, its successor is not made; run it again to go on from here");
		return EXIT_INTERRUPTED;
	}
	return create_successor(rotate);
}

/* Nothing is left to do. */
static enum exit_code finish(struct rotate *rotate, const struct vercel_key *successor)
{
	struct rotation *rotation = &rotate->rotation;
	struct error error;

	keys_say(rotate->session, true, "rotated before: its successor is in use: ", successor);
	if (rotation->begun) { /* then it was the record that named the successor */
		rotation->done = true;
		if (rotation_save(rotation, &error))
			log_error("%s", error.message);
	}
	return EXIT_CLEAN;
}

static enum exit_code rotate_listed(struct rotate *rotate)
{
	struct keys_session *session = rotate->session;
	const struct vercel_key *successor;
	enum exit_code code;
	struct error error;

	if (vercel_list(session->vercel, &rotate->list, &error))
		return keys_failed(session, "list the keys, and nothing was sent", NULL, &error);
	if (rotate_find_old(rotate, &error)) {
		log_error("%s", error.message);
		return EXIT_INCOMPLETE;
	}
	successor = rotate_find_leftover(rotate);
	if (successor)
		return finish(rotate, successor);
	if (make_wish(rotate, &error)) {
		log_error("%s", error.message);
		return EXIT_USAGE;
	}
	return consent(rotate, &code) ? carry_out(rotate) : code;
}

enum exit_code keys_rotate(struct keys_session *session)
{
	struct rotate rotate = { .session = session, .rotation = { .lock = -1 } };
	enum exit_code code = EXIT_USAGE;
	struct error error;

	if (keys_hand_over_check(session->options->to_command, &error) || keys_read_leaked(session, &rotate.finding, &error)) {
		log_error("%s", error.message);
		if (*session->stop)
			code = EXIT_INTERRUPTED;
	} else if (rotation_open(&rotate.rotation, rotate.finding.fingerprint, &error)) {
		code = keys_failed(session, "rotate, and nothing was sent", NULL, &error);
	} else if (rotate.rotation.done) {
		keys_say_id(session, "rotated before, and nothing is left to do: its successor is", rotate.rotation.successor);
		code = EXIT_CLEAN;
	} else {
		code = rotate_listed(&rotate);
	}
	rotation_release(&rotate.rotation);
	vercel_key_list_release(&rotate.list);
	vercel_key_release(&rotate.wish);
	secret_free(rotate.finding.secret);
	free(rotate.finding.revocation.message);
	return code;
}
