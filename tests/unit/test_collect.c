/*
 * Goal: the broker makes one finding of each confirmed credential, merges and bounds its places, and takes nothing from a scan process
 * that a sound one would not send.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broker/collect.h"
#include "match/match.h"
#include "rule/rule.h"
#include "tests/unit/key.h"

#include <stdio.h>
#include <string.h>

#define OBJECT "0123456789abcdef0123456789abcdef01234567"

static struct rule_set rules;
static struct match_program *program;
static struct collection collection;
static struct error error;

static int load(void **state)
{
	(void)state;
	return rule_set_load(&rules, NULL, 0, &error) || match_program_compile(&program, &rules, &error);
}

static int unload(void **state)
{
	(void)state;
	match_program_free(program);
	rule_set_release(&rules);
	return 0;
}

static int take(const struct channel_message *message)
{
	return collection_take(&collection, message, &error);
}

/* A collection in which a scan has begun its first target. */
static int begin(void **state)
{
	static char kind[] = "git", path[] = ".";
	struct channel_message hello = { .type = CHANNEL_HELLO, .version = CHANNEL_VERSION };
	struct channel_message target = { .type = CHANNEL_TARGET, .kind_word = kind, .text = path };

	(void)state;
	collection_init(&collection, &rules, program);
	collection.target_limit = 2;
	return take(&hello) || take(&target);
}

static int end(void **state)
{
	(void)state;
	collection_release(&collection);
	return 0;
}

static struct channel_message hit_of(const char *key, uint32_t number)
{
	struct channel_message message = { .type = CHANNEL_HIT,
					   .rule = rule_set_find(&rules, "vercel-ai-gateway-key")->index,
					   .key = number,
					   .secret = key,
					   .secret_size = KEY_LENGTH,
					   .place = { .kind = PLACE_FILE, .reachable = true, .line = 1, .column = 1 } };

	return message;
}

static void a_credential_is_one_finding(void **state)
{
	char one[KEY_LENGTH + 1], two[KEY_LENGTH + 1], path[] = "f";
	struct channel_message message;

	(void)state;
	make_key(one, 1);
	make_key(two, 2);
	message = hit_of(one, 0);
	message.place.path = path;
	for (uint64_t line = 1; line <= 3; line++) {
		message.place.line = line;
		assert_int_equal(take(&message), 0);
	}
	assert_int_equal(take(&message), 0); /* the same place again */
	message = hit_of(two, 1);
	assert_int_equal(take(&message), 0);
	collection_finish(&collection);
	assert_int_equal(collection.finding_count, 2);
	/* the one without a path comes first, by the order of places */
	assert_int_equal(collection.findings[0]->places_total + collection.findings[1]->places_total, 4);
	assert_int_equal(collection.findings[0]->confidence, CONFIDENCE_CERTAIN);
}

static void what_the_rule_does_not_match_is_dropped(void **state)
{
	char key[KEY_LENGTH + 1];
	struct channel_message message;

	(void)state;
	make_key(key, 3);
	memcpy(key, "xxxx", 4);
	message = hit_of(key, 0);
	assert_int_equal(take(&message), 0);
	collection_finish(&collection);
	assert_int_equal(collection.finding_count, 0);
	assert_int_equal(collection.incomplete_total, 1);
	assert_string_equal(collection.incomplete[0].what, "unconfirmed-hit");
}

static void places_keep_the_first_and_the_newest(void **state)
{
	char key[KEY_LENGTH + 1];
	struct channel_message message;

	(void)state;
	make_key(key, 4);
	message = hit_of(key, 0);
	message.place.has_date = true;
	/* newest first, then the oldest: the order in which they come does not matter */
	for (int64_t date = 1000; date > 0; date--) {
		message.place.date = date;
		assert_int_equal(take(&message), 0);
	}
	assert_int_equal(collection.findings[0]->place_count, FINDING_PLACES_MAX);
	assert_int_equal(collection.findings[0]->places_total, 1000);
	assert_int_equal(collection.findings[0]->places[0].date, 1);
	assert_int_equal(collection.findings[0]->places[1].date, 1000 - FINDING_PLACES_MAX + 2);
	assert_int_equal(collection.findings[0]->places[FINDING_PLACES_MAX - 1].date, 1000);
}

