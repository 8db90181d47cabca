/*
 * The targets of a run, each by the sources that it takes, and what a repository has beside its history.
 */
#define _GNU_SOURCE
#include "scan/run.h"

#include "base/log.h"
#include "base/memory.h"
#include "git/repository.h"
#include "git/repository_others.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void take_trace(void *context, const struct place *place)
{
	struct scan *scan = context;
	struct channel_message message = { .type = CHANNEL_TRACE, .place = *place };

	message.place.target = scan->shared.target;
	message.place.allowed = allowed_path(&scan->allowed, place->path);
	if (channel_write(&scan->channel, &message))
		scan_stop = 1;
}

static void take_life(void *context, const struct source_life *life)
{
	struct scan *scan = context;
	struct channel_message message = {
		.type = CHANNEL_LIFE,
		.text = life->refs,
		.key = life->key,
		.first_seen = life->first_seen,
		.last_seen = life->last_seen,
		.removed = life->removed,
		.commits_total = life->commits_total,
		.refs_total = life->refs_total,
		.at_head = life->at_head,
	};

	channel_write(&scan->channel, &message);
}

/* ---- history ---- */

static int compare_hits(const void *a, const void *b)
{
	const struct source_hit *x = a, *y = b;
	int order = strcmp(x->object, y->object);

	return order ? order : (x->key > y->key) - (x->key < y->key);
}

/* Put what is to be traced in order, each once: a key that stands a thousand times in an object is one thing to trace. */
static void order_traced(struct scan_shared *shared)
{
	size_t kept = 0;

	if (shared->traced_count)
		qsort(shared->traced, shared->traced_count, sizeof(*shared->traced), compare_hits);
	for (size_t i = 0; i < shared->traced_count; i++) {
		if (!kept || compare_hits(&shared->traced[kept - 1], &shared->traced[i]) != 0)
			shared->traced[kept++] = shared->traced[i];
	}
	shared->traced_count = kept;
}

static int scan_history(struct scan *scan, struct repository *repository, const char *path, struct source_counts *counts,
			struct error *error)
{
	struct source_trace_events trace = { scan, take_trace, take_life };
	struct source_history *history = NULL;
	int result = source_history(scan->outer_events, repository, path, &history, counts, error);

	container_stage_take_postponed(scan->containers);
	log_verbose("walked the objects in %.2f s", progress_seconds(&scan->progress));
	order_traced(&scan->shared);
	progress_trace(&scan->progress, scan->shared.traced_count);
	if (!result)
		result = source_history_trace(history, scan->shared.traced, scan->shared.traced_count, &trace, error);
	log_verbose("traced %zu hits by %.2f s", scan->shared.traced_count, progress_seconds(&scan->progress));
	source_history_free(history);
	return result;
}

/* A repository_other: what is no linked working tree is git's own, or nothing. */
static void note_tree(void *context, const char *path, const char *complaint)
{
	if (!complaint)
		path_list_add(context, path);
}

/* History, and what git itself wrote down beside it. */
static int scan_all_of_git(struct scan *scan, struct repository *repository, const char *path, struct source_counts *counts,
			   struct error *error)
{
	const char *common = repository_common_folder(repository);
	struct path_list linked = { 0 };
	struct source_trees trees;
	struct error why;
	int result;

	if (common && path_list_has(&scan->whole, common))
		return 0; /* under another name, or from another of its working trees */
	result = scan_history(scan, repository, path, counts, error);
	if (common)
		repository_linked_trees(common, note_tree, &linked);
	trees = path_list_trees(&linked);
	if (!result && !scan_stop && source_git_folder(scan->outer_events, repository, path, &trees, &why) < 0)
		scan_tell_incomplete(scan, "unreadable-references", "", NULL, why.message);
	if (!result && common) {
		char *real = realpath(common, NULL);

		path_list_add(&scan->whole, real ? real : common);
		free(real);
	}
	path_list_release(&linked);
	return result;
}

/* ---- what belongs to a repository ---- */

/* Another target is met, or why it is not followed. */
static void meet(struct scan *scan, enum scan_target_kind kind, const char *path, const char *complaint)
{
	struct scan_target target = { .kind = kind, .exact = kind == SCAN_GIT, .is_met = true };

	for (size_t i = 0; i < scan->met_count; i++) {
		if (!strcmp(scan->met[i].path, path))
			return;
	}
	if (!complaint && scan->met_count >= SCAN_TARGETS_MET_MAX)
		complaint = "there are too many: name it on its own";
	if (complaint) {
		scan_tell_incomplete(scan, "unreadable-target", "", path, complaint);
		return;
	}
	path_list_add(&scan->apart, path);
	if (scan_options_ask(scan->options, kind, path))
		return;
	target.path = memory_copy_string(path);
	memory_grow(scan->met, scan->met_count, scan->met_capacity);
	scan->met[scan->met_count++] = target;
}

static void meet_repository(void *context, const char *path, const char *complaint)
{
	meet(context, SCAN_GIT, path, complaint);
}

static void meet_tree(void *context, const char *path, const char *complaint)
{
	meet(context, SCAN_FILES, path, complaint);
}

static void meet_others(struct scan *scan, const struct scan_target *target, const struct repository *repository)
{
	const struct repository_others submodules = { .visit = meet_repository, .with_indexes = true, .context = scan };
	const char *common = repository_common_folder(repository);

	if (!common) /* a bundle */
		return;
	if (!scan->options->no_submodules)
		repository_submodules(common, repository_work_path(repository), &submodules);
	if (target->with_trees && !strcmp(common, repository_git_folder(repository)))
		repository_linked_trees(common, meet_tree, scan);
}

