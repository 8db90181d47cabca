/*
 * A credential in memory. It lives in pages that are kept out of core dumps and (as far as the limit for locked memory
 * allows) out of swap, it is overwritten when released, and only report/ may turn it into text, shortened.
 *
 * The bytes are reachable through secret_bytes() alone, so that every place that handles a whole credential can be
 * found by searching for that name.
 */
#ifndef STAUNCH_BASE_SECRET_H
#define STAUNCH_BASE_SECRET_H

#include "base/buffer.h"

#include <stddef.h>

struct secret;

/* The longest credential that is handled, in bytes; a match longer than this is not one. */
#define SECRET_SIZE_MAX 4096

/* Copy length bytes (1 to SECRET_SIZE_MAX) into a new secret, which the caller owns. Any thread. */
struct secret *secret_new(const void *bytes, size_t length);

/* Overwrite and release. NULL is allowed. Any thread. */
void secret_free(struct secret *secret);

/* The bytes, secret_length() of them with a NUL behind; borrowed until secret_free(). Never print or store them. */
const char *secret_bytes(const struct secret *secret);
size_t secret_length(const struct secret *secret);

/* Lower-case hexadecimal of the SHA-256 of the whole credential, which identifies it everywhere (design section 1). */
#define SECRET_FINGERPRINT_SIZE 65
void secret_fingerprint(const struct secret *secret, char hex[SECRET_FINGERPRINT_SIZE]);

/*
 * Keep this process's memory out of core dumps and away from debuggers of the same user. Called once at start, before
 * any input is read. A build with a sanitizer leaves the debugger part out: LeakSanitizer is one.
 */
void secret_protect_process(void);

/* Lines for --version --verbose: the libraries that this file uses (base/library.h). */
void secret_add_libraries(struct buffer *lines);

#endif
