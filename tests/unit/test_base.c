/*
 * Goal: text from strangers does no harm, secrets are wiped and kept out of dumps, times are right.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/path.h"
#include "base/sanitizer.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void control_characters_become_visible(void **state)
{
	static const struct {
		const char *text, *harmless;
	} cases[] = {
		{ "plain/päth-✓.txt", "plain/päth-✓.txt" },
		{ "a\x1b[31mb\nc\td\r", "a\\x1b[31mb\\x0ac\\x09d\\x0d" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b" "31m", "\\x9b31m" },          /* C1: CSI in one character */
		{ "a\xe2\x80\xae" "b", "a\\u{202e}b" },    /* right-to-left override */
		{ "\xe2\x81\xa6", "\\u{2066}" },
		{ "bad \xff\xc3 end", "bad \\xff\\xc3 end" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },     /* a surrogate is no UTF-8 */
		{ "\xc0\xaf", "\\xc0\\xaf" },              /* nor is an overlong form */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buffer buffer = BUFFER_INIT;

		buffer_reserve(&buffer, 1);
		text_add_harmless(&buffer, cases[i].text);
		assert_string_equal(buffer.bytes, cases[i].harmless);
		buffer_release(&buffer);
	}
}

static void json_text_is_always_utf8(void **state)
{
	struct buffer buffer = BUFFER_INIT;

	(void)state;
	text_add_utf8(&buffer, "a\xff\xe2\x82" "b\n\xe2\x9c\x93");
	assert_string_equal(buffer.bytes, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "b\n\xe2\x9c\x93");
	assert_true(text_is_utf8(buffer.bytes, buffer.length));
	assert_false(text_is_utf8("\xe2\x82", 2));
	buffer_release(&buffer);
}

static void times_are_utc(void **state)
{
	char text[TEXT_TIME_SIZE];

	(void)state;
	text_format_time(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	text_format_time(1700000000, text);
	assert_string_equal(text, "2023-11-14T22:13:20Z");
	text_format_time(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
	text_format_time(INT64_MAX, text); /* a commit may claim any date */
	assert_string_equal(text, "1970-01-01T00:00:00Z");
}

static void a_secret_keeps_its_bytes_and_is_wiped(void **state)
{
	char text[SECRET_SIZE_MAX];
	struct secret *small, *large;
	const char *bytes;

	(void)state;
	memset(text, 'k', sizeof(text));
	small = secret_new("with\0nul", 8);
	large = secret_new(text, sizeof(text));
	assert_int_equal(secret_length(small), 8);
	assert_memory_equal(secret_bytes(small), "with\0nul", 9);
	assert_int_equal(secret_length(large), SECRET_SIZE_MAX);
	assert_memory_equal(secret_bytes(large), text, sizeof(text));
	bytes = secret_bytes(large);
	secret_free(large);
	/* the slot stays mapped: its bytes can be looked at, and are gone */
	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(bytes[i], 0);
	secret_free(small);
	secret_free(NULL);
}

static void a_fingerprint_is_the_sha_256(void **state)
{
	struct secret *secret = secret_new("abc", 3);
	char hex[SECRET_FINGERPRINT_SIZE];

	(void)state;
	secret_fingerprint(secret, hex);
	/* FIPS 180-2, appendix B.1 */
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	secret_free(secret);
}

/* Whether /proc/self/smaps says that the mapping around an address is left out of core dumps ("dd"). */
static int is_kept_out_of_dumps(const void *address)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	char line[512];
	int inside = 0, found = -1;

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (unsigned long)address >= start && (unsigned long)address < end;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, " dd") != NULL;
	}
	if (maps)
		fclose(maps);
	return found;
}

static void secrets_are_left_out_of_core_dumps(void **state)
{
	struct secret *secret = secret_new("x", 1);
	int kept_out = is_kept_out_of_dumps(secret_bytes(secret));

	(void)state;
	if (kept_out < 0)
		skip(); /* no /proc/self/smaps with VmFlags here: a kernel without CONFIG_PROC_PAGE_MONITOR, or Valgrind */
	assert_int_equal(kept_out, 1);
	secret_free(secret);
}

