/*
 * The HTTP request that tells a provider of a credential, or of a batch of them, made from a rule's request template.
 */
#ifndef STAUNCH_REVOKE_REQUEST_H
#define STAUNCH_REVOKE_REQUEST_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "revoke/template.h"

#include <stdbool.h>
#include <stddef.h>

struct rule_request;
struct request_template;

/*
 * Compile a rule's request once for all its credentials. url, when not NULL, replaces the rule's own. Everything
 * is copied. Returns 0, or ERROR_CONFIGURATION.
 */
int request_compile(struct request_template **template, const struct rule_request *rule, const char *url,
		    const struct template_values *values, struct error *error);
void request_template_free(struct request_template *template); /* NULL is allowed */

/* Scheme, host and port in small letters: what requests to the same server share. Borrowed. */
const char *request_server(const struct request_template *template);

/* One request. It holds the credential: request_wipe() it. */
struct request {
	const char *method; /* static */
	bool https, loopback;
	struct buffer url;
	struct buffer *headers; /* owned: header_count lines "Name: value" */
	size_t header_count;
	bool has_body;
	struct buffer body;
	bool discard_answer; /* only the status of its answer is kept: the body may tell what is nobody's business */
};

/*
 * Make the request for one credential, or for a batch (count of them, 1 or more; 1 unless the rule takes
 * {{secrets}}). Returns 0, or ERROR_UNSUPPORTED when a credential cannot be written in it; then *request is empty.
 */
int request_make(struct request *request, const struct request_template *template, const struct secret *secret,
		 struct error *error);
int request_make_batch(struct request *request, const struct request_template *template,
		       const struct secret *const *secrets, size_t count, struct error *error);

/* Overwrite and release what a request owns; it is empty afterwards. */
void request_wipe(struct request *request);

#endif
