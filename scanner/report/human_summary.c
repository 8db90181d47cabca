/*
 * The last lines of the report for people: for somebody who reads nothing else.
 */
#include "report/human.h"

#include "sandbox/sandbox.h"

#include <inttypes.h>
#include <string.h>

/* "56 MB", "1.2 kB", "1 byte" */
static void add_size(struct human *human, uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
	double size = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		human_add_count(human, bytes, "byte", "bytes");
		return;
	}
	while (size >= 999.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		size /= 1000;
		unit++;
	}
	buffer_add_format(human->out, "%.*f %s", size < 9.95 ? 1 : 0, size, units[unit]);
}

static bool is_files(const struct target *target)
{
	return strcmp(target->kind, "dir") == 0 || strcmp(target->kind, "file") == 0;
}

/* "1,234 objects and 12 files (56 MB)" */
static void add_extent(struct human *human)
{
	uint64_t objects = 0, files = 0, bytes = 0;
	bool has_files = false, has_objects = false, has_stdin = false;
	const char *joint = "";

	for (size_t i = 0; i < human->result->target_count; i++) {
		const struct target *target = &human->result->targets[i];

		bytes += target->bytes;
		if (is_files(target)) {
			files += target->objects;
			has_files = true;
		} else if (strcmp(target->kind, "stdin") == 0) {
			has_stdin = true;
		} else {
			objects += target->objects;
			has_objects = true;
		}
	}
	if (has_objects) {
		human_add_count(human, objects, "object", "objects");
		joint = " and ";
	}
	if (has_files) {
		buffer_add_string(human->out, joint);
		human_add_count(human, files, "file", "files");
		joint = " and ";
	}
	if (has_stdin)
		buffer_add_format(human->out, "%sstandard input", joint);
	else if (!*joint)
		buffer_add_string(human->out, "nothing");
	buffer_add_string(human->out, " (");
	add_size(human, bytes);
	buffer_add_char(human->out, ')');
}

static void add_findings(struct human *human, const struct report_counts *counts)
{
	const struct {
		uint64_t count;
		const char *words;
	} parts[] = {
		{ counts->by_state[REVOCATION_ACCEPTED] - counts->submitted, "accepted" },
		{ counts->submitted, "submitted" },
		{ counts->by_state[REVOCATION_GONE], "gone" },
		{ counts->by_state[REVOCATION_REJECTED], "rejected" },
		{ counts->by_state[REVOCATION_PENDING], "pending" },
		{ counts->by_state[REVOCATION_DRY_RUN], "would be reported" },
		{ counts->by_state[REVOCATION_NONE] - counts->possible, "not reported" },
		{ counts->possible, "possible only" },
	};
	const char *joint = ": ";

	if (!human->result->finding_count) {
		buffer_add_string(human->out, "no credential found in ");
		add_extent(human);
		buffer_add_char(human->out, '.');
		return;
	}
	human_add_count(human, human->result->finding_count, "key", "keys");
	buffer_add_string(human->out, " in ");
	human_add_count(human, counts->places, "place", "places");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!parts[i].count)
			continue;
		buffer_add_string(human->out, joint);
		human_add_number(human, parts[i].count);
		buffer_add_format(human->out, " %s", parts[i].words);
		joint = ", ";
	}
	buffer_add_char(human->out, '.');
}

/* A whole target was left out. */
static bool is_target(const struct incomplete *incomplete)
{
	static const char *const words[] = { "unreadable-target", "not-found", "unsupported-repository" };
	bool is = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		is |= !strcmp(incomplete->what, words[i]);
	return is;
}

/* What was left out is called an object or a file when all of it was. */
static void add_incomplete(struct human *human)
{
	const struct report_result *result = human->result;
	size_t objects = 0, files = 0;

	for (size_t i = 0; i < result->incomplete_count; i++) {
		if (result->incomplete[i].object[0])
			objects++;
		else if (result->incomplete[i].path && !is_target(&result->incomplete[i]))
			files++;
	}
	buffer_add_char(human->out, ' ');
	if (objects && objects == result->incomplete_count)
		human_add_count(human, result->incomplete_total, "object could not be read",
				"objects could not be read");
	else if (files && files == result->incomplete_count)
		human_add_count(human, result->incomplete_total, "file could not be read", "files could not be read");
	else
		human_add_count(human, result->incomplete_total, "part could not be scanned",
				"parts could not be scanned");
	buffer_add_string(human->out, ": the scan is incomplete.");
}

static void add_next_steps(struct human *human, const struct report_counts *counts)
{
	uint64_t would = counts->by_state[REVOCATION_DRY_RUN];

	if (would)
		buffer_add_format(human->out, "run again without --dry-run to have %s revoked\n",
				  would == 1 ? "it" : "them");
	if (counts->by_state[REVOCATION_PENDING])
		buffer_add_string(human->out, "run again to send what is pending\n");
	if (counts->alive)
		buffer_add_format(human->out, "%s still working after the report: revoke %s at the provider by hand\n",
				  counts->alive == 1 ? "one key is" : "some keys are", counts->alive == 1 ? "it" : "them");
	if (counts->by_state[REVOCATION_REJECTED])
		buffer_add_string(human->out, "what was rejected may still be valid: "
					      "revoke it at its provider by hand\n");
}

/* Whoever reads the report later is to know that the scan was less guarded than it should be. */
static void add_sandbox(struct human *human, const struct sandbox *sandbox)
{
	if (!sandbox_is_whole(sandbox))
		buffer_add_format(human->out, "%s\n", sandbox_missing(sandbox));
	else if (human->result->verbose)
		buffer_add_format(human->out, "the scan process was under Landlock (version %u) and seccomp\n", sandbox->landlock_abi);
}

void human_add_summary(struct human *human)
{
	const struct report_result *result = human->result;
	struct report_counts counts = report_count(result);

	if (result->interrupted)
		buffer_add_string(human->out, "interrupted: not everything was scanned. ");
	else if (result->interrupted_later)
		buffer_add_string(human->out, result->dry_run ? "interrupted. " : "interrupted while sending. ");
	add_findings(human, &counts);
	if (result->suppressed) {
		buffer_add_char(human->out, ' ');
		human_add_count(human, result->suppressed, "known key was", "known keys were");
		buffer_add_string(human->out, " left out.");
	}
	if (result->incomplete_total)
		add_incomplete(human);
	buffer_add_char(human->out, '\n');
	if (result->sandbox)
		add_sandbox(human, result->sandbox);
	add_next_steps(human, &counts);
}
