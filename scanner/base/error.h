/*
 * What went wrong in the world, described once where the facts are known and passed up unchanged.
 *
 * A function that can fail returns 0 or one of the negative codes below and fills the caller's struct error; on
 * success it leaves it alone. Mistakes of ours are assertions, mistakes of the user are usage messages (cli/).
 */
#ifndef STAUNCH_BASE_ERROR_H
#define STAUNCH_BASE_ERROR_H

enum error_code {
	ERROR_IO = -1,            /* the operating system refused: open, read, write, fork */
	ERROR_MALFORMED = -2,     /* data that breaks its own format */
	ERROR_CONFIGURATION = -3, /* a rule, an option or a setting that cannot be used */
	ERROR_LIMIT = -4,         /* a named ceiling was met */
	ERROR_UNSUPPORTED = -5,   /* a format or feature this build cannot read */
	ERROR_NOT_FOUND = -6,     /* the thing asked for does not exist */
	ERROR_NETWORK = -7,       /* no connection, or one that broke */
	ERROR_INTERRUPTED = -8,   /* a signal asked us to stop */
};

struct error {
	enum error_code code;
	char message[1024]; /* lower case, failure first, subject in single quotes, no full stop, never a secret */
};

/*
 * Fill *error (which may be NULL) and return code, so that a caller can write: return error_set(error, ERROR_IO, ...).
 * The message is cut at the buffer's end. Any thread; *error belongs to the caller.
 */
int error_set(struct error *error, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As error_set() with code ERROR_IO, and ": " plus the text of errno appended. errno is kept. */
int error_set_errno(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
