/*
 * The tables, and how an older ledger gets those of today. Private to ledger/.
 */
#ifndef STAUNCH_LEDGER_SCHEMA_H
#define STAUNCH_LEDGER_SCHEMA_H

#include "ledger/database.h"

#define SCHEMA_VERSION 3

/*
 * Bring the ledger to this version, in one transaction, step by step; 0 < version ≤ SCHEMA_VERSION (tests make old
 * ones with a lower one). A ledger that has it already is left alone.
 */
int schema_upgrade(struct database *database, int64_t version, struct error *error);

/*
 * Check that the ledger is of SCHEMA_VERSION: ERROR_UNSUPPORTED when it is newer, ERROR_NOT_FOUND when there is
 * nothing in it yet, ERROR_CONFIGURATION when it is older.
 */
int schema_check(struct database *database, struct error *error);

#endif
