/*
 * The commands: from options to what a room below does.
 */
#ifndef STAUNCH_CLI_COMMANDS_H
#define STAUNCH_CLI_COMMANDS_H

#include "broker/broker.h"
#include "cli/options.h"
#include "rule/rule.h"

/* Load the rules that the options ask for, for `rules check` and `rules test` those of the operands too. *set is owned by the caller. Returns 0 or a negative code. */
int command_load_rules(const struct options *options, struct rule_set *set, struct error *error);

/*
 * How the broker is to go about it, from the options: all but what is looked at. Returns 0 or a negative code; release it in
 * either case.
 */
int command_broker_options(const struct options *options, const struct rule_set *rules, struct broker_options *broker,
			   struct error *error);
void command_broker_options_release(struct broker_options *broker);

/* ledger list|export|verify|retry. */
enum exit_code command_ledger(const struct options *options, const struct rule_set *rules);

/* scan, git, dir, stdin, revoke. */
enum exit_code command_run(const struct options *options, const struct rule_set *rules);

/*
 * report FILE: the saved run in other formats. EXIT_CLEAN when they are written, whatever they hold; EXIT_USAGE when FILE is no report, EXIT_INCOMPLETE
 * when one cannot be written. report --ledger URI: what it holds, with the exit code that a scan would have that found it settled so.
 */
enum exit_code command_report(const struct options *options, const struct rule_set *rules);

/* A run on targets of the caller's making. hook is the hook that it is, or NULL; dry_run counts beside what the options say. */
enum exit_code command_run_targets(const struct options *options, const struct rule_set *rules,
				   const struct scan_target *targets, size_t count, const char *hook, bool dry_run);

/* hook install|uninstall|run. */
enum exit_code command_hook(const struct options *options, const struct rule_set *rules);

/* rules list|check|test. check looks at the enabled ones; test enables all of *rules. */
enum exit_code command_rules(const struct options *options, struct rule_set *rules);

/* --help, --version, --man and --completion: about the program itself, on standard output. */
enum exit_code command_tell(const struct options *options);

/* keys list|create|delete|rotate. */
enum exit_code command_keys(const struct options *options, const struct rule_set *rules);

#endif
