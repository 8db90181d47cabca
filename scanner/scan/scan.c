#define _GNU_SOURCE
#include "scan/run.h"

#include "base/log.h"
#include "base/memory.h"
#include "scan/needs.h"

#include <stdatomic.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

atomic_int scan_stop;
static atomic_bool lacks_libraries; /* what was met wants libraries that are not loaded: the scan is to be made again with them */

static void stop_on_signal(int number)
{
	(void)number;
	scan_stop = 1;
}

/* ---- what sources tell ---- */

/* With more than this for one worker, some 20 ms, loading what searches much quickly was worth it. */
#define LITTLE_BYTES ((uint64_t)16 << 20)

static void want_libraries(void *context)
{
	(void)context;
	lacks_libraries = true;
	scan_stop = 1;
}

static void check_little(struct scan *scan, unsigned worker)
{
	if (scan->options->libraries_later && scan->workers[worker].searched_bytes > LITTLE_BYTES)
		want_libraries(scan);
}

static enum chunk_result take_chunk(void *context, unsigned worker, const struct chunk *chunk)
{
	struct scan *scan = context;
	enum chunk_result result = scan_worker_search(&scan->workers[worker], chunk, scan->events.overlap);

	check_little(scan, worker);
	if (result == CHUNK_FOUND)
		atomic_store(&scan->progress.found, scan_shared_key_count(&scan->shared));
	return result;
}

static bool take_glance(void *context, unsigned worker, const void *bytes, size_t size)
{
	struct scan *scan = context;

	check_little(scan, worker);
	return scan_worker_glance(&scan->workers[worker], bytes, size);
}

static void take_unwrapped(void *context, unsigned worker, unsigned level, const uint64_t *seams, size_t seam_count)
{
	struct scan *scan = context;

	scan_worker_unwrapped(&scan->workers[worker], level, seams, seam_count);
}

static void take_settle(void *context, unsigned worker)
{
	struct scan *scan = context;

	scan_worker_settle(&scan->workers[worker]);
}

void scan_tell_incomplete(void *context, const char *what, const char *object, const char *path, const char *detail)
{
	struct scan *scan = context;
	struct channel_message message = {
		.type = CHANNEL_INCOMPLETE,
		.kind_word = what,
		.text = detail,
		.place = { .target = scan->shared.target, .path = (char *)path },
	};

	strcpy(message.place.object, object);
	scan->missed++;
	if (channel_write(&scan->channel, &message))
		scan_stop = 1; /* nobody listens any more */
}

static void list_seam_texts(struct delta_seam_texts *texts, const struct match_program *program)
{
	size_t shortest, longest = match_program_pairs(program, texts->pairs, &shortest);

	texts->are_long = shortest >= 3;
	texts->reach = longest ? longest - 1 : 0;
}

static int scan_all(const struct scan_options *options, int fd)
{
	struct channel_message message = { .type = CHANNEL_HELLO, .version = CHANNEL_VERSION };
	struct scan scan = { .options = options, .allowed = { .off = options->no_repo_config } };
	struct sandbox sandbox = *options->sandbox;
	struct sandbox_needs needs;
	struct error error;
	int failed;

	if (options->archive_depth && !options->libraries_later)
		container_prepare();
	scan_needs_init(&needs, options, fd);
	failed = sandbox_enter(&sandbox, &needs, &error);
	scan_needs_release(&needs);
	if (failed) {
		log_error("%s", error.message);
		return SCAN_EXIT_FAILED;
	}
	channel_writer_init(&scan.channel, fd);
	scan.shared.channel = &scan.channel;
	scan.shared.allowed = &scan.allowed;
	pthread_mutex_init(&scan.shared.lock, NULL);
	scan.workers = memory_allocate_zeroed(options->jobs, sizeof(*scan.workers));
	for (unsigned i = 0; i < options->jobs; i++)
		scan_worker_init(&scan.workers[i], &scan.shared, options->program);
	list_seam_texts(&scan.seam_texts, options->program);
	scan.events = (struct source_events){
		.context = &scan,
		.jobs = options->jobs,
		.overlap = MATCH_OVERLAP,
		.stop = &scan_stop,
		.progress = &scan.progress.counts,
		.chunk = take_chunk,
		.glance = take_glance,
		.seam_texts = scan.seam_texts.reach <= DELTA_REACH_MAX ? &scan.seam_texts : NULL,
		.settle = take_settle,
		.incomplete = scan_tell_incomplete,
		.unwrapped = take_unwrapped,
	};
	scan.containers = container_stage_new(&scan.events, options->archive_depth, options->libraries_later ? want_libraries : NULL);
	scan.outer_events = container_stage_events(scan.containers);
	channel_write(&scan.channel, &message);
	progress_start(&scan.progress, options->progress);
	for (size_t i = 0; i < options->target_count + scan.met_count && !scan_stop; i++)
		scan_target(&scan, (uint32_t)i);
	progress_end(&scan.progress);
	message = (struct channel_message){ .type = CHANNEL_END, .interrupted = scan_stop != 0 };
	if (!lacks_libraries)
		channel_write(&scan.channel, &message);
	container_stage_free(scan.containers);
	for (unsigned i = 0; i < options->jobs; i++)
		scan_worker_release(&scan.workers[i]);
	free(scan.workers);
	free(scan.shared.traced);
	for (size_t i = 0; i < scan.met_count; i++)
		free((char *)scan.met[i].path);
	free(scan.met);
	path_list_release(&scan.apart);
	path_list_release(&scan.whole);
	allowed_release(&scan.allowed);
	key_table_release(&scan.shared.keys);
	pthread_mutex_destroy(&scan.shared.lock);
	channel_writer_release(&scan.channel);
	return lacks_libraries ? SCAN_EXIT_LACKS_LIBRARIES : 0;
}

/* The child's life. */
static void be_scan_process(const struct scan_options *options, int fd, const sigset_t *unblocked)
{
	struct sigaction action = { .sa_handler = stop_on_signal, .sa_flags = SA_RESTART };

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* without the broker nobody hears what is found */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGALRM, &action, NULL); /* the broker's clock */
	sigprocmask(SIG_SETMASK, unblocked, NULL);
	exit(scan_all(options, fd));
}

int scan_start(const struct scan_options *options, int *channel, volatile pid_t *process, struct error *error)
{
	sigset_t signals, unblocked;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return error_set_errno(error, "cannot make a pipe to the scan process");
	fflush(NULL); /* nothing buffered may be written twice */
	/* a signal that comes now waits until each process has its own handler for it and the broker knows whom to tell */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &unblocked);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		be_scan_process(options, ends[1], &unblocked);
	}
	if (child > 0)
		*process = child;
	else
		error_set_errno(error, "cannot start the scan process");
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return ERROR_IO;
	}
	*channel = ends[0];
	return 0;
}
