/*
 * Which request is sent next, and when: those that were never sent in their order, those to be sent again once
 * their time has come, none to a server that asked to be left alone for a while, and never more to one than its
 * rules allow, at a time and in a second.
 *
 * Requests are numbers here (jobs). The schedule knows no clock: the caller says what time it is, in
 * milliseconds.
 */
#ifndef STAUNCH_REVOKE_SCHEDULE_H
#define STAUNCH_REVOKE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule_server;

struct schedule {
	struct schedule_server *servers; /* owned: count of them */
	size_t count, capacity;
	size_t turn; /* the server that is asked first next time, so that none waits for all of another's jobs */
};

/* The number of the server of this name, which is made if it is new. */
size_t schedule_server(struct schedule *schedule, const char *name);

/*
 * Begin at most concurrent jobs of this server at once and per_second in a second; 0: as many as there are. When called
 * again, the stricter of each holds. A job counts as begun when it is taken, until schedule_end().
 */
void schedule_limit(struct schedule *schedule, size_t server, unsigned concurrent, double per_second);

/* How long each job takes at the pace of its server's limits, where an answer takes answer_ms; 0: there are none. */
int64_t schedule_job_ms(const struct schedule *schedule, size_t server, int64_t answer_ms);

/* A job that was never sent, behind all others of its server. */
void schedule_add(struct schedule *schedule, size_t server, size_t job);

/* A job to be sent again, at the time due or later. It goes before those that were never sent. */
void schedule_add_again(struct schedule *schedule, size_t server, size_t job, int64_t due);

/* Start nothing on this server before until. The later of several times holds. */
void schedule_hold(struct schedule *schedule, size_t server, int64_t until);
int64_t schedule_held_until(const struct schedule *schedule, size_t server);

/* Take out a job that may start now, which counts as begun. False: there is none. */
bool schedule_take(struct schedule *schedule, int64_t now, size_t *job);

/* A job of this server has come to its end. */
void schedule_end(struct schedule *schedule, size_t server);

/*
 * Take out a job of any server that is held until the time given or later. False: there is none. With INT64_MIN:
 * any job.
 */
bool schedule_drop(struct schedule *schedule, int64_t held_until, size_t *job);

/*
 * The earliest time at which schedule_take() would find a job; INT64_MAX when none is waiting but for the end of another.
 */
int64_t schedule_next(const struct schedule *schedule);

void schedule_release(struct schedule *schedule);

#endif
