/*
 * The team's own keys as `staunch keys list` shows them: a table, or a JSON document of the schema "staunch-keys/1".
 *
 * Never a key: its last characters (partialKey) are all that the provider tells. Names come from whoever made the key and
 * are treated like every text from outside.
 */
#ifndef STAUNCH_REPORT_KEYS_H
#define STAUNCH_REPORT_KEYS_H

#include "base/buffer.h"

struct vercel_key;
struct vercel_key_list;

void report_keys_human(struct buffer *out, const struct vercel_key_list *list);
void report_keys_json(struct buffer *out, const struct vercel_key_list *list);

/* One key in a sentence: "key_x 'name' (…3qooPB, project prj_y, expires 2027-01-31, budget $50 monthly)". */
void report_key_in_words(struct buffer *out, const struct vercel_key *key);

#endif
