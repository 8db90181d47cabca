/*
 * libFuzzer harness: decoding. The first byte says what to do with the rest: search it whole, with each depth, or hand it to one decoder with a spot and
 * a room that the next bytes choose. The text is in memory that ends where it does.
 *
 * What is found must be what the broker would confirm, and stand in the text; what is decoded must say of every byte where it stood, in order, and
 * within the text; and text in which the glance sees nothing must hold nothing.
 */
#define _GNU_SOURCE
#include "match/form.h"
#include "match/match.h"
#include "rule/rule.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY 4096
#define DEPTHS 3 /* from 0; with all rules more of them are slow to search for without Vectorscan */

static struct rule_set rules;
static struct match_program *programs[DEPTHS];
static struct matcher *matchers[DEPTHS], *confirmer;
static struct decoded decoded;

static void prepare(void)
{
	struct error error;

	if (confirmer)
		return;
	check(!rule_set_load(&rules, NULL, 0, &error));
	for (size_t i = 0; i < rules.count; i++)
		rules.rules[i].enabled = true;
	for (unsigned depth = 0; depth < DEPTHS; depth++) {
		check(!match_program_compile(&programs[depth], &rules, &error));
		match_program_add_forms(programs[depth], depth);
		check(!match_program_prepare(programs[depth], true, &error));
		matchers[depth] = matcher_new(programs[depth]);
	}
	confirmer = matcher_new(programs[0]);
	decoded_init(&decoded, CAPACITY);
}

struct searched {
	const char *bytes;
	size_t size;
	unsigned found;
};

static void look(void *context, const struct match *match)
{
	struct searched *searched = context;
	enum confidence confidence;

	searched->found++;
	check(match->start < match->end && match->end <= searched->size && match->secret_size > 0);
	check(match->encoding ? match->end - match->start > match->secret_size : match->end - match->start == match->secret_size);
	check(match->encoding || !memcmp(match->secret, searched->bytes + match->start, match->secret_size));
	check(matcher_confirm(confirmer, match->rule, match->secret, match->secret_size, &confidence));
	check(confidence == match->confidence);
}

static void search(const char *bytes, size_t size, unsigned depth)
{
	struct searched searched = { bytes, size, 0 };

	matcher_search(matchers[depth], bytes, size, true, true, look, &searched);
	check(matcher_glance(matchers[depth], bytes, size) == matcher_met_literal(matchers[depth]));
	check(!searched.found || matcher_met_literal(matchers[depth]));
}

static void decode(const char *bytes, size_t size, const uint8_t *choice)
{
	struct form_text text = { bytes, size, choice[0] & 1, choice[0] & 2, choice[0] & 4 };
	struct form_room room = { (size_t)choice[1] * 8, (size_t)choice[2] * 8 };
	struct form_spot spot = {
		.position = size ? ((size_t)choice[3] << 8 | choice[4]) % size : 0,
		.lead = choice[5] & 1,
		.skip = choice[5] >> 1 & 7,
		.alignment = (choice[5] >> 4) % 3,
		.separator = choice[6] % FORM_SEPARATOR_COUNT,
		.text = "",
		.joins_before = choice[6] & 128,
	};

	if (!size || spot.position + spot.lead >= size)
		return;
	form_decode((enum form)(choice[7] % (FORM_CONCATENATED + 1)), &text, &spot, &room, &decoded);
	check(decoded.size <= CAPACITY && decoded.line_count <= DECODED_LINES_MAX);
	for (size_t i = 0; i < decoded.size; i++) {
		check(decoded.starts[i] < decoded.ends[i] && decoded.ends[i] <= size);
		check(!i || (decoded.starts[i] >= decoded.starts[i - 1] && decoded.ends[i] >= decoded.ends[i - 1]));
	}
	for (size_t i = 0; i < decoded.line_count; i++)
		check(decoded.line_ends[i] <= decoded.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *bytes;

	prepare();
	if (size < 9)
		return 0;
	bytes = malloc(size - 9 ? size - 9 : 1);
	memcpy(bytes, input + 9, size - 9);
	if (input[0] % 2)
		decode(bytes, size - 9, input + 1);
	else
		search(bytes, size - 9, input[0] / 2 % DEPTHS);
	free(bytes);
	return 0;
}
