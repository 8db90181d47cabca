/*
 * CI systems, one row each. What is known before a job's commits comes, in this order, from: the base of a pull request; the commit that the branch
 * was at before the push; the default branch. Where a system tells none of them, all that leads to the commit is looked at: more than was asked
 * for, never less.
 *
 * Sources, read in November 2026: docs.github.com/actions (contexts, events that trigger workflows), docs.gitlab.com/ci/variables/predefined_variables,
 * buildkite.com/docs/pipelines/environment-variables, circleci.com/docs/variables, learn.microsoft.com/azure/devops/pipelines/build/variables,
 * plugins.jenkins.io/git and /branch-api, support.atlassian.com/bitbucket-cloud (variables and secrets).
 */
#include "cli/ci.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* A variable, or NULL where it is not set or empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* A commit, or NULL where there is none: systems write zeros for it. */
static const char *commit(const char *value)
{
	return value && value[strspn(value, "0")] ? value : NULL;
}

/* Both ends; a NULL base: everything that leads to head. Names that git would take for an option or a range are none. */
static int set_range(struct ci_range *range, const char *base, const char *head, const char *why, struct error *error)
{
	const char *ends[] = { base, head };

	for (size_t i = 0; i < 2; i++) {
		if (ends[i] && (*ends[i] == '-' || *ends[i] == '^' || strstr(ends[i], "..")))
			return error_set(error, ERROR_CONFIGURATION, "%s: '%s' is no commit", range->system, ends[i]);
	}
	if (!head)
		return error_set(error, ERROR_CONFIGURATION, "%s does not say which commit this job is about (%s)", range->system, why);
	range->base = memory_copy_string(base);
	range->head = memory_copy_string(head);
	range->why = memory_copy_string(why);
	return 0;
}

/* Against a branch of origin. */
static int set_branch(struct ci_range *range, const char *branch, const char *head, const char *why, struct error *error)
{
	static const char heads[] = "refs/heads/";
	char *base;
	int result;

	if (!branch)
		return set_range(range, NULL, head, why, error);
	if (!strncmp(branch, heads, strlen(heads)))
		branch += strlen(heads);
	base = memory_format("refs/remotes/origin/%s", branch);
	range->base_is_branch = true;
	result = set_range(range, base, head, why, error);
	free(base);
	return result;
}

static int github(struct ci_range *range, struct error *error)
{
	const char *name = variable("GITHUB_EVENT_NAME"), *path = variable("GITHUB_EVENT_PATH"), *sha = variable("GITHUB_SHA");
	struct ci_event event = { 0 };
	int result = 0;

	if (path)
		result = ci_event_read(&event, path, error);
	if (!name)
		name = "";
	if (result) {
		/* said already */
	} else if (event.pull_base && event.pull_head) {
		result = set_range(range, event.pull_base, event.pull_head, "the pull request's base and head", error);
	} else if (variable("GITHUB_BASE_REF")) {
		result = set_branch(range, variable("GITHUB_BASE_REF"), sha, "GITHUB_BASE_REF and GITHUB_SHA", error);
	} else if (event.group_base && event.group_head) {
		result = set_range(range, event.group_base, event.group_head, "the merge group's base and head", error);
	} else if (strcmp(name, "push") != 0) {
		result = error_set(error, ERROR_CONFIGURATION,
				   "the event '%s' of GitHub Actions names no range of commits: use `staunch git` for all of them", name);
	} else if (commit(event.before) && !event.forced) {
		result = set_range(range, event.before, event.after ? event.after : sha, "before and after of the push", error);
	} else {
		/* a new branch; or what was pushed over, which no clone has any more */
		result = set_branch(range, event.default_branch, event.after ? event.after : sha, "the default branch", error);
	}
	ci_event_release(&event);
	return result;
}

static int gitlab(struct ci_range *range, struct error *error)
{
	const char *head = variable("CI_COMMIT_SHA");

	if (variable("CI_MERGE_REQUEST_DIFF_BASE_SHA"))
		return set_range(range, variable("CI_MERGE_REQUEST_DIFF_BASE_SHA"), head, "CI_MERGE_REQUEST_DIFF_BASE_SHA", error);
	if (variable("CI_DEFAULT_BRANCH"))
		range->base_else = memory_format("refs/remotes/origin/%s", variable("CI_DEFAULT_BRANCH"));
	if (commit(variable("CI_COMMIT_BEFORE_SHA")))
		return set_range(range, variable("CI_COMMIT_BEFORE_SHA"), head, "CI_COMMIT_BEFORE_SHA", error);
	return set_branch(range, variable("CI_DEFAULT_BRANCH"), head, "CI_DEFAULT_BRANCH", error);
}

