/*
 * Rules: what a credential looks like and how its provider is told that it leaked.
 *
 * A rule file (rules/NAME.json, format in rules/README.md) describes one provider. Rules belong to whoever runs staunch, never to
 * the repository being scanned, because a rule says where secrets are sent. Once loaded, a rule set is read-only and may
 * be read by any thread; the scan process and the broker each work from the same one.
 */
#ifndef STAUNCH_RULE_RULE_H
#define STAUNCH_RULE_RULE_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum checksum_algorithm {
	CHECKSUM_NONE = 0,
	CHECKSUM_CRC32_BASE62, /* CRC-32 (zlib's) in base 62, digits 0-9A-Za-z, padded with 0 on the left to the field's length */
};

/*
 * A request template. Its texts may hold {{secret}} and, for optional values, {{reporter_email?}} and {{comment?}}. In the body of a
 * batch, a string that is {{secrets}} and nothing else stands for the list of its credentials.
 */
struct rule_header {
	char *name, *value;
};

/* What a provider allows, or is polite to ask of one that does not say. 0: no limit of the rule's own. */
struct rule_limits {
	unsigned concurrent; /* requests under way at once */
	double per_second;   /* requests begun in a second */
};

enum rule_body { RULE_BODY_NONE = 0, RULE_BODY_JSON, RULE_BODY_FORM };

struct rule_request {
	char *method;                /* "POST" */
	char *url;                   /* https, fixed host; no template in scheme or host */
	struct rule_header *headers; /* header_count of them */
	size_t header_count;
	enum rule_body body_kind;
	char *body; /* the template as JSON text: an object; for a form its members are the fields. NULL for none */
	struct rule_limits limits; /* of the server that url names; when several rules share it, the strictest hold */
};

enum rule_revoke_kind {
	RULE_REVOKE_NONE = 0, /* found and reported, nobody to tell */
	RULE_REVOKE_REPORT,   /* the credential in the body, no authentication */
	RULE_REVOKE_SELF,     /* the credential authenticates its own revocation; only with --own-keys */
};

struct rule_status_list {
	unsigned *codes; /* HTTP status codes, count of them */
	size_t count;
};

/* Where the value of a member begins in its rule's file: line and column from 1, the column in bytes. Line 0: it is not there. */
struct rule_position {
	size_t line, column;
};

/* A text of a rule's own tests. In the file it is a string or a list of strings to join, so that no file holds a whole
 * credential; here it is joined. */
struct rule_example {
	char *text;
};

struct rule {
	uint32_t index; /* its place in the rule set: how the two processes name it to each other */
	char *id, *name;
	char *provider, *provider_name;
	char *file;     /* where it was read from, or "built-in:vercel.json" */
	bool enabled;   /* "default" in the file, then --enable and --disable */
	char **literals; /* literal_count texts of which every match holds at least one */
	size_t literal_count;
	char *pattern;       /* PCRE2 */
	char *loose_pattern; /* NULL when the rule has none */
	struct {
		enum checksum_algorithm algorithm;
		char *of, *equals; /* names of groups of pattern; NULL without a checksum */
	} checksum;
	double min_entropy; /* Shannon, bits per character, of the group "body" when there is one, else of the whole match; 0: not asked */
	enum rule_revoke_kind revoke_kind;
	struct rule_request revoke;
	unsigned batch;      /* the most credentials that one request takes; 1: it takes {{secret}}, more: {{secrets}} */
	bool submitted_only; /* "meaning": "submitted": whether an accepted report revokes anything is not documented */
	struct rule_status_list accepted, gone, retry; /* retry: worth another try, beside those that always are */
	char *accepted_json, *gone_json; /* JSON objects: what an answer with an accepted status must say, too; NULL: not looked at */
	struct rule_request verify; /* url NULL: the rule cannot ask. It has no body */
	struct rule_status_list dead, alive;
	struct rule_example *match, *no_match;
	size_t match_count, no_match_count;
	struct {
		struct rule_position pattern, loose_pattern, literals, checksum;
	} at; /* for rule_locate() */
};

struct rule_set {
	struct rule *rules; /* count of them, in the order they were read; the built-in ones first */
	size_t count;
};

/*
 * Load the built-in rules (the files of rules/ as they were when this program was built), then each of paths (path_count files, or
 * folders whose *.json are read in the order of their names). A rule whose id is already known replaces that rule.
 *
 * Everything is checked: JSON syntax, unknown and missing members, types, patterns' required parts, urls. The message of an
 * error is "FILE:LINE:COLUMN: what is wrong". Returns 0, or ERROR_CONFIGURATION or ERROR_IO; then *set is empty.
 * Regular expressions are compiled by match/, which has PCRE2; rule_locate() places its errors.
 */
int rule_set_load(struct rule_set *set, char *const *paths, size_t path_count, struct error *error);

/*
 * The same, but for built-in files whose rules are all off: those are read only when one of names (name_count rule ids or
 * providers) is in them. What nobody asked for costs nothing at start.
 */
int rule_set_load_for(struct rule_set *set, char *const *paths, size_t path_count, const char *const *names,
		      size_t name_count, struct error *error);
void rule_set_release(struct rule_set *set);

/* Enable or disable every rule whose id or provider is name. Returns the number of rules meant; 0: no such rule. */
size_t rule_set_enable(struct rule_set *set, const char *name, bool enabled);

/* The rule of this id, or NULL. Borrowed from the set. */
const struct rule *rule_set_find(const struct rule_set *set, const char *id);

/*
 * "FILE:LINE:COLUMN" of a member of a rule in its file ("pattern", "loose_pattern", "literals", "checksum"), for messages about
 * what other rooms find wrong with it. The caller frees the text. Falls back to FILE alone.
 */
char *rule_locate(const struct rule *rule, const char *member);

/* Whether a list of status codes has this one. */
bool rule_status_listed(const struct rule_status_list *list, unsigned status);

/* Whether checksum (length digits) is the algorithm's value for the text. */
bool checksum_holds(enum checksum_algorithm algorithm, const char *text, size_t text_length, const char *checksum,
		    size_t checksum_length);

/* Write the checksum of text as length digits to digits (no NUL). For making keys in tests and for checking. */
void checksum_write(enum checksum_algorithm algorithm, const char *text, size_t text_length, char *digits, size_t length);

/* One file compiled into the program. */
struct rule_embedded {
	const char *name; /* "vercel.json" */
	const char *text; /* length bytes and a NUL */
	size_t length;
};
extern const struct rule_embedded rule_embedded_files[]; /* generated by the Makefile from rules/; ends with a NULL name */

/* Lines for --version --verbose: the libraries that this room uses (base/library.h). */
void rule_add_libraries(struct buffer *lines);

#endif
