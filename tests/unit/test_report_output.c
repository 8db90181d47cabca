/*
 * Where reports go: an earlier file survives until the new one is whole, nothing is lost in silence, and a reader
 * that goes away does not take the run with it.
 */
#define _GNU_SOURCE
#include "report_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct report_result result = { .version = "0.1.0" };

static void expect_refusal(const char *specification, int code, const char *message)
{
	struct report *report = (struct report *)&report;
	struct error error = { 0, "" };

	assert_int_equal(report_open(&report, specification, REPORT_COLOR_NEVER, &error), code);
	assert_int_equal(error.code, code);
	assert_string_equal(error.message, message);
	assert_null(report);
}

static struct report *open_report(const char *specification)
{
	struct report *report;
	struct error error = { 0, "" };

	report_open(&report, specification, REPORT_COLOR_NEVER, &error);
	assert_string_equal(error.message, "");
	return report;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect_file(const char *path, const char *text)
{
	char *found = file_read(path);

	assert_string_equal(found, text);
	free(found);
}

/* The names in the folder, to see that no temporary file is left. */
static void expect_folder(const char *names)
{
	FILE *list = popen("ls -A | tr '\\n' ' '", "r");
	char line[256] = "";

	assert_non_null(list);
	assert_true(fgets(line, sizeof(line), list) || feof(list));
	assert_int_equal(pclose(list), 0);
	assert_string_equal(line, names);
}

static const char clean[] = "no credential found in nothing (0 bytes).\n";

static void specifications(void **state)
{
	struct report *report;

	(void)state;
	expect_refusal("xml", ERROR_CONFIGURATION, "unknown report format 'xml'; known are human, json, jsonl, sarif, gitlab, junit, csv, html, github");
	expect_refusal("", ERROR_CONFIGURATION, "unknown report format ''; known are human, json, jsonl, sarif, gitlab, junit, csv, html, github");
	expect_refusal("js:out", ERROR_CONFIGURATION, "unknown report format 'js'; known are human, json, jsonl, sarif, gitlab, junit, csv, html, github");
	expect_refusal("JSON", ERROR_CONFIGURATION, "unknown report format 'JSON'; known are human, json, jsonl, sarif, gitlab, junit, csv, html, github");
	expect_refusal("json:", ERROR_CONFIGURATION, "no file name after 'json:'");
	expect_refusal("json:missing/out", ERROR_IO, "cannot write the report 'missing/out': No such file or directory");
	expect_refusal("json:.", ERROR_IO, "cannot write the report '.': Is a directory");
	expect_folder("");
	report = open_report("human:a:b");
	assert_false(report_to_stdout(report));
	assert_int_equal(report_finish(report, &result, NULL), 0);
	expect_file("a:b", clean);
	unlink("a:b");
	assert_string_equal(report_format_names[0], "human");
	assert_string_equal(report_format_names[1], "json");
	assert_string_equal(report_format_names[2], "jsonl");
	assert_string_equal(report_format_names[8], "github");
	assert_null(report_format_names[9]);
}

static void an_earlier_file_survives(void **state)
{
	struct report *report;

	(void)state;
	write_text("out", "earlier");
	report = open_report("human:out");
	expect_file("out", "earlier");
	assert_int_equal(report_finish(report, NULL, NULL), 0);
	expect_file("out", "earlier");
	expect_folder("out ");
	report = open_report("human:out");
	assert_int_equal(report_finish(report, &result, NULL), 0);
	expect_file("out", clean);
	expect_folder("out ");
	unlink("out");
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode;
}

static void modes_and_links(void **state)
{
	mode_t mask = umask(027);

	(void)state;
	assert_int_equal(report_finish(open_report("human:out"), &result, NULL), 0);
	assert_int_equal(mode_of("out"), S_IFREG | 0640);
	assert_int_equal(chmod("out", 0604), 0);
	assert_int_equal(symlink("out", "link"), 0);
	assert_int_equal(report_finish(open_report("human:link"), &result, NULL), 0);
	assert_int_equal(mode_of("out"), S_IFREG | 0604);
	assert_true(S_ISLNK(mode_of("link")));
	expect_folder("link out ");
	umask(mask);
	unlink("out");
	unlink("link");
}

/* Another report's leftover of this very process number does not stop the run, and is not touched. */
static void temporary_names_are_not_reused(void **state)
{
	char *leftover = memory_format("out.%ld-0.tmp", (long)getpid());

	(void)state;
	write_text(leftover, "not mine");
	assert_int_equal(report_finish(open_report("human:out"), &result, NULL), 0);
	expect_file("out", clean);
	expect_file(leftover, "not mine");
	unlink(leftover);
	unlink("out");
	free(leftover);
}

static void a_full_disk_is_an_error(void **state)
{
	static const char *const formats[] = { "human", "json", "jsonl" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *specification = memory_format("%s:/dev/full", formats[i]);
		struct report *report = open_report(specification);
		struct error error = { 0, "" };

		assert_int_equal(report_finish(report, &result, &error), ERROR_IO);
		assert_string_equal(error.message, "cannot write the report '/dev/full': No space left on device");
		free(specification);
	}
	assert_int_equal(report_finish(open_report("json:/dev/full"), NULL, NULL), 0);
}

/* The first line fails, and no later success makes the report whole again. */
static void a_failure_is_remembered(void **state)
{
	struct finding *finding = finding_make(1);
	struct report *report = open_report("jsonl:/dev/full");
	struct error error = { 0, "" };

	(void)state;
	report_settled(report, &result, finding);
	assert_int_equal(report_finish(report, &result, &error), ERROR_IO);
	assert_string_equal(error.message, "cannot write the report '/dev/full': No space left on device");
	finding_free(finding);
}

static void a_file_that_cannot_take_its_place(void **state)
{
	struct report *report;
	struct error error = { 0, "" };

	(void)state;
	report = open_report("human:out");
	assert_int_equal(mkdir("out", 0700), 0);
	assert_int_equal(report_finish(report, &result, &error), ERROR_IO);
	assert_string_equal(error.message, "cannot write the report 'out': Is a directory");
	expect_folder("out ");
	rmdir("out");
}

/* Run with standard output replaced by a pipe; returns its reading end. */
static int stdout_to_pipe(int *saved)
{
	int ends[2];

	fflush(stdout);
	assert_int_equal(pipe(ends), 0);
	*saved = dup(STDOUT_FILENO);
	assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	close(ends[1]);
	return ends[0];
}

static void restore_stdout(int saved)
{
	dup2(saved, STDOUT_FILENO);
	close(saved);
}

static void standard_output(void **state)
{
	static const char *const names[] = { "human", "human:-", "human:/dev/stdout" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char text[256];
		int saved, end = stdout_to_pipe(&saved);
		struct report *report = open_report(names[i]);
		bool to_stdout = report_to_stdout(report);
		int finished = report_finish(report, &result, NULL);
		int still_open = fcntl(STDOUT_FILENO, F_GETFD);
		ssize_t got;

		restore_stdout(saved);
		got = read(end, text, sizeof(text));
		assert_true(to_stdout);
		assert_int_equal(finished, 0);
		assert_int_not_equal(still_open, -1);
		assert_int_equal(got, sizeof(clean) - 1);
		assert_memory_equal(text, clean, sizeof(clean) - 1);
		close(end);
	}
}

static void lines_leave_as_they_are_settled(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	char text[4096];
	int saved, end = stdout_to_pipe(&saved);
	struct report *report = open_report("jsonl");
	ssize_t got;

	(void)state;
	report_settled(report, &result, findings[0]);
	got = read(end, text, sizeof(text)); /* before the end of the run */
	report_finish(report, NULL, NULL);
	restore_stdout(saved);
	close(end);
	assert_true(got > 0 && text[got - 1] == '\n');
	assert_memory_equal(text, "{\"type\":\"finding\",", 18);
	finding_free(findings[0]);
}

static void a_closed_pipe_is_an_error(void **state)
{
	int saved, end = stdout_to_pipe(&saved), code;
	struct report *report = open_report("json");
	struct error error = { 0, "" };
	sigset_t waiting;

	(void)state;
	close(end);
	code = report_finish(report, &result, &error);
	restore_stdout(saved);
	assert_int_equal(code, ERROR_IO);
	assert_string_equal(error.message, "cannot write the report to standard output: Broken pipe");
	/* neither dead of SIGPIPE, nor to die of it later */
	assert_int_equal(sigpending(&waiting), 0);
	assert_false(sigismember(&waiting, SIGPIPE));
}

/* A pipe shared with somebody who made it non-blocking takes little at once; all of it arrives. */
static void a_slow_pipe_gets_everything(void **state)
{
	struct finding *findings[64];
	struct report_result many = { .version = "0.1.0", .findings = findings, .finding_count = 64 };
	size_t read_bytes = 0;
	char last = 0, *whole;
	int ends[2], code = -1;
	pid_t child;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct place place = { .kind = PLACE_FILE, .path = (char *)"a" };

		findings[i] = finding_make(i);
		for (size_t j = 0; j < 100; j++)
			finding_add(findings[i], &place);
	}
	whole = report_make("json", &many, REPORT_COLOR_NEVER);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	child = fork();
	if (!child) {
		struct report *report;

		close(ends[0]);
		dup2(ends[1], STDOUT_FILENO);
		report = open_report("json");
		_exit(report_finish(report, &many, NULL) ? 1 : 0);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, 0);
	for (;;) {
		char piece[997];
		ssize_t got = read(ends[0], piece, sizeof(piece));

		if (got <= 0)
			break;
		read_bytes += (size_t)got;
		last = piece[got - 1];
	}
	waitpid(child, &code, 0);
	assert_int_equal(code, 0);
	assert_int_equal(read_bytes, strlen(whole));
	assert_int_equal(last, '\n');
	close(ends[0]);
	free(whole);
	for (size_t i = 0; i < 64; i++)
		finding_free(findings[i]);
}

