/*
 * Messages for people, on stderr, each on one line: "staunch: …". Findings never go here, and no secret ever does.
 * Messages quote arguments and file names from strangers: what looks like a credential is shortened (base/mask.h), and
 * bytes that could steer a terminal are made visible.
 */
#ifndef STAUNCH_BASE_LOG_H
#define STAUNCH_BASE_LOG_H

enum log_level {
	LOG_QUIET = -1,  /* errors only */
	LOG_NORMAL = 0,  /* errors and warnings */
	LOG_VERBOSE = 1, /* and what is being done */
};

/* Set once, before threads start. */
void log_set_level(enum log_level level);

/* Something failed or will not be done. Always shown. Any thread. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something to know, or what to do next. Not shown with --quiet. Any thread. */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What is being done. Shown with --verbose. Any thread. */
void log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
