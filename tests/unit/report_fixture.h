/*
 * Findings for the tests of report/, with keys made at run time, and a report of them as a string.
 */
#ifndef STAUNCH_TESTS_REPORT_FIXTURE_H
#define STAUNCH_TESTS_REPORT_FIXTURE_H

#include "base/memory.h"
#include "finding.h"
#include "report/report.h"
#include "rule/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *fixture_literals[] = { (char *)"vck_" };
static struct rule fixture_rule = {
	.id = (char *)"vercel-ai-gateway-key",
	.name = (char *)"Vercel AI Gateway API key",
	.provider = (char *)"vercel",
	.provider_name = (char *)"Vercel",
	.literals = fixture_literals,
	.literal_count = 1,
	.revoke_kind = RULE_REVOKE_REPORT,
};

/* "vck_" and length characters that depend on seed alone, in key (with a NUL). */
static inline void fixture_key(unsigned seed, size_t length, char *key)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint32_t number = seed;

	memcpy(key, "vck_", 4);
	for (size_t i = 0; i < length; i++) {
		number = number * 1103515245u + 12345u;
		key[4 + i] = digits[(number >> 16) % 62];
	}
	key[4 + length] = '\0';
}
#define FIXTURE_KEY_SIZE 61 /* of a key of 56 characters after its prefix */

static inline struct finding *finding_make(unsigned seed)
{
	struct finding *finding = memory_allocate_zeroed(1, sizeof(*finding));
	char key[FIXTURE_KEY_SIZE];

	fixture_key(seed, 56, key);
	finding->rule = &fixture_rule;
	finding->confidence = CONFIDENCE_CERTAIN;
	finding->secret = secret_new(key, strlen(key));
	secret_fingerprint(finding->secret, finding->fingerprint);
	return finding;
}

static inline void finding_free(struct finding *finding)
{
	for (size_t i = 0; i < finding->place_count; i++)
		place_release(&finding->places[i]);
	free(finding->places);
	free(finding->encoding);
	free(finding->refs);
	free(finding->revocation.message);
	secret_free(finding->secret);
	free(finding);
}

/* Add a copy of a place, at the end. */
static inline struct place *finding_add(struct finding *finding, const struct place *place)
{
	memory_grow(finding->places, finding->place_count, finding->place_capacity);
	place_copy(&finding->places[finding->place_count], place);
	finding->places_total++;
	return &finding->places[finding->place_count++];
}

/* Forty hexadecimal digits of one letter, as an object id. */
static inline void id_of(char *id, char digit)
{
	memset(id, digit, 40);
	id[40] = '\0';
}

static inline char *file_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text;
	size_t length;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	length = (size_t)ftell(file);
	rewind(file);
	text = memory_allocate(length + 1);
	assert_int_equal(fread(text, 1, length, file), length);
	text[length] = '\0';
	fclose(file);
	return text;
}

/* The report of result in a format, as it stands in the file. The caller frees it. */
static inline char *report_make(const char *format, const struct report_result *result, enum report_color color)
{
	char *specification = memory_format("%s:out", format), *text;
	struct report *report;
	struct error error = { 0, "" };

	assert_int_equal(report_open(&report, specification, color, &error), 0);
	free(specification);
	for (size_t i = 0; i < result->finding_count; i++)
		report_settled(report, result, result->findings[i]);
	assert_int_equal(report_finish(report, result, &error), 0);
	assert_string_equal(error.message, "");
	text = file_read("out");
	unlink("out");
	return text;
}

static inline void report_expect(const char *format, const struct report_result *result, const char *expected)
{
	char *text = report_make(format, result, REPORT_COLOR_NEVER);

	assert_string_equal(text, expected);
	free(text);
}

static char fixture_folder[] = "/tmp/staunch-test-report-XXXXXX";

static inline int fixture_enter(void **state)
{
	(void)state;
	return mkdtemp(fixture_folder) ? chdir(fixture_folder) : -1;
}

static inline int fixture_leave(void **state)
{
	(void)state;
	return chdir("/") || rmdir(fixture_folder);
}

#endif
