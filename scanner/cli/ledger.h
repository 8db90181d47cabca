/*
 * What the verbs of `ledger` share. Private to cli/.
 */
#ifndef STAUNCH_CLI_LEDGER_H
#define STAUNCH_CLI_LEDGER_H

#include "cli/commands.h"
#include "ledger/ledger.h"
#include "report/saved.h"

/* Which records the options ask for. filter->repository is owned by the caller. Returns 0 or ERROR_CONFIGURATION. */
int ledger_parse_filter(const struct options *options, struct ledger_filter *filter, struct error *error);

/* Open the options' ledger if there is one (else ERROR_NOT_FOUND). */
int ledger_open_existing(const struct options *options, struct ledger **ledger, struct error *error);

/*
 * What the options' ledger holds, or as much of it as they ask for, as a run that is over, for reports; *saved is finished. Returns 0;
 * ERROR_CONFIGURATION for the options, ERROR_NOT_FOUND when there is no such ledger, or another code for one that cannot be used.
 */
int ledger_read_run(struct saved *saved, const struct options *options, struct error *error);

/* ledger retry. */
enum exit_code ledger_retry(const struct options *options, const struct rule_set *rules);

#endif