static int buildkite(struct ci_range *range, struct error *error)
{
	const char *pull = variable("BUILDKITE_PULL_REQUEST"), *head = variable("BUILDKITE_COMMIT");

	if (pull && strcmp(pull, "false") != 0 && variable("BUILDKITE_PULL_REQUEST_BASE_BRANCH"))
		return set_branch(range, variable("BUILDKITE_PULL_REQUEST_BASE_BRANCH"), head, "BUILDKITE_PULL_REQUEST_BASE_BRANCH", error);
	return set_branch(range, variable("BUILDKITE_PIPELINE_DEFAULT_BRANCH"), head, "BUILDKITE_PIPELINE_DEFAULT_BRANCH", error);
}

static int circleci(struct ci_range *range, struct error *error)
{
	/* no variable names a base; the clone that its checkout step makes knows origin's default branch */
	return set_branch(range, "HEAD", variable("CIRCLE_SHA1"), "the default branch", error);
}

static int azure(struct ci_range *range, struct error *error)
{
	return set_branch(range, variable("SYSTEM_PULLREQUEST_TARGETBRANCH"), variable("BUILD_SOURCEVERSION"),
			  variable("SYSTEM_PULLREQUEST_TARGETBRANCH") ? "SYSTEM_PULLREQUEST_TARGETBRANCH" : "BUILD_SOURCEVERSION", error);
}

static int jenkins(struct ci_range *range, struct error *error)
{
	const char *head = variable("GIT_COMMIT"), *before = commit(variable("GIT_PREVIOUS_SUCCESSFUL_COMMIT"));

	if (variable("CHANGE_TARGET"))
		return set_branch(range, variable("CHANGE_TARGET"), head, "CHANGE_TARGET", error);
	return set_range(range, before, head, before ? "GIT_PREVIOUS_SUCCESSFUL_COMMIT" : "GIT_COMMIT", error);
}

static int bitbucket(struct ci_range *range, struct error *error)
{
	const char *head = variable("BITBUCKET_COMMIT");

	if (commit(variable("BITBUCKET_PR_DESTINATION_COMMIT")))
		return set_range(range, variable("BITBUCKET_PR_DESTINATION_COMMIT"), head, "BITBUCKET_PR_DESTINATION_COMMIT", error);
	return set_branch(range, variable("BITBUCKET_PR_DESTINATION_BRANCH"), head,
			  variable("BITBUCKET_PR_DESTINATION_BRANCH") ? "BITBUCKET_PR_DESTINATION_BRANCH" : "BITBUCKET_COMMIT", error);
}

static const struct ci_system {
	const char *variable, *name; /* the variable says that this system runs the job */
	int (*find)(struct ci_range *range, struct error *error);
	const char *if_missing;
} systems[] = {
	{ "GITHUB_ACTIONS", "GitHub Actions", github, "the clone is too shallow to know the range: give actions/checkout fetch-depth: 0" },
	{ "GITLAB_CI", "GitLab CI", gitlab,
	  "the clone is too shallow to know the range: set GIT_DEPTH: 0, and for a new branch git fetch origin $CI_DEFAULT_BRANCH:refs/remotes/origin/$CI_DEFAULT_BRANCH first" },
	{ "BUILDKITE", "Buildkite", buildkite, "the clone is too shallow to know the range: clone without --depth, or git fetch --unshallow first" },
	{ "CIRCLECI", "CircleCI", circleci, "the clone does not know origin's default branch: git remote set-head origin --auto first" },
	{ "TF_BUILD", "Azure Pipelines", azure, "the clone is too shallow to know the range: give the checkout step fetchDepth: 0" },
	{ "JENKINS_URL", "Jenkins", jenkins, "the clone is too shallow to know the range: switch off the shallow clone and let it fetch the target branch" },
	{ "BITBUCKET_BUILD_NUMBER", "Bitbucket Pipelines", bitbucket, "the clone is too shallow to know the range: set clone: depth: full" },
};

int ci_range_find(struct ci_range *range, struct error *error)
{
	*range = (struct ci_range){ 0 };
	for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++) {
		if (!variable(systems[i].variable))
			continue;
		range->system = systems[i].name;
		range->if_missing = systems[i].if_missing;
		return systems[i].find(range, error);
	}
	return error_set(error, ERROR_NOT_FOUND,
			 "--ci knows GitHub Actions, GitLab, Buildkite, CircleCI, Azure, Jenkins and Bitbucket by the variables they set "
			 "(GITHUB_ACTIONS, GITLAB_CI, BUILDKITE, CIRCLECI, TF_BUILD, JENKINS_URL, BITBUCKET_BUILD_NUMBER), and none is set: "
			 "elsewhere say --range A..B");
}

void ci_range_release(struct ci_range *range)
{
	free(range->base);
	free(range->base_else);
	free(range->head);
	free(range->why);
	*range = (struct ci_range){ 0 };
}
