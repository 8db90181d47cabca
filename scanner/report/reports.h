/*
 * All reports of one run: opened together before anything is scanned, told together, finished together.
 */
#ifndef STAUNCH_REPORT_REPORTS_H
#define STAUNCH_REPORT_REPORTS_H

#include "report/report.h"

struct reports {
	struct report **reports; /* owned: count of them */
	size_t count;
};

/*
 * Open one for each of formats (format_count of them, as report_open() takes them; none: human on standard output). Returns 0,
 * ERROR_IO or ERROR_CONFIGURATION, the latter also when two would go to standard output. Finish them in either case.
 */
int reports_open(struct reports *reports, char *const *formats, size_t format_count, enum report_color color, struct error *error);

/* A finding that is settled, in report order. */
void reports_settled(struct reports *reports, const struct report_result *result, const struct finding *finding);

/*
 * Finish all (or, with a NULL result, drop them). What could not be written has been said on stderr. Returns whether each was
 * written whole; nothing is owned afterwards.
 */
bool reports_finish(struct reports *reports, const struct report_result *result);

#endif