/* No core file, whatever the limit allowed; and no core by a pipe, nor a look into the process by its user's others. In a process of its own. */
static void a_protected_process_leaves_no_core(void **state)
{
	struct rlimit limit = { 1, 1 };
	int status = 0;
	pid_t process = fork();

	(void)state;
	if (!process) {
		secret_protect_process();
		getrlimit(RLIMIT_CORE, &limit);
#ifdef BUILT_WITH_SANITIZER
		_exit(limit.rlim_cur || limit.rlim_max); /* LeakSanitizer could not trace a process that is not dumpable */
#endif
		_exit(limit.rlim_cur || limit.rlim_max || prctl(PR_GET_DUMPABLE) != 0);
	}
	assert_true(process > 0);
	assert_int_equal(waitpid(process, &status, 0), process);
	assert_int_equal(status, 0);
}

static void many_secrets_do_not_mix(void **state)
{
	struct secret *secrets[1000];
	char text[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "secret %d", i);
		secrets[i] = secret_new(text, strlen(text));
	}
	for (int i = 0; i < 1000; i += 2)
		secret_free(secrets[i]);
	for (int i = 0; i < 1000; i += 2)
		secrets[i] = secret_new("again", 5);
	for (int i = 1; i < 1000; i += 2) {
		snprintf(text, sizeof(text), "secret %d", i);
		assert_string_equal(secret_bytes(secrets[i]), text);
	}
	for (int i = 0; i < 1000; i++)
		secret_free(secrets[i]);
}

static void expect_path(char *(*resolve)(const char *), const char *path, const char *folder, const char *expected)
{
	char *got = resolve(path), wanted[256];

	snprintf(wanted, sizeof(wanted), "%s%s", folder, expected);
	if (!got || strcmp(got, wanted) != 0)
		fail_msg("'%s' is '%s', not '%s'", path, got ? got : "(none)", wanted);
	free(got);
}

/* Whichever way it is reached: over links, "." and "..", and when it is gone. */
static void a_file_has_one_path(void **state)
{
	static const struct {
		const char *path, *resolved, *with_link;
	} cases[] = {
		{ "sub/file", "/sub/file", NULL },	{ "./sub/../sub//file", "/sub/file", NULL },
		{ "link", "/sub/file", "/link" },	{ "there/file", "/sub/file", NULL },
		{ "there/../sub/file", "/sub/file", NULL }, { "sub/", "/sub", NULL },
		{ "sub/gone", "/sub/gone", NULL },	{ "there/gone/./a", "/sub/gone/a", NULL },
		{ "gone/../sub/file", "/sub/file", NULL }, { "sub/gone/../../gone", "/gone", NULL },
		{ "dangling", "/dangling", "/dangling" }, { ".", "", NULL }, { "", "", NULL },
	};
	char folder[] = "/tmp/test_base_XXXXXX", before[4096], *resolved;

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("sub", 0700), 0);
	assert_int_equal(mknod("sub/file", S_IFREG | 0600, 0), 0);
	assert_int_equal(symlink("sub/file", "link") + symlink("sub", "there") + symlink("nowhere/at/all", "dangling"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		expect_path(path_resolve, cases[i].path, folder, cases[i].resolved);
		if (cases[i].with_link)
			expect_path(path_resolve_folder, cases[i].path, folder, cases[i].with_link);
	}
	expect_path(path_resolve, "/", "", "/");
	expect_path(path_resolve, "/..//../gone-there", "", "/gone-there");
	unlink("sub/file");
	unlink("link");
	unlink("there");
	unlink("dangling");
	rmdir("sub");
	rmdir(folder);
	resolved = path_resolve("file"); /* in a folder that is not there any more */
	assert_null(resolved);
	expect_path(path_resolve, "/gone-there", "", "/gone-there");
	assert_int_equal(chdir(before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_become_visible),
		cmocka_unit_test(json_text_is_always_utf8),
		cmocka_unit_test(times_are_utc),
		cmocka_unit_test(a_secret_keeps_its_bytes_and_is_wiped),
		cmocka_unit_test(a_fingerprint_is_the_sha_256),
		cmocka_unit_test(secrets_are_left_out_of_core_dumps),
		cmocka_unit_test(a_protected_process_leaves_no_core),
		cmocka_unit_test(many_secrets_do_not_mix),
		cmocka_unit_test(a_file_has_one_path),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
