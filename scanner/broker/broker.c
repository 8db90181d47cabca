#define _GNU_SOURCE
#include "broker/broker.h"

#include "base/log.h"
#include "base/memory.h"
#include "broker/allow.h"
#include "broker/collect.h"
#include "broker/credentials.h"
#include "broker/settle.h"
#include "match/match.h"
#include "report/reports.h"

#include <stdatomic.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- signals ---- */

static atomic_int interrupted;
static volatile pid_t scan_process; /* 0: none */

/* How long an interrupted scan process may take to tell what it has. */
#define STOP_SECONDS 5

/*
 * The scan process stops at the next chunk and tells what it has; reading its messages to the end is the way out. One that does not stop in time, or
 * when asked twice, is killed: what it told until then is kept.
 */
static void interrupt(int number)
{
	int saved = errno;

	if (scan_process > 0)
		kill(scan_process, number == SIGALRM || interrupted ? SIGKILL : SIGTERM);
	interrupted = 1;
	if (number != SIGALRM)
		alarm(STOP_SECONDS);
	errno = saved;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL); /* a closed pipe is a write error like others, */
	sigaction(SIGXFSZ, &action, NULL); /* and so is a file grown to its limit */
}

/* ---- the scan ---- */

static int listen_to_scan(struct collection *collection, int channel, struct error *error)
{
	struct channel_message message;
	struct channel_reader reader;
	int result;

	channel_reader_init(&reader, channel);
	for (;;) {
		result = channel_read(&reader, &message, error);
		if (result == ERROR_INTERRUPTED)
			continue;
		if (result != 1)
			break;
		result = collection_take(collection, &message, error);
		if (result)
			break;
	}
	channel_reader_release(&reader);
	return result;
}

/* Why the scan process ended, in words, into reason; "" when that was well. */
static void describe_end(char *reason, size_t size, const struct collection *collection, int status, const struct sandbox *sandbox)
{
	int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0, code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (signal_number == SIGXCPU && sandbox->cpu_seconds)
		snprintf(reason, size, "the scan process used up its %u seconds of processor time (--cpu-limit)", sandbox->cpu_seconds);
	else if (signal_number == SIGSYS)
		snprintf(reason, size, "the scan process was ended by signal %d (%s): it made a call that its sandbox forbids",
			 signal_number, strsignal(signal_number));
	else if (signal_number)
		snprintf(reason, size, "the scan process was ended by signal %d (%s)", signal_number, strsignal(signal_number));
	else if (code == SCAN_EXIT_OUT_OF_MEMORY && sandbox->memory_limit)
		snprintf(reason, size, "the scan process ran out of memory at its limit of %llu MB",
			 (unsigned long long)(sandbox->memory_limit / 1000000));
	else if (code == SCAN_EXIT_OUT_OF_MEMORY)
		snprintf(reason, size, "the scan process ran out of memory");
	else if (code || !collection->ended)
		snprintf(reason, size, "the scan process ended early");
	else
		*reason = '\0';
}

/* Say so when the scan process did not end well. */
static void check_end(struct collection *collection, int status, int listened, const struct sandbox *sandbox, const struct error *error)
{
	char detail[1200], reason[1100];

	if (listened < 0)
		snprintf(reason, sizeof(reason), "%s", error->message);
	else
		describe_end(reason, sizeof(reason), collection, status, sandbox);
	if (!*reason)
		return;
	snprintf(detail, sizeof(detail), "%s: what it had found until then is kept", reason);
	log_error("%s", detail);
	collection_add_incomplete(collection, "scan-process", detail);
}

static void begin_collection(struct collection *collection, const struct broker_options *options, const struct match_program *program)
{
	collection_init(collection, options->rules, program);
	collection->target_limit = options->target_count + SCAN_TARGETS_MET_MAX;
}

/* Run the scan process to its end. Returns 0 with *status as waitpid() gives it, or a negative code when it could not be started. */
static int run_scan_process(const struct scan_options *scanning, struct collection *collection, int *status, int *listened,
			    struct error *why, struct error *error)
{
	siginfo_t ignored;
	pid_t process;
	int channel;

