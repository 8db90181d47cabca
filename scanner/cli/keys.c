/*
 * keys list, create and delete.
 *
 * The access token comes from VERCEL_TOKEN alone. Nothing but a list or a new key goes to standard output.
 */
#define _GNU_SOURCE
#include "cli/keys.h"

#include "base/log.h"
#include "base/mask.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include "report/keys.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <unistd.h>

static atomic_int interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* Without SA_RESTART: a question that waits for its answer ends. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL); /* a closed pipe is a write error like others, */
	sigaction(SIGXFSZ, &action, NULL); /* and so is a file grown to its limit */
}

/* ---- what the commands share ---- */

bool keys_someone_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool keys_ask(const char *question)
{
	char answer[16] = "";

	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		fputc('\n', stderr);
	return !interrupted && (!strcasecmp(answer, "y\n") || !strcasecmp(answer, "yes\n"));
}

void keys_say(const struct keys_session *session, bool note, const char *before, const struct vercel_key *key)
{
	struct buffer line = BUFFER_INIT;

	if (note && session->options->quiet)
		return;
	buffer_add_format(&line, "staunch: %s", before);
	report_key_in_words(&line, key);
	buffer_add_char(&line, '\n');
	fwrite(line.bytes, 1, line.length, stderr);
	buffer_release(&line);
}

void keys_say_id(const struct keys_session *session, const char *before, const char *id)
{
	if (!session->options->quiet)
		fprintf(stderr, "staunch: %s %s\n", before, id);
}

void keys_say_next(const char *verb, const char *id)
{
	fprintf(stderr, "  staunch keys %s %s\n", verb, id);
}

enum exit_code keys_failed(const struct keys_session *session, const char *what, const char *id, const struct error *error)
{
	struct buffer line = BUFFER_INIT, masked = BUFFER_INIT;

	mask_add(&masked, error->message);
	buffer_add_format(&line, "staunch: cannot %s%s%s: ", what, id ? " " : "", id ? id : "");
	text_add_harmless(&line, masked.bytes);
	buffer_add_char(&line, '\n');
	fwrite(line.bytes, 1, line.length, stderr);
	buffer_release(&line);
	buffer_release(&masked);
	return *session->stop ? EXIT_INTERRUPTED : EXIT_INCOMPLETE;
}

/* ---- list ---- */

static enum exit_code list_keys(struct keys_session *session)
{
	const struct string_list *formats = &session->options->formats;
	const char *format = formats->count ? formats->items[formats->count - 1] : "human";
	struct vercel_key_list list;
	struct buffer out = BUFFER_INIT;
	struct error error;

	if (vercel_list(session->vercel, &list, &error))
		return keys_failed(session, "list the keys", NULL, &error);
	if (!strcmp(format, "json"))
		report_keys_json(&out, &list);
	else
		report_keys_human(&out, &list);
	fwrite(out.bytes, 1, out.length, stdout);
	buffer_release(&out);
	vercel_key_list_release(&list);
	return EXIT_CLEAN;
}

/* ---- create ---- */

/* Nobody knows whether a key was made. What to look for is what a person can do. */
static void tell_unknown(const struct vercel_key *wish)
{
	log_error("a key may have been made all the same, and it was not asked for again, lest there be two: staunch keys list shows whether "
		  "there is a new one%s%s%s, and staunch keys delete removes it", wish->name ? " called '" : "",
		  wish->name ? wish->name : "", wish->name ? "'" : "");
}

static enum exit_code create_wished(struct keys_session *session, const struct vercel_key *wish)
{
	struct secret *key;
	struct vercel_key created;
	struct error error;
	enum exit_code code = EXIT_CLEAN;
	bool unknown;

	if (vercel_create(session->vercel, wish, &key, &created, &unknown, &error)) {
		code = keys_failed(session, "create a key", NULL, &error);
		if (unknown)
			tell_unknown(wish);
		return code;
	}
	if (keys_hand_over(key, NULL, &error)) {
		log_error("the new key is lost: %s; the provider shows it only once. Delete it, and create another:", error.message);
		keys_say_next("delete", created.id);
		code = EXIT_INCOMPLETE;
	} else {
		keys_say(session, true, "created ", &created);
	}
	secret_free(key);
	vercel_key_release(&created);
	return code;
}

static enum exit_code create_key(struct keys_session *session)
{
	struct vercel_key wish = { 0 };
	enum exit_code code = EXIT_USAGE;
	struct error error;