static bool colored(int terminal, const char *specification, enum report_color color)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result one = { .version = "0.1.0", .findings = findings, .finding_count = 1 };
	struct report *report;
	char text[1024];
	ssize_t got;

	assert_int_equal(report_open(&report, specification, color, NULL), 0);
	assert_int_equal(report_finish(report, &one, NULL), 0);
	got = read(terminal, text, sizeof(text));
	assert_true(got > 0);
	finding_free(findings[0]);
	return memchr(text, '\033', (size_t)got) != NULL;
}

static void color_on_terminals(void **state)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char *specification;

	(void)state;
	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
		skip();
	slave = open(ptsname(terminal), O_RDWR | O_NOCTTY); /* holds the terminal open between reports */
	specification = memory_format("human:%s", ptsname(terminal));
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	assert_true(colored(terminal, specification, REPORT_COLOR_AUTO));
	assert_false(colored(terminal, specification, REPORT_COLOR_NEVER));
	setenv("NO_COLOR", "", 1);
	assert_true(colored(terminal, specification, REPORT_COLOR_AUTO));
	setenv("NO_COLOR", "0", 1);
	assert_false(colored(terminal, specification, REPORT_COLOR_AUTO));
	assert_true(colored(terminal, specification, REPORT_COLOR_ALWAYS));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(colored(terminal, specification, REPORT_COLOR_AUTO));
	unsetenv("TERM");
	assert_true(colored(terminal, specification, REPORT_COLOR_AUTO));
	free(specification);
	close(slave);
	close(terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specifications),
		cmocka_unit_test(an_earlier_file_survives),
		cmocka_unit_test(modes_and_links),
		cmocka_unit_test(temporary_names_are_not_reused),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(a_failure_is_remembered),
		cmocka_unit_test(a_file_that_cannot_take_its_place),
		cmocka_unit_test(standard_output),
		cmocka_unit_test(lines_leave_as_they_are_settled),
		cmocka_unit_test(a_closed_pipe_is_an_error),
		cmocka_unit_test(a_slow_pipe_gets_everything),
		cmocka_unit_test(color_on_terminals),
	};

	return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