static void a_trace_places_every_hit_of_its_object(void **state)
{
	char one[KEY_LENGTH + 1], two[KEY_LENGTH + 1], path[] = "src/a";
	struct channel_message message, trace = { .type = CHANNEL_TRACE };
	struct channel_message done = { .type = CHANNEL_TARGET_END, .objects = 5 };

	(void)state;
	make_key(one, 5);
	make_key(two, 6);
	message = hit_of(one, 0);
	message.traced = true;
	message.place.kind = PLACE_BLOB;
	message.place.line = 4;
	strcpy(message.place.object, OBJECT);
	assert_int_equal(take(&message), 0);
	message.secret = two;
	message.key = 1;
	message.place.line = 9;
	assert_int_equal(take(&message), 0);
	message.place.object[0] = 'f'; /* in an object that no trace tells of */
	assert_int_equal(take(&message), 0);
	strcpy(trace.place.object, OBJECT);
	strcpy(trace.place.commit, OBJECT);
	trace.place.kind = PLACE_BLOB;
	trace.place.path = path;
	trace.place.has_date = true;
	trace.place.date = 77;
	assert_int_equal(take(&trace), 0);
	assert_int_equal(take(&done), 0);
	assert_int_equal(collection.findings[0]->place_count, 1);
	assert_int_equal(collection.findings[0]->places[0].line, 4);
	assert_string_equal(collection.findings[0]->places[0].path, "src/a");
	assert_int_equal(collection.findings[1]->place_count, 2);
	assert_int_equal(collection.findings[1]->places[0].line, 9);
	assert_int_equal(collection.findings[1]->places[0].date, 77);
	assert_null(collection.findings[1]->places[1].path);
	assert_int_equal(collection.targets[0].objects, 5);
}

/* Plain before decoded, fewer forms before more, whatever the order in which they come and whether the place is kept. */
static void a_finding_is_as_plain_as_its_plainest_place(void **state)
{
	static const char *const forms[] = { "hex,base64", "base64,hex", "utf-16le", "hex", NULL, "base64" };
	static const char *const plainest[] = { "hex,base64", "base64,hex", "utf-16le", "hex", NULL, NULL };
	char key[KEY_LENGTH + 1];
	struct channel_message message;

	(void)state;
	make_key(key, 8);
	message = hit_of(key, 0);
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		message.place.encoding = (char *)forms[i];
		message.place.allowed = true; /* is no place */
		assert_int_equal(take(&message), 0);
		if (!i)
			assert_null(collection.findings[0]->encoding);
		message.place.allowed = false;
		assert_int_equal(take(&message), 0);
		if (plainest[i])
			assert_string_equal(collection.findings[0]->encoding, plainest[i]);
		else
			assert_null(collection.findings[0]->encoding);
	}
	assert_int_equal(collection.findings[0]->places_total, sizeof(forms) / sizeof(*forms));
}

/* What a trace tells of is the object; the way into it and the form are the hit's. */
static void a_traced_place_keeps_its_members_and_form(void **state)
{
	char key[KEY_LENGTH + 1];
	struct channel_message message, trace = { .type = CHANNEL_TRACE };
	struct channel_message done = { .type = CHANNEL_TARGET_END };

	(void)state;
	make_key(key, 9);
	message = hit_of(key, 0);
	message.traced = true;
	message.place.kind = trace.place.kind = PLACE_BLOB;
	message.place.archive_path = (char *)"x.zip\ny";
	message.place.encoding = (char *)"hex";
	strcpy(message.place.object, OBJECT);
	strcpy(trace.place.object, OBJECT);
	strcpy(trace.place.commit, OBJECT);
	assert_int_equal(take(&message), 0);
	assert_int_equal(take(&trace), 0);
	assert_int_equal(take(&done), 0);
	assert_int_equal(collection.findings[0]->place_count, 1);
	assert_string_equal(collection.findings[0]->places[0].archive_path, "x.zip\ny");
	assert_string_equal(collection.findings[0]->places[0].encoding, "hex");
	assert_string_equal(collection.findings[0]->encoding, "hex");
}

static void what_a_sound_scan_never_sends_ends_the_talk(void **state)
{
	static char word[] = "because I say so", kind[] = "elsewhere", path[] = "/";
	char key[KEY_LENGTH + 1];
	struct channel_message hello = { .type = CHANNEL_HELLO, .version = CHANNEL_VERSION };
	struct channel_message seen = { .type = CHANNEL_LIFE, .key = 0 };
	struct channel_message why = { .type = CHANNEL_INCOMPLETE, .kind_word = word };
	struct channel_message target = { .type = CHANNEL_TARGET, .kind_word = kind, .text = path };
	struct channel_message finish = { .type = CHANNEL_END }, message;

	(void)state;
	make_key(key, 7);
	assert_int_equal(take(&hello), ERROR_MALFORMED);  /* twice */
	assert_int_equal(take(&seen), ERROR_MALFORMED);   /* in no commit */
	assert_int_equal(take(&why), ERROR_MALFORMED);    /* a word of its own */
	assert_int_equal(take(&target), ERROR_MALFORMED); /* of no kind */
	message = hit_of(key, 0);
	message.rule = 1000;
	assert_int_equal(take(&message), ERROR_MALFORMED);
	message = hit_of(key, UINT32_MAX);
	assert_int_equal(take(&message), ERROR_MALFORMED);
	message = hit_of(key, 0);
	message.place.target = 1;
	assert_int_equal(take(&message), ERROR_MALFORMED);
	assert_int_equal(take(&finish), 0);
	message.place.target = 0;
	assert_int_equal(take(&message), ERROR_MALFORMED); /* after the end */
}