	if (keys_wish_read(&wish, session->options, session->now_ms, &error) || keys_hand_over_check(NULL, &error)) {
		log_error("%s", error.message);
	} else if (session->options->dry_run) {
		log_note("dry run: a key%s%s%s would be created; nothing was sent", wish.name ? " called '" : "",
			 wish.name ? wish.name : "", wish.name ? "'" : "");
		code = EXIT_FOUND;
	} else {
		code = create_wished(session, &wish);
	}
	vercel_key_release(&wish);
	return code;
}

/* ---- delete ---- */

static bool given_before(const struct string_list *operands, size_t index)
{
	for (size_t i = 1; i < index; i++) {
		if (!strcmp(operands->items[i], operands->items[index]))
			return true;
	}
	return false;
}

static int check_ids(const struct string_list *operands, struct error *error)
{
	if (operands->count < 2)
		return error_set(error, ERROR_CONFIGURATION, "keys delete wants the ids of keys, as staunch keys list shows them");
	for (size_t i = 1; i < operands->count; i++) {
		if (!strncmp(operands->items[i], "vck_", 4))
			return error_set(error, ERROR_CONFIGURATION, "keys delete wants ids, and argument %zu is a key itself, which all arguments show in ps: "
					 "have it revoked with staunch revoke", i);
		if (!vercel_id_is_sound(operands->items[i]))
			return error_set(error, ERROR_CONFIGURATION, "'%s' is no id of a key: staunch keys list shows them", operands->items[i]);
	}
	return 0;
}

/* One key that there is, or (then false) is not. */
static bool show_one(struct keys_session *session, const char *id, enum exit_code *code)
{
	struct vercel_key key;
	struct error error;

	if (vercel_get(session->vercel, id, &key, &error)) {
		*code = keys_failed(session, "look at", id, &error);
		return false;
	}
	keys_say(session, false, "to be deleted: ", &key);
	vercel_key_release(&key);
	return true;
}

/* Show what is meant and ask, where there is somebody. Returns whether to go on. */
static bool confirm_delete(struct keys_session *session, enum exit_code *code)
{
	const struct string_list *ids = &session->options->operands;
	size_t shown = 0;

	if (session->options->yes && !session->options->dry_run)
		return true;
	for (size_t i = 1; i < ids->count && !*session->stop; i++)
		shown += !given_before(ids, i) && show_one(session, ids->items[i], code);
	if (!shown || *code == EXIT_INTERRUPTED)
		return false;
	if (session->options->dry_run) {
		log_note("dry run: nothing was deleted");
	} else if (keys_ask(shown == 1 ? "Delete this key, which stops working at once?" : "Delete these keys, which stop working at once?")) {
		return true;
	}
	if (*code == EXIT_CLEAN)
		*code = *session->stop ? EXIT_INTERRUPTED : EXIT_FOUND;
	return false;
}

static enum exit_code delete_keys(struct keys_session *session)
{
	const struct string_list *ids = &session->options->operands;
	enum exit_code code = EXIT_CLEAN;
	struct error error;

	if (!confirm_delete(session, &code))
		return code;
	for (size_t i = 1; i < ids->count; i++) {
		if (given_before(ids, i))
			continue;
		if (vercel_delete(session->vercel, ids->items[i], &error)) {
			code = keys_failed(session, "delete", ids->items[i], &error);
			if (code == EXIT_INTERRUPTED || error.code == ERROR_CONFIGURATION)
				break;
		} else {
			keys_say_id(session, "deleted", ids->items[i]);
		}
	}
	return code;
}

/* ---- the command line ---- */

enum verb { VERB_LIST, VERB_CREATE, VERB_DELETE, VERB_ROTATE, VERB_COUNT };

static const char *const verb_names[VERB_COUNT] = { "list", "create", "delete", "rotate" };

#define FOR(verb) (1u << (verb))

