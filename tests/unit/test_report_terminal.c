#define _GNU_SOURCE
/*
 * The report for people on a terminal: lines fit its width, and the names of files that are there are links.
 */
#include "report_fixture.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#define START 1795446000 /* 2026-11-23T15:00:00Z */

/* What a terminal of so many columns gets of the report; the caller frees it. */
static char *show(const struct report_result *result, unsigned short columns, enum report_color color)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct winsize size = { .ws_col = columns, .ws_row = 25 };
	struct termios raw;
	struct report *report;
	char *specification, *text = memory_allocate_zeroed(1, 8192);
	ssize_t got;

	assert_true(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
	slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	tcgetattr(slave, &raw);
	raw.c_oflag &= ~(tcflag_t)OPOST; /* line ends as they are written */
	tcsetattr(slave, TCSANOW, &raw);
	ioctl(slave, TIOCSWINSZ, &size);
	specification = memory_format("human:%s", ptsname(terminal));
	assert_int_equal(report_open(&report, specification, color, NULL), 0);
	assert_int_equal(report_finish(report, result, NULL), 0);
	free(specification);
	got = read(terminal, text, 8191);
	assert_true(got > 0);
	close(slave);
	close(terminal);
	return text;
}

static struct finding *long_path(void)
{
	struct finding *finding = finding_make(1);
	struct place place = { .kind = PLACE_BLOB, .reachable = true, .path = (char *)"apps/web/sécrets/lib/gateway/client.ts", .line = 12, .column = 8,
			       .has_date = true, .date = START, .author = (char *)"Ann Example <ann@example.com>" };

	id_of(place.commit, 'b');
	finding_add(finding, &place);
	finding->revocation.state = REVOCATION_GONE;
	return finding;
}

static void expect_line(const struct report_result *result, unsigned short columns, const char *line)
{
	char *text = show(result, columns, REPORT_COLOR_NEVER);

	if (!strstr(text, line))
		print_error("# %s\n", text);
	assert_non_null(strstr(text, line));
	free(text);
}

static void width(void **state)
{
	struct finding *findings[] = { long_path() };
	struct report_result result = { .version = "0.1.0", .started = START, .findings = findings, .finding_count = 1 };

	(void)state;
	unsetenv("COLUMNS");
	expect_line(&result, 100, "\n  at      2026-11-23  bbbbbbbbbb  apps/web/sécrets/lib/gateway/client.ts:12:8  Ann Example\n");
	expect_line(&result, 90, "  apps/web/sécrets/lib/gateway/client.ts:12:8  Ann Example\n"); /* just fits */
	expect_line(&result, 89, "  apps/web/sécrets/lib/gateway/client.ts:12:8\n");
	expect_line(&result, 77, "  apps/web/sécrets/lib/gateway/client.ts:12:8\n"); /* just fits */
	expect_line(&result, 76, "  …ps/web/sécrets/lib/gateway/client.ts:12:8\n");
	expect_line(&result, 67, "  …crets/lib/gateway/client.ts:12:8\n");
	expect_line(&result, 68, "  …écrets/lib/gateway/client.ts:12:8\n"); /* a character is two bytes, and one column */
	expect_line(&result, 10, "  …/client.ts:12:8\n"); /* as many as there are at least */
	expect_line(&result, 60, "\n  next    create a new key and deploy it; history may stay\n          as it is: a dead key opens nothing\n");
	expect_line(&result, 0, "  apps/web/sécrets/lib/gateway/client.ts:12:8  Ann Example\n"); /* not known */
	setenv("COLUMNS", "89", 1);
	expect_line(&result, 200, "  apps/web/sécrets/lib/gateway/client.ts:12:8\n");
	setenv("COLUMNS", "wide", 1);
	expect_line(&result, 89, "  apps/web/sécrets/lib/gateway/client.ts:12:8\n");
	setenv("COLUMNS", "50", 1); /* elsewhere it counts for nothing */
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: gone, no such key any more\n"
		      "  at      2026-11-23  bbbbbbbbbb  apps/web/sécrets/lib/gateway/client.ts:12:8  Ann Example\n"
		      "  next    create a new key and deploy it; history may stay as it is: a dead key opens nothing\n"
		      "\n"
		      "1 key in 1 place: 1 gone.\n");
	unsetenv("COLUMNS");
	finding_free(findings[0]);
}

static void links(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result result = { .version = "0.1.0", .findings = findings, .finding_count = 1 };
	struct place place = { .kind = PLACE_FILE, .reachable = true, .path = (char *)"a b\x1b.txt", .line = 3, .column = 1 };
	char host[256] = "", key[FIXTURE_KEY_SIZE], *expected, *text;
	FILE *file = fopen("a b\x1b.txt", "w");

	(void)state;
	fclose(file);
	gethostname(host, sizeof(host) - 1);
	finding_add(findings[0], &place);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	expected = memory_format("  at      \033]8;;file://%s%s/a%%20b%%1B.txt\033\\a b\\x1b.txt:3:1\033]8;;\033\\\n", host, fixture_folder);
	text = show(&result, 100, REPORT_COLOR_AUTO);
	assert_non_null(strstr(text, expected));
	free(text);
	text = show(&result, 100, REPORT_COLOR_NEVER);
	assert_null(strchr(text, '\033'));
	free(text);
	text = report_make("human", &result, REPORT_COLOR_ALWAYS); /* colours, but no terminal */
	assert_null(strstr(text, "\033]8"));
	free(text);
	unlink("a b\x1b.txt");
	text = show(&result, 100, REPORT_COLOR_AUTO); /* it is gone */
	assert_null(strstr(text, "\033]8"));
	free(text);
	/* a name that is shortened in the text is no link, which would hold it whole */
	fixture_key(1, 56, key);
	file = fopen(key, "w");
	fclose(file);
	free(findings[0]->places[0].path);
	findings[0]->places[0].path = memory_copy_string(key);
	text = show(&result, 100, REPORT_COLOR_AUTO);
	assert_null(strstr(text, "\033]8"));
	assert_null(strstr(text, key + 10));
	free(text);
	unlink(key);
	free(expected);
	finding_free(findings[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width),
		cmocka_unit_test(links),
	};

	return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
