/*
 * report: other reports of a run that is over, from a JSON report or from what a ledger holds.
 */
#include "cli/commands.h"

#include "base/log.h"
#include "cli/ledger.h"
#include "report/reports.h"
#include "report/saved.h"

/* For a saved report this is a conversion, and the run has had its exit code. Of a ledger it tells how things stand, as a scan does. */
static enum exit_code code_of(const struct options *options, const struct report_result *result)
{
	enum exit_code code = EXIT_CLEAN;

	for (size_t i = 0; options->ledger && i < result->finding_count; i++) {
		const struct revocation *revocation = &result->findings[i]->revocation;

		if (revocation->state == REVOCATION_PENDING || revocation->verified == VERIFICATION_ALIVE)
			return EXIT_INCOMPLETE;
		code = options->exit_zero ? EXIT_CLEAN : EXIT_FOUND;
	}
	return code;
}

static int read_run(struct saved *saved, const struct options *options, enum exit_code *code, struct error *error)
{
	int result;

	*code = EXIT_USAGE;
	if (!options->ledger)
		return saved_read_json(saved, options->operands.items[0], error);
	result = ledger_read_run(saved, options, error);
	if (result != ERROR_CONFIGURATION && result != ERROR_NOT_FOUND)
		*code = EXIT_INCOMPLETE;
	return result;
}

enum exit_code command_report(const struct options *options, const struct rule_set *rules)
{
	struct reports reports = { 0 };
	enum exit_code code;
	struct saved saved;
	struct error error;
	int failed;

	saved_init(&saved, rules);
	failed = read_run(&saved, options, &code, &error);
	if (!failed) {
		failed = reports_open(&reports, options->formats.items, options->formats.count, options->color, &error);
		code = failed == ERROR_IO ? EXIT_INCOMPLETE : EXIT_USAGE;
	}
	if (failed) {
		log_error("%s", error.message);
		reports_finish(&reports, NULL);
	} else {
		for (size_t i = 0; i < saved.result.finding_count; i++)
			reports_settled(&reports, &saved.result, saved.result.findings[i]);
		code = code_of(options, &saved.result);
		if (!reports_finish(&reports, &saved.result))
			code = EXIT_INCOMPLETE;
	}
	saved_release(&saved);
	return code;
}
