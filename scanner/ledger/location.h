/*
 * Where a ledger is: a path, a file: URI, a postgresql:// URI, or the default. Private to ledger/.
 */
#ifndef STAUNCH_LEDGER_LOCATION_H
#define STAUNCH_LEDGER_LOCATION_H

#include "base/error.h"

#include <stdbool.h>

struct location {
	bool postgres;
	bool is_default; /* its folder is made when it is missing */
	char *path;      /* owned: of the file; for PostgreSQL the URI, which may hold a password: never show it */
	char *name;      /* owned: how it is shown */
};

/*
 * Understand uri (NULL: the default, $XDG_STATE_HOME/staunch/ledger.db, or ~/.local/state/staunch/ledger.db). Returns
 * 0, or ERROR_CONFIGURATION; then nothing is owned.
 */
int location_parse(struct location *location, const char *uri, struct error *error);
void location_release(struct location *location);

/* Make the default's folder, for its owner alone, with those above it. Returns 0 or ERROR_IO. */
int location_make_folder(const struct location *location, struct error *error);

#endif