/* An option that the verb does not know is a mistake, not to be passed over. */
static int check_options(const struct options *options, enum verb verb, struct error *error)
{
	const struct {
		const char *name;
		bool given;
		unsigned verbs;
	} uses[] = {
		{ "name", options->name, FOR(VERB_CREATE) },
		{ "project", options->project, FOR(VERB_CREATE) },
		{ "budget", options->budget, FOR(VERB_CREATE) },
		{ "refresh", options->refresh, FOR(VERB_CREATE) },
		{ "include-byok", options->include_byok, FOR(VERB_CREATE) },
		{ "expires", options->expires, FOR(VERB_CREATE) | FOR(VERB_ROTATE) },
		{ "to-command", options->to_command, FOR(VERB_ROTATE) },
		{ "endpoint", options->endpoints.count, FOR(VERB_ROTATE) },
		{ "reporter-email", options->reporter_email, FOR(VERB_ROTATE) },
		{ "comment", options->comment, FOR(VERB_ROTATE) },
		{ "ledger", options->ledger, FOR(VERB_ROTATE) },
		{ "no-ledger", options->no_ledger, FOR(VERB_ROTATE) },
		{ "yes", options->yes, FOR(VERB_DELETE) | FOR(VERB_ROTATE) },
		{ "format", options->formats.count, FOR(VERB_LIST) },
	};

	for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		if (uses[i].given && !(uses[i].verbs & FOR(verb)))
			return error_set(error, ERROR_CONFIGURATION, "--%s means nothing to keys %s", uses[i].name, verb_names[verb]);
	}
	for (size_t i = 0; i < options->formats.count; i++) {
		if (i || (strcmp(options->formats.items[i], "human") && strcmp(options->formats.items[i], "json")))
			return error_set(error, ERROR_CONFIGURATION, "keys list wants one --format, human or json, and writes to standard output");
	}
	if (verb == VERB_DELETE)
		return check_ids(&options->operands, error);
	if (options->operands.count > 1)
		return error_set(error, ERROR_CONFIGURATION, "keys %s takes no arguments, and '%s' is one%s", verb_names[verb], options->operands.items[1],
				 verb == VERB_ROTATE ? ": the leaked key is read from standard input" : "");
	return 0;
}

static int find_verb(const struct options *options, enum verb *verb, struct error *error)
{
	for (int i = 0; i < VERB_COUNT; i++) {
		if (!strcmp(options->operands.items[0], verb_names[i])) {
			*verb = (enum verb)i;
			return check_options(options, *verb, error);
		}
	}
	return error_set(error, ERROR_CONFIGURATION, "keys wants one of list, create, delete and rotate, not '%s'", options->operands.items[0]);
}

/* The token, as a copy that stays out of dumps, owned by the caller. */
static int take_token(struct secret **token, struct error *error)
{
	const char *text = getenv("VERCEL_TOKEN");
	size_t length = text ? strlen(text) : 0;

	if (!length)
		return error_set(error, ERROR_CONFIGURATION, "keys wants an access token in the environment variable VERCEL_TOKEN: make one in your "
				 "Vercel account's settings, under Tokens (it is no option, because all arguments show in ps)");
	if (length > SECRET_SIZE_MAX)
		return error_set(error, ERROR_CONFIGURATION, "VERCEL_TOKEN is too long to be a token");
	*token = secret_new(text, length);
	return 0;
}

static int connect_vercel(struct keys_session *session, const struct secret *token, struct error *error)
{
	const struct options *options = session->options;
	const char *team = options->team ? options->team : getenv("VERCEL_TEAM_ID");
	const struct vercel_options vercel = { .url = options->api_url ? options->api_url : VERCEL_API_URL,
					       .token = token,
					       .team = team && *team ? team : NULL,
					       .ca_file = options->ca_file,
					       .timeout_seconds = options->timeout_seconds,
					       .retries = options->retries,
					       .stop = session->stop };
	struct error why;

	if (vercel_check_url(vercel.url, &why))
		return error_set(error, ERROR_CONFIGURATION, "--api-url: %s", why.message);
	if (vercel.team && !vercel_id_is_sound(vercel.team))
		return error_set(error, ERROR_CONFIGURATION, "%s is no id of a team (team_…)", options->team ? "--team" : "VERCEL_TEAM_ID");
	if (vercel_open(&session->vercel, &vercel, &why))
		return error_set(error, ERROR_CONFIGURATION, "cannot use VERCEL_TOKEN or the network: %s", why.message);
	return 0;
}

static void session_release(struct keys_session *session)
{
	command_broker_options_release(&session->broker);
	vercel_close(session->vercel);
}

enum exit_code command_keys(const struct options *options, const struct rule_set *rules)
{
	static enum exit_code (*const commands[VERB_COUNT])(struct keys_session *) = { list_keys, create_key, delete_keys, keys_rotate };
	struct keys_session session = { .options = options, .rules = rules, .stop = &interrupted };
	struct secret *token = NULL;
	enum exit_code code = EXIT_USAGE;
	struct timeval now;
	enum verb verb = VERB_LIST;
	struct error error;

	gettimeofday(&now, NULL);
	session.now_ms = (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
	catch_signals();
	if (find_verb(options, &verb, &error) || command_broker_options(options, rules, &session.broker, &error) ||
	    take_token(&token, &error) || connect_vercel(&session, token, &error))
		log_error("%s", error.message);
	else if ((verb == VERB_DELETE || verb == VERB_ROTATE) && !options->yes && !options->dry_run && !keys_someone_is_there())
		log_error("keys %s asks first, and nobody is there to answer: give --yes", verb_names[verb]);
	else
		code = commands[verb](&session);
	session_release(&session);
	secret_free(token);
	return code;
}
