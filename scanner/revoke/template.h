/*
 * Texts of a rule with holes in them: {{secret}}, {{secrets}}, {{reporter_email?}} and {{comment?}} (design section 4).
 *
 * A text is compiled once per run: optional values are put in, escaped, and only the places of the secret are
 * kept. What was put in is never looked at again, so a comment that holds "{{secret}}" is sent as those ten
 * characters. Values that are not UTF-8 are made so.
 */
#ifndef STAUNCH_REVOKE_TEMPLATE_H
#define STAUNCH_REVOKE_TEMPLATE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

/* What the text becomes part of, which decides how values are escaped. */
enum template_kind {
	TEMPLATE_JSON,   /* the inside of a JSON string */
	TEMPLATE_FORM,   /* a form field's value, percent-encoded */
	TEMPLATE_URL,    /* an URL: its own characters stand as they are, values are percent-encoded */
	TEMPLATE_HEADER, /* a header line: nothing can be escaped, control characters are refused */
};

/* The values of the optional templates; NULL: not given. */
struct template_values {
	const char *reporter_email, *comment;
};

struct template_text {
	enum template_kind kind;
	struct buffer text;
	struct template_hole {
		size_t at; /* offset in text */
		bool list; /* all secrets go there, as a JSON list of strings; otherwise the only one, escaped */
	} *holes; /* owned: hole_count of them, ascending */
	size_t hole_count, hole_capacity;
};

/*
 * Append source to the text, escaped for its kind, with the optional values put in and holes for the secret.
 * Returns 0, or ERROR_CONFIGURATION for an unknown or unfinished template and for a value that this kind of text
 * cannot hold.
 */
int template_add(struct template_text *text, const char *source, const struct template_values *values,
		 struct error *error);

/* Append a hole for the list of all secrets. Only to a TEMPLATE_JSON, in the place of a value. */
void template_add_list(struct template_text *text);

/* Append text that is no template, escaped for the text's kind. */
void template_add_literal(struct template_text *text, const char *literal);

/* Append syntax of the text's kind: as it is, without templates. */
void template_add_syntax(struct template_text *text, const char *syntax);

/*
 * Whether source is nothing but one optional value that was not given: then the member that holds it is left out.
 */
bool template_left_out(const char *source, const struct template_values *values);

/*
 * Write the text with the secrets (count of them, 1 or more; 1 unless its holes are lists) in its holes to out, which
 * held nothing and gets its final size at once (buffer_wipe() it after use). Returns 0, or ERROR_UNSUPPORTED when this
 * kind of text cannot hold a secret.
 */
int template_render(const struct template_text *text, const struct secret *const *secrets, size_t count,
		    struct buffer *out, struct error *error);

void template_release(struct template_text *text);

#endif
