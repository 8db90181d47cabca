#include "revoke/schedule.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * As far as a server's pace may lag behind and be caught up on: what a busy machine or a coarse timer makes late is not
 * lost. Within any second at most this much more than per_second begin.
 */
#define CATCH_UP_US 20000

struct again {
	int64_t due;
	size_t job;
};

struct schedule_server {
	char *name;         /* owned */
	int64_t held_until; /* INT64_MIN: never held */
	unsigned concurrent, begun; /* at most so many begun at once; 0: no limit */
	int64_t interval_us, next_us; /* between two beginnings, and when the next one may be; interval 0: no limit */
	size_t *fresh;      /* owned: jobs never sent are fresh[fresh_taken] to fresh[fresh_count - 1] */
	size_t fresh_taken, fresh_count, fresh_capacity;
	struct again *again; /* owned: a heap, the earliest on top */
	size_t again_count, again_capacity;
};

size_t schedule_server(struct schedule *schedule, const char *name)
{
	for (size_t i = 0; i < schedule->count; i++) {
		if (strcmp(schedule->servers[i].name, name) == 0)
			return i;
	}
	memory_grow(schedule->servers, schedule->count, schedule->capacity);
	schedule->servers[schedule->count] =
		(struct schedule_server){ .name = memory_copy_string(name), .held_until = INT64_MIN };
	return schedule->count++;
}

void schedule_limit(struct schedule *schedule, size_t number, unsigned concurrent, double per_second)
{
	struct schedule_server *server = &schedule->servers[number];
	int64_t interval_us = per_second > 0 ? (int64_t)(1000000 / per_second) : 0;

	if (concurrent && (!server->concurrent || concurrent < server->concurrent))
		server->concurrent = concurrent;
	if (interval_us > server->interval_us)
		server->interval_us = interval_us;
}

int64_t schedule_job_ms(const struct schedule *schedule, size_t number, int64_t answer_ms)
{
	const struct schedule_server *server = &schedule->servers[number];
	int64_t apart_ms = (server->interval_us + 999) / 1000;
	int64_t turn_ms = server->concurrent ? answer_ms / server->concurrent : 0;

	return apart_ms > turn_ms ? apart_ms : turn_ms;
}

void schedule_add(struct schedule *schedule, size_t number, size_t job)
{
	struct schedule_server *server = &schedule->servers[number];

	memory_grow(server->fresh, server->fresh_count, server->fresh_capacity);
	server->fresh[server->fresh_count++] = job;
}

/* Jobs due at the same time go in their order, so that the same answers give the same requests. */
static bool goes_before(const struct again *a, const struct again *b)
{
	return a->due != b->due ? a->due < b->due : a->job < b->job;
}

void schedule_add_again(struct schedule *schedule, size_t number, size_t job, int64_t due)
{
	struct schedule_server *server = &schedule->servers[number];
	struct again added = { due, job };
	size_t at;

	memory_grow(server->again, server->again_count, server->again_capacity);
	at = server->again_count++;
	while (at > 0 && goes_before(&added, &server->again[(at - 1) / 2])) {
		server->again[at] = server->again[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	server->again[at] = added;
}

static size_t again_pop(struct schedule_server *server)
{
	size_t job = server->again[0].job;
	struct again last = server->again[--server->again_count];
	size_t at = 0;

	for (size_t child = 1; child < server->again_count; child = 2 * at + 1) {
		if (child + 1 < server->again_count &&
		    goes_before(&server->again[child + 1], &server->again[child]))
			child++;
		if (!goes_before(&server->again[child], &last))
			break;
		server->again[at] = server->again[child];
		at = child;
	}
	server->again[at] = last;
	return job;
}

void schedule_hold(struct schedule *schedule, size_t number, int64_t until)
{
	if (schedule->servers[number].held_until < until)
		schedule->servers[number].held_until = until;
}

int64_t schedule_held_until(const struct schedule *schedule, size_t number)
{
	return schedule->servers[number].held_until;
}

static bool has_fresh(const struct schedule_server *server)
{
	return server->fresh_taken < server->fresh_count;
}

static bool is_full(const struct schedule_server *server)
{
	return server->concurrent && server->begun >= server->concurrent;
}

/* The first whole millisecond at which its pace allows another one. */
static int64_t paced_until(const struct schedule_server *server)
{
	return server->interval_us ? (server->next_us + 999) / 1000 : INT64_MIN;
}

static void begin(struct schedule_server *server, int64_t now)
{
	int64_t now_us = now * 1000;

	server->begun++;
	if (server->next_us < now_us - CATCH_UP_US)
		server->next_us = now_us - CATCH_UP_US;
	server->next_us += server->interval_us;
}

void schedule_end(struct schedule *schedule, size_t number)
{
	assert(schedule->servers[number].begun > 0);
	schedule->servers[number].begun--;
}

bool schedule_take(struct schedule *schedule, int64_t now, size_t *job)
{
	for (size_t i = 0; i < schedule->count; i++) {
		size_t number = (schedule->turn + i) % schedule->count;
		struct schedule_server *server = &schedule->servers[number];

		if (server->held_until > now || is_full(server) || paced_until(server) > now)
			continue;
		if (server->again_count && server->again[0].due <= now)
			*job = again_pop(server);
		else if (has_fresh(server))
			*job = server->fresh[server->fresh_taken++];
		else
			continue;
		begin(server, now);
		schedule->turn = number + 1;
		return true;
	}
	return false;
}

bool schedule_drop(struct schedule *schedule, int64_t held_until, size_t *job)
{
	for (size_t i = 0; i < schedule->count; i++) {
		struct schedule_server *server = &schedule->servers[i];

		if (server->held_until < held_until)
			continue;
		if (server->again_count)
			*job = again_pop(server);
		else if (has_fresh(server))
			*job = server->fresh[server->fresh_taken++];
		else
			continue;
		return true;
	}
	return false;
}

int64_t schedule_next(const struct schedule *schedule)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < schedule->count; i++) {
		const struct schedule_server *server = &schedule->servers[i];
		int64_t ready = INT64_MAX;

		if (is_full(server))
			continue;
		if (has_fresh(server))
			ready = INT64_MIN;
		else if (server->again_count)
			ready = server->again[0].due;
		if (ready < server->held_until)
			ready = server->held_until;
		if (ready < paced_until(server))
			ready = paced_until(server);
		if (has_fresh(server) || server->again_count)
			next = ready < next ? ready : next;
	}
	return next;
}

void schedule_release(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->count; i++) {
		free(schedule->servers[i].name);
		free(schedule->servers[i].fresh);
		free(schedule->servers[i].again);
	}
	free(schedule->servers);
	*schedule = (struct schedule){ 0 };
}