/* Texts of the greatest length, in traced places, untraced ones and files: the ceiling holds, and what is let go of counts no more. */
static void what_a_scan_process_can_make_the_broker_hold_is_bounded(void **state)
{
	static char path[CHANNEL_TEXT_MAX];
	char key[KEY_LENGTH + 1] = "";
	struct channel_message message = hit_of(key, 0), trace = { .type = CHANNEL_TRACE }, done = { .type = CHANNEL_TARGET_END };
	uint64_t room = COLLECT_BYTES_MAX, untraced;

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	make_key(key, 11);
	message.place.path = message.place.author = path;
	message.traced = true;
	strcpy(message.place.object, OBJECT);
	for (unsigned i = 0; !collection.incomplete_total && i < room / sizeof(path); i++) {
		message.place.line = i + 1;
		assert_int_equal(take(&message), 0);
	}
	assert_string_equal(collection.incomplete[0].what, "too-many-hits");
	untraced = collection.untraced_count;
	assert_in_range(collection.held_bytes, room, room + 4 * sizeof(path));
	/* one message that would have all of them held twice */
	trace.place = message.place;
	assert_int_equal(take(&trace), 0);
	assert_in_range(collection.held_bytes, room, room + 4 * sizeof(path));
	assert_int_equal(collection.incomplete_total, 2);
	assert_int_equal(take(&done), 0);
	/* the newest 100 are left, and the first */
	assert_int_equal(collection.findings[0]->places_total, untraced);
	assert_int_equal(collection.findings[0]->place_count, FINDING_PLACES_MAX);
	assert_in_range(collection.held_bytes, 2 * 100 * (sizeof(path) - 1), 2 * 101 * (sizeof(path) + 512));
}

static void a_target_that_was_not_asked_for_ends_the_talk(void **state)
{
	static char kind[] = "dir", path[] = "a";
	struct channel_message target = { .type = CHANNEL_TARGET, .kind_word = kind, .text = path };

	(void)state;
	assert_int_equal(take(&target), 0); /* the second of two */
	assert_int_equal(take(&target), ERROR_MALFORMED);
}

static void incomplete_entries_are_bounded_and_counted(void **state)
{
	static char word[] = "missing-object";
	struct channel_message message = { .type = CHANNEL_INCOMPLETE, .kind_word = word };

	(void)state;
	for (int i = 5 * COLLECT_INCOMPLETE_MAX; i > 0; i--) {
		snprintf(message.place.object, sizeof(message.place.object), "%040x", (unsigned)i);
		assert_int_equal(take(&message), 0);
	}
	collection_finish(&collection);
	assert_int_equal(collection.incomplete_total, 5 * COLLECT_INCOMPLETE_MAX);
	assert_int_equal(collection.incomplete_count, COLLECT_INCOMPLETE_MAX);
	/* the ones that come first by order, whenever they came */
	assert_string_equal(collection.incomplete[0].object, "0000000000000000000000000000000000000001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_credential_is_one_finding, begin, end),
		cmocka_unit_test_setup_teardown(what_the_rule_does_not_match_is_dropped, begin, end),
		cmocka_unit_test_setup_teardown(places_keep_the_first_and_the_newest, begin, end),
		cmocka_unit_test_setup_teardown(a_trace_places_every_hit_of_its_object, begin, end),
		cmocka_unit_test_setup_teardown(a_finding_is_as_plain_as_its_plainest_place, begin, end),
		cmocka_unit_test_setup_teardown(a_traced_place_keeps_its_members_and_form, begin, end),
		cmocka_unit_test_setup_teardown(what_a_sound_scan_never_sends_ends_the_talk, begin, end),
		cmocka_unit_test_setup_teardown(what_a_scan_process_can_make_the_broker_hold_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(a_target_that_was_not_asked_for_ends_the_talk, begin, end),
		cmocka_unit_test_setup_teardown(incomplete_entries_are_bounded_and_counted, begin, end),
	};

	return cmocka_run_group_tests_name("collect", tests, load, unload);
}
