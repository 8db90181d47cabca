/*
 * The broker process: everything with consequences. It starts the scan, believes nothing it says without a second look, keeps one
 * finding per credential, decides which are sent, has them revoked and writes the reports.
 */
#ifndef STAUNCH_BROKER_BROKER_H
#define STAUNCH_BROKER_BROKER_H

#include "finding.h"
#include "report/report.h"
#include "revoke/revoke.h"
#include "rule/rule.h"
#include "sandbox/sandbox.h"
#include "scan/scan.h"

#include <stdatomic.h>

/* Exit codes; each has a test (design section 1). */
enum exit_code {
	EXIT_CLEAN = 0,       /* everything was scanned, no credential found */
	EXIT_FOUND = 1,       /* credentials found, each settled or listed by a dry run */
	EXIT_USAGE = 2,       /* a mistake in the call or the configuration: nothing was scanned */
	EXIT_INCOMPLETE = 3,  /* something could not be scanned, or a credential could not be reported */
	EXIT_INTERRUPTED = 130,
};

/* A credential to look for, all others being left alone. */
struct broker_wanted {
	const char *fingerprint, *rule;
	const char *missing; /* what to say when it is not found */
};

struct broker_options {
	const struct rule_set *rules;
	const struct scan_target *targets; /* target_count of them; none for `revoke`, which reads credentials from standard input */
	size_t target_count;
	bool revoke_stdin;
	unsigned jobs;
	bool ignored, no_submodules;
	unsigned archive_depth; /* how many containers are followed inside each other; 0: none */
	bool progress; /* say on a terminal how far the scan is */
	bool verbose;
	enum sandbox_mode sandbox;
	unsigned cpu_limit_seconds; /* of the scan process; 0: none */
	unsigned decode_depth;      /* forms that are looked into, one in the other */
	bool dry_run, yes, exit_zero;
	bool own_keys; /* credentials may be used to revoke themselves */
	enum confidence min_confidence;
	unsigned long max_revocations;
	const char *hook;                  /* the hook that this run is, or NULL */
	bool no_repo_config;               /* what a repository allows does not count */
	const char *baseline;              /* a file of known keys, or NULL */
	const char *write_baseline;        /* where to write what is found, or NULL */
	char *const *formats; /* format_count specifications as report_open() takes them; none: human on standard output */
	size_t format_count;
	enum report_color color;
	struct revoke_options revoke;
	const char *ledger_uri; /* NULL: the default one */
	bool no_ledger;         /* nothing is claimed and nothing is remembered */
	bool resend;            /* also what earlier runs have settled */
	const struct broker_wanted *wanted; /* wanted_count of them, for `ledger retry`; none: every finding counts */
	size_t wanted_count;
};

/*
 * Have one finding revoked, as in any run: claimed in the ledger, sent unless another run settled it, recorded. Nobody is asked. The
 * finding came from standard input, with no place or with places in target 0; what came of it is in its revocation. *stop is as
 * in settle(): nonzero once a signal asked to stop.
 */
void broker_revoke(const struct broker_options *options, struct finding *finding, atomic_int *stop);

/* Do one run. Returns its exit code; what went wrong has been said on stderr and in the reports. */
enum exit_code broker_run(const struct broker_options *options);

#endif