	if (scan_start(scanning, &channel, &scan_process, error))
		return error->code;
	if (interrupted)
		kill(scan_process, SIGTERM); /* the signal came before there was anyone to tell */
	*listened = listen_to_scan(collection, channel, why);
	close(channel);
	if (*listened < 0)
		kill(scan_process, SIGKILL);
	/* wait without reaping, so that a handler never signals a number that is somebody else's by then */
	process = scan_process;
	while (waitid(P_PID, (id_t)process, &ignored, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	scan_process = 0;
	waitpid(process, status, 0);
	return 0;
}

static int scan(const struct broker_options *options, struct match_program *program, bool looks_little,
		const struct sandbox *sandbox, struct collection *collection, struct error *error)
{
	struct scan_options scanning = { .targets = options->targets,
					 .target_count = options->target_count,
					 .program = program,
					 .jobs = options->jobs,
					 .ignored = options->ignored,
					 .no_submodules = options->no_submodules,
					 .no_repo_config = options->no_repo_config,
					 .progress = options->progress,
					 .archive_depth = options->archive_depth,
					 .libraries_later = looks_little,
					 .sandbox = sandbox };
	struct error why = { 0 };
	int status = 0, listened = 0;
	int result = run_scan_process(&scanning, collection, &status, &listened, &why, error);

	if (!result && scanning.libraries_later && WIFEXITED(status) && WEXITSTATUS(status) == SCAN_EXIT_LACKS_LIBRARIES && !interrupted) {
		/* little rarely holds an archive, and is soon read again */
		collection_release(collection);
		begin_collection(collection, options, program);
		scanning.libraries_later = false;
		result = match_program_prepare(program, false, error);
		if (!result)
			result = run_scan_process(&scanning, collection, &status, &listened, &why, error);
	}
	alarm(0);
	if (!result)
		check_end(collection, status, listened, sandbox, &why);
	return result;
}

/* ---- the run ---- */

static void tell_reports(void *context, const struct report_result *result, const struct finding *finding)
{
	reports_settled(context, result, finding);
}

static enum exit_code exit_code_of(const struct broker_options *options, const struct collection *collection,
				   const struct settlement *settlement, bool reports_whole)
{
	bool scanned = collection->finding_count > 0;

	for (size_t i = 0; i < collection->target_count; i++)
		scanned |= collection->targets[i].objects > 0;
	if (interrupted || collection->interrupted)
		return EXIT_INTERRUPTED;
	if (collection->nothing_found_there && !scanned)
		return EXIT_USAGE;
	if (collection->incomplete_total || settlement->unsettled || !reports_whole)
		return EXIT_INCOMPLETE;
	return settlement->found && !options->exit_zero ? EXIT_FOUND : EXIT_CLEAN;
}

/* Drop what is not wanted, and say what is and was not found. */
static void keep_wanted(struct collection *collection, const struct broker_options *options)
{
	for (size_t i = 0; i < options->wanted_count; i++) {
		const struct broker_wanted *wanted = &options->wanted[i];

		if (!collection_mark(collection, wanted->rule, wanted->fingerprint)) {
			log_error("%s", wanted->missing);
			collection_add_incomplete(collection, "no-longer-found", wanted->missing);
		}
	}
	collection_keep_marked(collection);
}

/* Leave out what is allowed, and write the baseline where one is wanted: not after an interruption, which would make it forget keys. */
static uint64_t leave_out_allowed(const struct broker_options *options, struct collection *collection, struct baseline *baseline,
				  bool is_interrupted, bool *whole)
{
	struct baseline written = { 0 };
	uint64_t suppressed = allow_drop(collection, baseline, options->write_baseline ? &written : NULL);
	struct error error;

	if (options->write_baseline && is_interrupted) {
		log_error("the baseline '%s' is not written: the scan was interrupted", options->write_baseline);
	} else if (options->write_baseline) {
		baseline_merge(&written, baseline);
		*whole = !baseline_write(&written, options->write_baseline, &error);
		if (!*whole)
			log_error("%s", error.message);
	}
	baseline_release(&written);
	return suppressed;
}

static enum exit_code run(const struct broker_options *options, struct match_program *program, bool looks_little,
			  const struct sandbox *sandbox, struct reports *reports, struct baseline *baseline)
{
	struct report_result result = { .version = STAUNCH_VERSION,
					.started = time(NULL),
					.dry_run = options->dry_run,
					.sandbox = options->revoke_stdin ? NULL : sandbox,
					.verbose = options->verbose,
					.min_confidence = options->min_confidence,
					.hook = options->hook,
					.no_repo_config = options->no_repo_config };
	struct settlement settlement = { .result = &result, .tell = tell_reports, .context = reports };
	struct collection collection;
	enum exit_code code;
	struct error error;
	bool whole, baseline_whole = true;

	begin_collection(&collection, options, program);
	catch_signals();
	if (options->revoke_stdin) {
		credentials_read(&collection, &interrupted);
	} else if (scan(options, program, looks_little, sandbox, &collection, &error)) {
		log_error("%s", error.message);
		collection_add_incomplete(&collection, "scan-process", error.message);
	}
	collection_finish(&collection);
	result.interrupted = collection.interrupted || (interrupted && !collection.ended);
	result.suppressed = leave_out_allowed(options, &collection, baseline, result.interrupted, &baseline_whole);
	if (options->wanted) /* what is allowed by now is not found any more, and that is said */
		keep_wanted(&collection, options);
	result.targets = collection.targets;
	result.target_count = collection.target_count;
	result.findings = collection.findings;
	result.finding_count = collection.finding_count;
	result.incomplete = collection.incomplete;
	result.incomplete_count = collection.incomplete_count;
	result.incomplete_total = collection.incomplete_total;
	settle(&settlement, options, &interrupted);
	result.interrupted_later = interrupted && !result.interrupted;
	result.finished = time(NULL);
	whole = reports_finish(reports, &result) && baseline_whole;
	code = exit_code_of(options, &collection, &settlement, whole);
	collection_release(&collection);
	return code;
}

static void tell_nobody(void *context, const struct report_result *result, const struct finding *finding)
{
	(void)context, (void)result, (void)finding;
}

void broker_revoke(const struct broker_options *options, struct finding *finding, atomic_int *stop)
{
	const struct target input = { .kind = "stdin", .path = (char *)"(standard input)" };
	struct report_result result = { .version = STAUNCH_VERSION,
					.started = time(NULL),
					.targets = &input,
					.target_count = 1,
					.findings = &finding,
					.finding_count = 1,
					.min_confidence = options->min_confidence };
	struct settlement settlement = { .result = &result, .tell = tell_nobody };
	struct broker_options unasked = *options;

	unasked.yes = true;
	settle(&settlement, &unasked, stop);
}

/* Say once what is missing, and go on, unless that is not wanted. */
static int prepare_sandbox(struct sandbox *sandbox, const struct broker_options *options, struct error *error)
{
	if (options->revoke_stdin) /* no scan process */
		return 0;
	if (sandbox_prepare(sandbox, options->sandbox, options->cpu_limit_seconds, options->jobs, error))
		return error->code;
	if (options->sandbox == SANDBOX_AUTO && !sandbox_is_whole(sandbox))
		log_note("%s (--sandbox require refuses to scan like this)", sandbox_missing(sandbox));
	return 0;
}

static int prepare_search(struct match_program *program, const struct broker_options *options, bool looks_little, struct error *error)
{
	if (options->target_count && options->decode_depth)
		match_program_add_forms(program, options->decode_depth);
	return match_program_prepare(program, looks_little, error);
}

enum exit_code broker_run(const struct broker_options *options)
{
	static char hook[] = "hook";
	char *const hook_formats[] = { hook };
	bool as_hook = options->hook && !options->format_count;
	bool looks_little = scan_looks_little(options->targets, options->target_count);
	struct match_program *program = NULL;
	struct reports reports = { 0 };
	struct baseline baseline = { 0 };
	enum exit_code code = EXIT_USAGE;
	struct sandbox sandbox = { 0 };
	struct error error;

	if ((options->baseline && baseline_load(&baseline, options->baseline, &error)) ||
	    prepare_sandbox(&sandbox, options, &error) ||
	    match_program_compile(&program, options->rules, &error) ||
	    prepare_search(program, options, looks_little, &error) ||
	    reports_open(&reports, as_hook ? hook_formats : options->formats, as_hook ? 1 : options->format_count, options->color,
			 &error)) {
		log_error("%s", error.message);
		reports_finish(&reports, NULL);
	} else {
		code = run(options, program, looks_little, &sandbox, &reports, &baseline);
	}
	match_program_free(program);
	baseline_release(&baseline);
	return code;
}
