/*
 * Looking for credentials in bytes: one pass of a multi-literal prefilter (Vectorscan), the rules' patterns (PCRE2, JIT)
 * on a window round each literal, then the verdict. It knows nothing of files or git.
 *
 * A struct match_program is compiled once and read-only from then on; each thread makes its own struct matcher from it.
 */
#ifndef STAUNCH_MATCH_MATCH_H
#define STAUNCH_MATCH_MATCH_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "finding.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rule_set;
struct rule;
struct match_program;
struct matcher;

/*
 * What a match may need to see around its literal, which in some forms is ten times as long as it is plainly. Content that comes in windows must
 * repeat MATCH_OVERLAP bytes of the one before in each, so that each literal has its whole surroundings in exactly one of them.
 */
#define MATCH_BEFORE 1024
#define MATCH_AFTER 12288
#define MATCH_OVERLAP (MATCH_BEFORE + MATCH_AFTER)

/*
 * Compile the enabled rules of set, which must outlive the program. A pattern that PCRE2 refuses, or one without a group that its
 * checksum names, is ERROR_CONFIGURATION with "FILE:LINE:COLUMN: …".
 */
int match_program_compile(struct match_program **program, const struct rule_set *set, struct error *error);

/* Forms, one in the other, that are looked into: unless match_program_add_forms() says otherwise none, and credentials are found that stand there plainly. */
#define MATCH_DEPTH_DEFAULT 2
#define MATCH_DEPTH_MAX 4

/*
 * Look for credentials in up to `depth` forms, too, one in the other: UTF-16, base64, hexadecimal, escaped for an URL, JSON, HTML or mail, in joined
 * strings. Call it before match_program_prepare(), once.
 */
void match_program_add_forms(struct match_program *program, unsigned depth);

/*
 * Load and compile what searches much quickly; without it a search finds the same, more slowly. little says that little is to be searched, for
 * which few literals are not worth that. Call it before the first matcher is made and while the process has one thread. ERROR_UNSUPPORTED
 * when the library is missing (the message names the package).
 */
int match_program_prepare(struct match_program *program, bool little, struct error *error);
void match_program_free(struct match_program *program); /* NULL is allowed */

/* A matcher for one thread, which owns it. */
struct matcher *matcher_new(const struct match_program *program);
void matcher_free(struct matcher *matcher); /* NULL is allowed */

/* A credential in the window that was searched: it, or what it was decoded from, is bytes[start] up to bytes[end]. */
struct match {
	const struct rule *rule;
	enum confidence confidence;
	size_t start, end;
	const char *secret; /* the credential itself, secret_size bytes; borrowed until the call returns */
	size_t secret_size;
	const char *encoding; /* forms it was decoded from, as in struct place; NULL: it stands there plainly. Borrowed likewise */
};

/* Called for each match, in order of its literal. */
typedef void match_found(void *context, const struct match *match);

/*
 * Search size bytes. first and last say whether the content begins and ends with this window; each further window of
 * the same content must overlap the one before it by MATCH_OVERLAP bytes and be given to the same matcher next.
 *
 * Returns 0, or ERROR_LIMIT when a pattern met PCRE2's limits somewhere: that place is not decided and the caller must count it as not scanned.
 * A pattern that meets them again and again is not tried any more on the rest of the content.
 */
int matcher_search(struct matcher *matcher, const void *bytes, size_t size, bool first, bool last, match_found *found,
		   void *context);

/* Whether the last matcher_search() met a literal of any rule at all, plainly or in some form, or could not tell. */
bool matcher_met_literal(const struct matcher *matcher);

/*
 * Whether a literal of any rule stands in size bytes, in whatever form (or it cannot be told): for bytes of which only that is asked. It disturbs no search that goes from window to
 * window.
 */
bool matcher_glance(struct matcher *matcher, const void *bytes, size_t size);

/*
 * What all that is looked for first is made of, the literals and what stands for them in some form: a bit in pairs (number first * 256 + second) for each two bytes
 * that follow each other in one of them. Returns the length of the longest, and that of the shortest in *shortest.
 */
size_t match_program_pairs(const struct match_program *program, uint64_t pairs[1024], size_t *shortest);

/*
 * The broker's second look: whether the bytes as a whole are a credential of this rule. Returns true and sets *confidence,
 * or false for anything else, also when a limit was met.
 */
bool matcher_confirm(struct matcher *matcher, const struct rule *rule, const void *bytes, size_t size,
		     enum confidence *confidence);

/* Whether the text is only a stand-in for a credential: xxxx, EXAMPLE, your_key, one character repeated, a run of the alphabet. */
bool match_is_placeholder(const char *text, size_t length);

/* Shannon entropy in bits per byte. */
double match_entropy(const char *text, size_t length);

/* Lines for --version --verbose: the libraries that this room uses (base/library.h); Vectorscan is loaded for it. */
void match_add_libraries(struct buffer *lines);

#endif
