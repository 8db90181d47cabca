/*
 * The members of a saved report's JSON, each taken as what it should be. The first one that is not ends the reading: it is said with where it stands, and
 * what is asked for after it is nothing. Private to report/.
 */
#ifndef STAUNCH_REPORT_SAVED_READER_H
#define STAUNCH_REPORT_SAVED_READER_H

#include "base/error.h"
#include "finding.h"
#include "report/saved.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct saved_reader {
	struct saved *saved;
	const char *file;
	const char *wrong; /* what is to be said of a file that is not as it should be */
	bool any_target;   /* places are of targets that are told elsewhere */
	char where[64]; /* "findings[3].places[0]." */
	bool failed;    /* and *error is set */
	struct error *error;
};

/* Say what is wrong with a member, unless something was wrong before. */
void saved_fail(struct saved_reader *reader, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A member of an object, or NULL. What is returned is borrowed from the tree, here and below. */
const cJSON *saved_member(const cJSON *object, const char *name);

/* An item that is a text: "" when it is required and is none, NULL when it is not there and need not be. */
const char *saved_text_of(struct saved_reader *reader, const cJSON *item, const char *name, bool required);

/* A member as such; a word of ours, which is short and has no control characters. */
const char *saved_take_text(struct saved_reader *reader, const cJSON *object, const char *name, bool required);
const char *saved_take_word(struct saved_reader *reader, const cJSON *object, const char *name);

/* A whole number up to most; 0 where there is none. */
uint64_t saved_take_number(struct saved_reader *reader, const cJSON *object, const char *name, bool required, uint64_t most);
#define ANY_NUMBER UINT64_MAX

bool saved_take_bool(struct saved_reader *reader, const cJSON *object, const char *name, bool required);

/* A list, or an object; NULL where there is none. */
const cJSON *saved_take_container(struct saved_reader *reader, const cJSON *object, const char *name, bool required, bool array);

/* A time as reports have it. Returns whether it is there. */
bool saved_take_time(struct saved_reader *reader, const cJSON *object, const char *name, bool required, int64_t *seconds);

/* Whether a text is length hexadecimal digits (0: 40 or 64); an object's id, of which id is left alone where there is none. */
bool saved_is_hex(const char *text, size_t length);
void saved_take_id(struct saved_reader *reader, const cJSON *object, const char *name, char id[OBJECT_ID_HEX_SIZE]);

/* Which of count words it is, by their names; 0 when it is none. */
unsigned saved_take_choice(struct saved_reader *reader, const cJSON *object, const char *name, unsigned count, const char *(*name_of)(unsigned));

#endif
