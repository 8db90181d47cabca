#define _GNU_SOURCE
#include "scan/progress.h"

#include "base/buffer.h"
#include "base/mask.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A short scan shows nothing, and eyes follow no more than ten changes a second. */
#define FIRST_DRAW_MS 500
#define REDRAW_MS 100

double progress_seconds(const struct progress *progress)
{
	const struct timespec *start = &progress->target_started;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void draw(struct progress *progress)
{
	uint64_t done = atomic_load(&progress->counts.objects), total = atomic_load(&progress->counts.objects_total);
	uint64_t tracing = atomic_load(&progress->tracing);
	double bytes = (double)atomic_load(&progress->counts.bytes), seconds = progress_seconds(progress);
	const char *target = atomic_load(&progress->target);
	struct winsize window = { 0 };
	struct buffer line = BUFFER_INIT, masked = BUFFER_INIT, name = BUFFER_INIT;
	ssize_t ignored;

	if (seconds <= 0)
		seconds = 1e-9;
	if (tracing)
		buffer_add_format(&line, "tracing %llu hit%s: ", (unsigned long long)tracing, tracing == 1 ? "" : "s");
	else if (total)
		buffer_add_format(&line, "%3.0f %%  ", 100.0 * (double)(done < total ? done : total) / (double)total);
	buffer_add_format(&line, "%llu objects, %.1f GB", (unsigned long long)done, bytes / 1e9);
	if (!tracing)
		buffer_add_format(&line, ", %.0f MB/s", bytes / 1e6 / seconds);
	if (!tracing && total && done && done < total)
		buffer_add_format(&line, ", %.0f s left", seconds * (double)(total - done) / (double)done);
	buffer_add_format(&line, ", %u found  ", atomic_load(&progress->found));
	mask_add(&masked, target ? target : "");
	text_add_harmless(&name, masked.bytes);
	/* a line that wraps could not be wiped; the name is cut by bytes, which a terminal survives */
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) || !window.ws_col)
		window.ws_col = 80;
	if (line.length + name.length < window.ws_col)
		buffer_add(&line, name.bytes, name.length);
	if (line.length < window.ws_col) {
		ignored = write(STDERR_FILENO, "\r\033[K", 4);
		ignored = write(STDERR_FILENO, line.bytes, line.length);
		(void)ignored;
		progress->drawn = true;
	}
	buffer_release(&line);
	buffer_release(&masked);
	buffer_release(&name);
}

static void *run(void *context)
{
	struct progress *progress = context;
	struct timespec wake;
	long wait_ms = FIRST_DRAW_MS;

	clock_gettime(CLOCK_MONOTONIC, &wake);
	pthread_mutex_lock(&progress->lock);
	while (!progress->ended) {
		wake.tv_nsec += wait_ms * 1000000;
		wake.tv_sec += wake.tv_nsec / 1000000000;
		wake.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&progress->wake, &progress->lock, &wake);
		if (!progress->ended)
			draw(progress);
		wait_ms = REDRAW_MS;
	}
	pthread_mutex_unlock(&progress->lock);
	return NULL;
}

void progress_start(struct progress *progress, bool wanted)
{
	const char *terminal = getenv("TERM");
	pthread_condattr_t monotonic;

	memset(progress, 0, sizeof(*progress));
	clock_gettime(CLOCK_MONOTONIC, &progress->target_started);
	if (!wanted || !isatty(STDERR_FILENO) || (terminal && !strcmp(terminal, "dumb")))
		return;
	pthread_mutex_init(&progress->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&progress->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	progress->drawing = !pthread_create(&progress->thread, NULL, run, progress);
}

void progress_target(struct progress *progress, const char *path)
{
	if (progress->drawing)
		pthread_mutex_lock(&progress->lock);
	atomic_store(&progress->target, path);
	atomic_store(&progress->counts.objects, 0);
	atomic_store(&progress->counts.objects_total, 0);
	atomic_store(&progress->counts.bytes, 0);
	atomic_store(&progress->tracing, 0);
	clock_gettime(CLOCK_MONOTONIC, &progress->target_started);
	if (progress->drawing)
		pthread_mutex_unlock(&progress->lock);
}

void progress_trace(struct progress *progress, uint64_t hits)
{
	atomic_store(&progress->tracing, hits);
}

void progress_end(struct progress *progress)
{
	ssize_t ignored;

	if (!progress->drawing)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->ended = true;
	pthread_cond_signal(&progress->wake);
	pthread_mutex_unlock(&progress->lock);
	pthread_join(progress->thread, NULL);
	if (progress->drawn) {
		ignored = write(STDERR_FILENO, "\r\033[K", 4);
		(void)ignored;
	}
	pthread_cond_destroy(&progress->wake);
	pthread_mutex_destroy(&progress->lock);
	progress->drawing = false;
}
