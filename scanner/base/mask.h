/*
 * Credentials that stand where nobody looks for one: in a branch or file name, in a mistyped argument, in a
 * provider's words. What looks like one is shortened before it is shown, whether or not it is a finding.
 *
 * A run is as many of the characters A-Z a-z 0-9 _ - as stand together. Shortened are:
 *
 *  1. a known literal (mask_set_literals()) and the 20 or more characters of its run behind it:
 *     the literal, 4 characters, "…", the last 4 ("vck_2Ykm…zP2K", as report_shorten() does it)
 *  2. a run, or what stands of it before such a literal, of 30 or more characters, with at least 2 digits, 2 upper-case
 *     and 2 lower-case letters: 8 characters, "…", the last 4
 *  3. a known literal in hexadecimal digits and the 40 or more characters of its run behind it, as the first kind
 *  4. 20 or more such characters each of which is escaped as %76: three of them, "…", the last 4 characters
 *
 * Object ids, UUIDs and digests in hexadecimal have letters of one case only and stay, as do names in words. The
 * other side of it: a random key without a known literal escapes when it happens to hold fewer than 2 digits. That
 * is one of 29 with 30 characters, one of 200 with 43, one of 1,600 with 56 (of A-Z a-z 0-9, each as likely).
 */
#ifndef STAUNCH_BASE_MASK_H
#define STAUNCH_BASE_MASK_H

#include "base/buffer.h"

#include <stddef.h>

/*
 * The texts that credentials begin with, count of them; borrowed until the next call, NULL and 0 for none. Set
 * before threads start. Until then only the second and the fourth kind are shortened.
 */
void mask_set_literals(const char *const *literals, size_t count);

/* Add text to buffer, with everything in it that looks like a credential shortened. Any thread. */
void mask_add(struct buffer *buffer, const char *text);

#endif
