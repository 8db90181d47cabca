/*
 * Where the repository that is being scanned lives, as far as the CI system that runs the scan says so. Private to report/.
 */
#ifndef STAUNCH_REPORT_PROVENANCE_H
#define STAUNCH_REPORT_PROVENANCE_H

struct provenance {
	char *repository;     /* owned: its page, "https://github.com/owner/name"; NULL: not known, and then nothing else is */
	const char *revision; /* the commit that is checked out, in hexadecimal; NULL: not known. Borrowed from the environment */
	const char *branch;   /* NULL: not known. Borrowed from the environment */
};

/*
 * From the environment of GitHub Actions (GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_SHA, GITHUB_REF_NAME:
 * docs.github.com, "Variables reference") or GitLab CI (CI_PROJECT_URL, CI_COMMIT_SHA, CI_COMMIT_REF_NAME: docs.gitlab.com,
 * "Predefined CI/CD variables reference"). An address that is not https, or that holds a user's name, counts as none. The
 * repository's own configuration is not asked: remote addresses are where people keep tokens.
 */
void provenance_find(struct provenance *provenance);
void provenance_release(struct provenance *provenance);

#endif
