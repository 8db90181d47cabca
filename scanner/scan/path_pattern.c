#include "scan/path_pattern.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum step_kind {
	STEP_BYTE,      /* this byte */
	STEP_ONE,       /* "?": any byte but '/' */
	STEP_CLASS,     /* "[…]": one of these, never '/' */
	STEP_RUN,       /* "*": any number of bytes but '/' */
	STEP_FOLDERS,   /* "**" followed by '/': any number of whole folders */
	STEP_ANYTHING,  /* "/" followed by "**" at the end: one byte or more, of any kind */
};

struct pattern_step {
	enum step_kind kind;
	unsigned char byte;
	uint32_t bytes[8]; /* STEP_CLASS: a bit for each byte */
};

/* ---- compiling ---- */

static struct pattern_step *add_step(struct path_pattern *pattern, enum step_kind kind, char byte)
{
	struct pattern_step *step = &pattern->steps[pattern->step_count++];

	*step = (struct pattern_step){ .kind = kind, .byte = (unsigned char)byte };
	return step;
}

/* "[a-z]", "[!a]", "[]a]". Returns what is behind it, or NULL when it does not close, or has a class by name ("[:digit:]"). */
static const char *add_class(struct path_pattern *pattern, const char *at, const char *end)
{
	struct pattern_step *step = add_step(pattern, STEP_CLASS, 0);
	bool negated = false, first = true;

	at++;
	if (at < end && (*at == '!' || *at == '^')) {
		negated = true;
		at++;
	}
	for (; at < end && (first || *at != ']'); first = false) {
		unsigned char low, high;

		if (*at == '[' && at + 1 < end && at[1] == ':')
			return NULL;
		if (*at == '\\' && at + 1 < end)
			at++;
		low = high = (unsigned char)*at++;
		if (end - at >= 2 && *at == '-' && at[1] != ']') {
			at++;
			if (*at == '\\' && at + 1 < end)
				at++;
			high = (unsigned char)*at++;
		}
		for (unsigned byte = low; byte <= high; byte++)
			step->bytes[byte / 32] |= 1u << (byte % 32);
	}
	for (size_t i = 0; negated && i < 8; i++)
		step->bytes[i] = ~step->bytes[i];
	step->bytes['/' / 32] &= ~(1u << ('/' % 32));
	return at < end ? at + 1 : NULL;
}

/* A run of stars. Returns what is behind it. */
static const char *add_stars(struct path_pattern *pattern, const char *start, const char *at, const char *end)
{
	const char *behind = at;
	bool after_slash = at == start || at[-1] == '/';

	while (behind < end && *behind == '*')
		behind++;
	if (behind - at == 2 && after_slash && behind < end && *behind == '/') {
		add_step(pattern, STEP_FOLDERS, 0);
		return behind + 1;
	}
	if (behind - at == 2 && after_slash && behind == end && at > start) {
		add_step(pattern, STEP_ANYTHING, 0);
		return behind;
	}
	add_step(pattern, STEP_RUN, 0);
	return behind;
}

bool path_pattern_compile(struct path_pattern *pattern, const char *text, size_t length)
{
	const char *at = text, *end = text + length, *start;

	*pattern = (struct path_pattern){ 0 };
	if (at < end && *at == '!') {
		pattern->negated = true;
		at++;
	}
	if (end > at && end[-1] == '/') {
		pattern->folders_only = true;
		end--;
	}
	if (at >= end || end - at > PATH_PATTERN_MAX)
		return false;
	pattern->steps = memory_allocate_zeroed((size_t)(end - at) + 1, sizeof(*pattern->steps));
	if (!memchr(at, '/', (size_t)(end - at)))
		add_step(pattern, STEP_FOLDERS, 0); /* a name alone is meant wherever it stands */
	else if (*at == '/')
		at++;
	start = at;
	while (at && at < end) {
		if (*at == '*') {
			at = add_stars(pattern, start, at, end);
		} else if (*at == '[') {
			at = add_class(pattern, at, end);
		} else if (*at == '?') {
			add_step(pattern, STEP_ONE, 0);
			at++;
		} else {
			at += *at == '\\' && at + 1 < end;
			add_step(pattern, STEP_BYTE, *at++);
		}
	}
	if (!at)
		path_pattern_release(pattern);
	return at != NULL;
}

void path_pattern_release(struct path_pattern *pattern)
{
	free(pattern->steps);
	*pattern = (struct path_pattern){ 0 };
}

/* ---- matching ---- */

/*
 * All ways through the pattern at once: at[i] says that step i may come next, within[i] that it has taken something already and may take more
 * (of the two kinds that have a middle where nothing else can follow).
 */
struct states {
	bool at[PATH_PATTERN_MAX + 2], within[PATH_PATTERN_MAX + 2];
};

/* Steps that may take nothing let the next one come at once. */
static void close_states(const struct path_pattern *pattern, struct states *states)
{
	for (size_t i = 0; i < pattern->step_count; i++) {
		if (states->at[i] && (pattern->steps[i].kind == STEP_RUN || pattern->steps[i].kind == STEP_FOLDERS))
			states->at[i + 1] = true;
		if (states->within[i] && pattern->steps[i].kind == STEP_ANYTHING)
			states->at[i + 1] = true;
	}
}

static void take_byte(const struct path_pattern *pattern, const struct states *states, unsigned char byte,
		      struct states *next)
{
	memset(next->at, 0, pattern->step_count + 1);
	memset(next->within, 0, pattern->step_count + 1);
	for (size_t i = 0; i < pattern->step_count; i++) {
		const struct pattern_step *step = &pattern->steps[i];

		if (!states->at[i] && !states->within[i])
			continue;
		switch (step->kind) {
		case STEP_BYTE:
			next->at[i + 1] |= byte == step->byte;
			break;
		case STEP_ONE:
			next->at[i + 1] |= byte != '/';
			break;
		case STEP_CLASS:
			next->at[i + 1] |= (step->bytes[byte / 32] >> (byte % 32)) & 1;
			break;
		case STEP_RUN:
			next->at[i] |= byte != '/';
			break;
		case STEP_FOLDERS:
			if (byte == '/')
				next->at[i] = true;
			else
				next->within[i] = true;
			break;
		case STEP_ANYTHING:
			next->within[i] = true;
			break;
		}
	}
	close_states(pattern, next);
}

bool path_pattern_matches(const struct path_pattern *pattern, const char *path, size_t length, bool is_folder)
{
	struct states states[2];
	size_t current = 0;

	if (pattern->folders_only && !is_folder)
		return false;
	memset(states[0].at, 0, pattern->step_count + 1);
	memset(states[0].within, 0, pattern->step_count + 1);
	states[0].at[0] = true;
	close_states(pattern, &states[0]);
	for (size_t i = 0; i < length; i++, current ^= 1)
		take_byte(pattern, &states[current], (unsigned char)path[i], &states[current ^ 1]);
	return states[current].at[pattern->step_count];
}

bool path_patterns_leave_out(const struct path_pattern *patterns, size_t count, const char *path)
{
	for (const char *end = path; *end; end++) {
		bool is_folder = end[1] == '/';
		size_t last = count;

		if (!is_folder && end[1])
			continue;
		while (last && !path_pattern_matches(&patterns[last - 1], path, (size_t)(end + 1 - path), is_folder))
			last--;
		/* as with git, what lies in a folder that is left out cannot be taken in again */
		if (last && !patterns[last - 1].negated)
			return true;
	}
	return false;
}
