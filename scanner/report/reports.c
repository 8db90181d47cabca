#include "report/reports.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>

int reports_open(struct reports *reports, char *const *formats, size_t format_count, enum report_color color, struct error *error)
{
	static char human[] = "human";
	char *const fallback[] = { human };
	size_t to_stdout = 0;

	*reports = (struct reports){ 0 };
	if (!format_count) {
		formats = fallback;
		format_count = 1;
	}
	reports->reports = memory_allocate_zeroed(format_count, sizeof(*reports->reports));
	for (; reports->count < format_count; reports->count++) {
		struct report **report = &reports->reports[reports->count];

		if (report_open(report, formats[reports->count], color, error))
			return error->code;
		to_stdout += report_to_stdout(*report);
	}
	if (to_stdout > 1)
		return error_set(error, ERROR_CONFIGURATION,
				 "%zu reports would go to standard output: write the others to a file, as -f json:FILE", to_stdout);
	return 0;
}

void reports_settled(struct reports *reports, const struct report_result *result, const struct finding *finding)
{
	for (size_t i = 0; i < reports->count; i++)
		report_settled(reports->reports[i], result, finding);
}

bool reports_finish(struct reports *reports, const struct report_result *result)
{
	bool whole = true;
	struct error error;

	for (size_t i = 0; i < reports->count; i++) {
		if (report_finish(reports->reports[i], result, &error)) {
			log_error("%s", error.message);
			whole = false;
		}
	}
	free(reports->reports);
	*reports = (struct reports){ 0 };
	return whole;
}