static int scan_repository(struct scan *scan, const struct scan_target *target, bool is_bundle, struct source_counts *counts,
			   struct error *error)
{
	struct repository *repository = NULL;
	enum repository_search search = target->exact ? REPOSITORY_EXACT : REPOSITORY_UPWARD;
	int result;

	if (target->from_environment)
		search = REPOSITORY_FROM_ENVIRONMENT;
	if (target->is_met)
		search = REPOSITORY_BARE;
	if (is_bundle)
		result = repository_open_bundle(&repository, target->path, error);
	else
		result = repository_open(&repository, target->path, search, error);
	/* a git folder whose working tree is gone, as of a submodule that was removed */
	if (result == ERROR_NOT_FOUND && !is_bundle && !repository_open(&repository, target->path, REPOSITORY_BARE, NULL))
		result = 0;
	if (result == ERROR_NOT_FOUND && target->exact)
		return error_set(error, ERROR_MALFORMED, "'%s' has what a repository has, and is none that can be read",
				 target->path);
	if (result == ERROR_NOT_FOUND)
		return error_set(error, ERROR_NOT_FOUND, "'%s' is not a git repository (nor inside one): staunch dir scans files",
				 target->path);
	if (result)
		return result;
	allowed_load_repository(&scan->allowed, repository);
	if (target->kind == SCAN_GIT)
		meet_others(scan, target, repository);
	if (target->kind == SCAN_GIT || is_bundle)
		result = scan_all_of_git(scan, repository, target->path, counts, error);
	else if (target->kind == SCAN_STAGED)
		result = source_staged(scan->outer_events, repository, counts, error);
	else if (target->range)
		result = source_range(scan->outer_events, repository, target->range, counts, error);
	else
		result = source_commits(scan->outer_events, repository, target->choice, counts, error);
	if (target->if_missing && scan->missed && repository_is_shallow(repository))
		log_note("%s", target->if_missing);
	repository_close(repository);
	if (result == ERROR_NOT_FOUND && target->if_missing) {
		struct error why = *error;

		return error_set(error, ERROR_MALFORMED, "%s: %s", why.message, target->if_missing);
	}
	/* the repository is there: what it lacks is unread history, no mistake in the call */
	if (result == ERROR_NOT_FOUND)
		result = error->code = ERROR_MALFORMED;
	return result;
}

/* ---- targets ---- */

static const char *failure_word(const struct error *error)
{
	if (error->code == ERROR_UNSUPPORTED)
		return "unsupported-repository";
	return error->code == ERROR_NOT_FOUND ? "not-found" : "unreadable-target";
}

static unsigned files_choice(const struct scan_options *options)
{
	return (options->ignored ? SOURCE_FILES_IGNORED : 0) | (options->no_submodules ? 0 : SOURCE_FILES_SUBMODULES);
}

static int scan_files(const struct scan *scan, const char *path, struct source_counts *counts, struct error *error)
{
	const struct source_trees apart = path_list_trees(&scan->apart);

	if (path_list_has(&scan->whole, path))
		return 0; /* a bare repository: all its files were looked at, as what they are */
	return source_files(scan->outer_events, path, files_choice(scan->options), &apart, counts, error);
}

void scan_target(struct scan *scan, uint32_t number)
{
	static const char *const kind_words[] = { "git", "staged", "range", "dir", "stdin" };
	size_t asked = scan->options->target_count;
	struct scan_target copy = number < asked ? (struct scan_target){ 0 } : scan->met[number - asked]; /* the list may grow meanwhile */
	const struct scan_target *target = number < asked ? &scan->options->targets[number] : &copy;
	struct channel_message message = { .type = CHANNEL_TARGET,
					   .kind_word = kind_words[target->kind],
					   .text = target->path };
	struct source_counts counts = { 0 };
	struct error error;
	bool is_bundle;
	int result;

	allowed_clear(&scan->allowed);
	scan->shared.target = number;
	scan->shared.settles = target->kind == SCAN_STAGED || target->kind == SCAN_RANGE;
	scan->shared.traced_count = 0;
	scan->missed = 0;
	progress_target(&scan->progress, target->path);
	container_stage_begin_target(scan->containers, scan->shared.settles || target->kind == SCAN_STREAM);
	is_bundle = (target->kind == SCAN_FILES || target->kind == SCAN_GIT) && repository_is_bundle(target->path);
	if (is_bundle)
		message.kind_word = kind_words[SCAN_GIT];
	if (channel_write(&scan->channel, &message))
		return;
	if (target->kind == SCAN_FILES && !is_bundle)
		allowed_load_files(&scan->allowed, target->path);
	if (target->kind == SCAN_FILES && !is_bundle)
		result = scan_files(scan, target->path, &counts, &error);
	else if (target->kind == SCAN_STREAM)
		result = source_stream(scan->outer_events, STDIN_FILENO, target->path, &counts, &error);
	else
		result = scan_repository(scan, target, is_bundle, &counts, &error);
	container_stage_end_target(scan->containers);
	if (result && result != ERROR_INTERRUPTED)
		scan_tell_incomplete(scan, failure_word(&error), "", target->path, error.message);
	message = (struct channel_message){ .type = CHANNEL_TARGET_END,
					    .commits = counts.commits,
					    .objects = counts.objects,
					    .bytes = counts.bytes };
	channel_write(&scan->channel, &message);
}
