/*
 * report: other reports of a run that is over.
 */
#include "cli/commands.h"

#include "base/log.h"
#include "report/reports.h"
#include "report/saved.h"

/*
 * Where the run is read from. A JSON report so far; whatever else comes to hold runs (a ledger) is chosen here, by the options.
 */
static int read_run(struct saved *saved, const struct options *options, struct error *error)
{
	return saved_read_json(saved, options->operands.items[0], error);
}

/* What was found in it makes no difference to the exit code: this is a conversion, and the run has had its own. */
enum exit_code command_report(const struct options *options, const struct rule_set *rules)
{
	struct reports reports = { 0 };
	enum exit_code code = EXIT_USAGE;
	struct saved saved;
	struct error error;
	int failed;

	saved_init(&saved, rules);
	failed = read_run(&saved, options, &error);
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
		code = reports_finish(&reports, &saved.result) ? EXIT_CLEAN : EXIT_INCOMPLETE;
	}
	saved_release(&saved);
	return code;
}
