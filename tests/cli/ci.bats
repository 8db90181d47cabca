#!/usr/bin/env bats
# staunch git --ci: the range from the variables of each CI system, and exit 3 where the clone cannot tell it.

load helpers
load hooks

# make_clone [CLONE-OPTION...]: origin has main (base: c0 c1) and topic (from c0: t1 t2, each with a key of its own: ${keys[0]} ${keys[1]}); this is a
# clone of it that has topic checked out
make_clone() {
	keys=($(new_key 2))
	make_repository origin
	echo a >a
	commit '2024-01-01T00:00:00 +0000'
	c0=$commit
	git checkout -qb topic
	printf '%s\n' "${keys[0]}" >t1
	commit '2024-01-02T00:00:00 +0000'
	t1=$commit
	printf '%s\n' "${keys[1]}" >t2
	commit '2024-01-03T00:00:00 +0000'
	t2=$commit
	git checkout -q main
	echo b >b
	commit '2024-01-04T00:00:00 +0000'
	c1=$commit
	cd "$T"
	git clone -q --no-single-branch "$@" "file://$T/origin" clone
	cd clone
	git checkout -q topic
	zeros=0000000000000000000000000000000000000000
}

# ci VARIABLE=VALUE...: run it as a job with these variables
ci() {
	local -x "$@"
	staunch git --ci -f json
}

# expect_range WORDS COMMITS KEY...: what was said, how many commits that are, and what is in them
expect_range() {
	local words=$1 commits=$2
	shift 2
	expect_status $(($# > 0))
	expect_message "staunch: $words"
	expect '.targets | map([.kind, .commits])' "[[\"range\",$commits]]"
	expect_found "$@"
}

@test "ci: no CI" {
	make_clone
	staunch git --ci
	expect_status 2
	expect_message 'GITHUB_ACTIONS, GITLAB_CI, BUILDKITE, CIRCLECI, TF_BUILD, JENKINS_URL, BITBUCKET_BUILD_NUMBER'
	[ ! -s "$OUT" ]
	for arguments in '--ci --staged' "--ci --range $c0..$t1"; do
		staunch git $arguments
		expect_status 2
	done
}

@test "ci: GitHub Actions, a pull request" {
	make_clone
	jq -n --arg base "$c1" --arg head "$t2" '{pull_request: {base: {sha: $base}, head: {sha: $head}, title: "\"base\": {\"sha\":"}}' >"$T/event"
	ci GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH="$T/event" GITHUB_BASE_REF=main GITHUB_SHA="$c0"
	expect_range "GitHub Actions: $c1..$t2 (the pull request's base and head)" 2 "${keys[@]}"
	# without the file, from the name of the branch
	ci GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_BASE_REF=main GITHUB_SHA="$t2"
	expect_range "GitHub Actions: refs/remotes/origin/main..$t2" 2 "${keys[@]}"
}

@test "ci: GitHub Actions, a push, a new branch, a forced one, the default branch, a merge group" {
	make_clone
	event() { jq -n --arg before "$1" --arg after "$2" --argjson forced "${3:-false}" \
		'{before: $before, after: $after, forced: $forced, repository: {default_branch: "main"}}' >"$T/event"; }
	local -x GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_EVENT_PATH=$T/event GITHUB_SHA=$t2
	event "$t1" "$t2"
	ci
	expect_range "GitHub Actions: $t1..$t2 (before and after of the push)" 1 "${keys[1]}"
	event "$zeros" "$t2"
	ci
	expect_range "GitHub Actions: refs/remotes/origin/main..$t2 (the default branch)" 2 "${keys[@]}"
	event 0123456789012345678901234567890123456789 "$t2" true
	ci
	expect_range "GitHub Actions: refs/remotes/origin/main..$t2 (the default branch)" 2 "${keys[@]}"
	# the default branch itself, begun or forced: everything that leads to it
	event "$zeros" "$c1"
	ci
	expect_range "GitHub Actions: refs/remotes/origin/main..$c1" 2
	expect_message 'nothing lies between'
	jq -n --arg base "$t1" --arg head "$t2" '{merge_group: {base_sha: $base, head_sha: $head}}' >"$T/event"
	ci GITHUB_EVENT_NAME=merge_group
	expect_range "GitHub Actions: $t1..$t2 (the merge group's base and head)" 1 "${keys[1]}"
}

@test "ci: GitHub Actions, events without a range, and files that are none" {
	make_clone
	local -x GITHUB_ACTIONS=true GITHUB_SHA=$t2 GITHUB_EVENT_PATH=$T/event
	echo '{}' >"$T/event"
	for name in schedule workflow_dispatch ''; do
		ci GITHUB_EVENT_NAME=$name
		expect_status 2
		expect_message "the event '$name' of GitHub Actions names no range"
	done
	for text in '' '{' '[' 'x'; do
		printf %s "$text" >"$T/event"
		ci GITHUB_EVENT_NAME=push
		expect_status 2
		expect_message 'is no JSON'
	done
	ci GITHUB_EVENT_NAME=push GITHUB_EVENT_PATH="$T/none"
	expect_status 2
	# what stands in the place of a commit and is none
	echo '{"pull_request": {"base": {"sha": "--output=x"}, "head": {"sha": "HEAD"}}}' >"$T/event"
	ci GITHUB_EVENT_NAME=pull_request GITHUB_BASE_REF=--output=x
	expect_status 3
	ci GITHUB_EVENT_NAME=pull_request GITHUB_BASE_REF=main..topic
	expect_status 2
}

# table: SYSTEM | VARIABLES | RANGE AND SOURCE | COMMITS | KEYS
@test "ci: each other system, by a table" {
	make_clone
	while IFS='|' read -r variables words commits found; do
		eval "variables=($variables)"
		eval "words=\"$words\""
		eval "found=($found)"
		echo "# $words"
		ci "${variables[@]}"
		expect_range "$words" "$commits" "${found[@]}"
	done <<-'END'
		GITLAB_CI=true CI_COMMIT_SHA=$t2 CI_MERGE_REQUEST_DIFF_BASE_SHA=$c0 CI_COMMIT_BEFORE_SHA=$zeros|GitLab CI: $c0..$t2 (CI_MERGE_REQUEST_DIFF_BASE_SHA)|2|${keys[@]}
		GITLAB_CI=true CI_COMMIT_SHA=$t2 CI_COMMIT_BEFORE_SHA=$t1 CI_DEFAULT_BRANCH=main|GitLab CI: $t1..$t2 (CI_COMMIT_BEFORE_SHA)|1|${keys[1]}
		GITLAB_CI=true CI_COMMIT_SHA=$t2 CI_COMMIT_BEFORE_SHA=$zeros CI_DEFAULT_BRANCH=main|GitLab CI: refs/remotes/origin/main..$t2 (CI_DEFAULT_BRANCH)|2|${keys[@]}
		GITLAB_CI=true CI_COMMIT_SHA=$c1 CI_COMMIT_BEFORE_SHA=$zeros CI_DEFAULT_BRANCH=main|GitLab CI: refs/remotes/origin/main..$c1 (CI_DEFAULT_BRANCH)|2|
		BUILDKITE=true BUILDKITE_COMMIT=$t2 BUILDKITE_PULL_REQUEST=7 BUILDKITE_PULL_REQUEST_BASE_BRANCH=main|Buildkite: refs/remotes/origin/main..$t2 (BUILDKITE_PULL_REQUEST_BASE_BRANCH)|2|${keys[@]}
		BUILDKITE=true BUILDKITE_COMMIT=$t2 BUILDKITE_PULL_REQUEST=false BUILDKITE_PIPELINE_DEFAULT_BRANCH=main|Buildkite: refs/remotes/origin/main..$t2 (BUILDKITE_PIPELINE_DEFAULT_BRANCH)|2|${keys[@]}
		BUILDKITE=true BUILDKITE_COMMIT=$c1 BUILDKITE_PULL_REQUEST=false BUILDKITE_PIPELINE_DEFAULT_BRANCH=main|Buildkite: refs/remotes/origin/main..$c1 (BUILDKITE_PIPELINE_DEFAULT_BRANCH)|2|
		CIRCLECI=true CIRCLE_SHA1=$t2|CircleCI: refs/remotes/origin/HEAD..$t2 (the default branch)|2|${keys[@]}
		TF_BUILD=True BUILD_SOURCEVERSION=$t2 SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main|Azure Pipelines: refs/remotes/origin/main..$t2 (SYSTEM_PULLREQUEST_TARGETBRANCH)|2|${keys[@]}
		TF_BUILD=True BUILD_SOURCEVERSION=$t1|Azure Pipelines: all that leads to $t1|2|${keys[0]}
		JENKINS_URL=http://j/ GIT_COMMIT=$t2 CHANGE_TARGET=main|Jenkins: refs/remotes/origin/main..$t2 (CHANGE_TARGET)|2|${keys[@]}
		JENKINS_URL=http://j/ GIT_COMMIT=$t2 GIT_PREVIOUS_SUCCESSFUL_COMMIT=$t1|Jenkins: $t1..$t2 (GIT_PREVIOUS_SUCCESSFUL_COMMIT)|1|${keys[1]}
		JENKINS_URL=http://j/ GIT_COMMIT=$t2 GIT_PREVIOUS_SUCCESSFUL_COMMIT=$t2|Jenkins: $t2..$t2 (GIT_PREVIOUS_SUCCESSFUL_COMMIT)|0|
		JENKINS_URL=http://j/ GIT_COMMIT=$t2|Jenkins: all that leads to $t2|3|${keys[@]}
		BITBUCKET_BUILD_NUMBER=1 BITBUCKET_COMMIT=$t2 BITBUCKET_PR_DESTINATION_COMMIT=${c1:0:12}|Bitbucket Pipelines: ${c1:0:12}..$t2 (BITBUCKET_PR_DESTINATION_COMMIT)|2|${keys[@]}
		BITBUCKET_BUILD_NUMBER=1 BITBUCKET_COMMIT=$t2 BITBUCKET_PR_DESTINATION_BRANCH=main|Bitbucket Pipelines: refs/remotes/origin/main..$t2 (BITBUCKET_PR_DESTINATION_BRANCH)|2|${keys[@]}
		BITBUCKET_BUILD_NUMBER=1 BITBUCKET_COMMIT=$t2|Bitbucket Pipelines: all that leads to $t2|3|${keys[@]}
	END
}

@test "ci: a system that does not say which commit" {
	make_clone
	for variables in 'GITLAB_CI=1' 'BUILDKITE=1' 'CIRCLECI=1' 'TF_BUILD=1' 'JENKINS_URL=1' 'BITBUCKET_BUILD_NUMBER=1'; do
		ci $variables
		expect_status 2
		expect_message 'does not say which commit'
	done
	ci GITLAB_CI=1 CI_COMMIT_SHA=--all CI_COMMIT_BEFORE_SHA="$t1"
	expect_status 2
}

@test "ci: a clone too shallow to know the range" {
	make_clone --depth 1
	jq -n --arg base "$c0" --arg head "$t2" '{pull_request: {base: {sha: $base}, head: {sha: $head}}}' >"$T/event"
	ci GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH="$T/event"
	expect_status 3
	expect '.incomplete | length' 1
	json '.incomplete[0].detail' | grep -qF 'fetch-depth: 0'
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$c0"
	expect_status 3
	json '.incomplete[0].detail' | grep -qF 'GIT_DEPTH: 0'
	# both ends are there, and not what lies between: what is there is scanned
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$c1"
	expect_status 3
	expect_message 'GIT_DEPTH: 0'
	for variables in "BUILDKITE=1 BUILDKITE_COMMIT=$t2 BUILDKITE_PULL_REQUEST=1 BUILDKITE_PULL_REQUEST_BASE_BRANCH=none" \
		"CIRCLECI=1 CIRCLE_SHA1=$c0" "TF_BUILD=1 BUILD_SOURCEVERSION=$t2 SYSTEM_PULLREQUEST_TARGETBRANCH=none" \
		"JENKINS_URL=1 GIT_COMMIT=$t2 CHANGE_TARGET=none" "BITBUCKET_BUILD_NUMBER=1 BITBUCKET_COMMIT=$t2 BITBUCKET_PR_DESTINATION_COMMIT=$c0"; do
		ci $variables
		expect_status 3
		expect '[.findings, (.incomplete | length)]' '[[],1]'
	done
}

@test "ci: GitLab, a push over what no clone has any more: the default branch counts for it" {
	make_clone
	gone=${zeros//0/7}
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$gone" CI_DEFAULT_BRANCH=main
	expect_status 1
	expect '[(.findings | length), .targets[0].commits]' '[2,2]'
	expect_message "'$gone' is not in this clone"
	# the default branch itself: then all of it
	git -C "$T/origin" update-ref refs/heads/main "$t2"
	git fetch -q
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$gone" CI_DEFAULT_BRANCH=main
	expect '[(.findings | length), .targets[0].commits]' '[2,3]'
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$gone" CI_DEFAULT_BRANCH=none
	expect_status 3
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$gone"
	expect_status 3
}

@test "ci: a tag named as the commit before does not stand for it" {
	make_clone --depth 1
	git update-ref "refs/tags/$c0" "$t2"
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$c0"
	expect_status 3
	json '.incomplete[0].detail' | grep -qF 'GIT_DEPTH: 0'
	# nor where that is here
	git fetch -q --unshallow
	ci GITLAB_CI=true CI_COMMIT_SHA="$t2" CI_COMMIT_BEFORE_SHA="$c0"
	expect '.findings | length' 2
}

# ready NAME FILTER: a file of ours for a CI system as JSON in $T/NAME.json, held against the system's schema; what jq makes of it
ready() {
	local -A files=([github-action]=.github/actions/staunch/action.yml [gitlab-ci]=.gitlab/staunch.yml)
	local file=$BATS_TEST_DIRNAME/../../${files[$1]}
	python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)' "$file" >"$T/$1.json"
	"$BATS_TEST_DIRNAME/../schemas/validate" "$1.json" "$T/$1.json" >&2
	jq -r "$2" "$T/$1.json"
}

@test "ci: the GitHub action, its steps run as the runner runs them" {
	make_clone
	jq -n --arg base "$t1" --arg head "$t2" '{pull_request: {base: {sha: $base}, head: {sha: $head}}}' >"$T/event"
	# a checkout of the action whose make only notes what it is asked for
	action=$T/action/.github/actions/staunch
	mkdir -p "$action" "$T/action/build" "$T/bin"
	ln -s "$STAUNCH" "$T/action/build/staunch"
	printf '#!/bin/sh\necho "$PWD: $*" >>"%s/made"\n' "$T" >"$T/bin/make"
	chmod +x "$T/bin/make"
	ready github-action '.runs.steps[0].run' >"$T/build.sh"
	ready github-action '.runs.steps[1].run' >"$T/scan.sh"
	[ "$(jq -r '.runs | [.using, (.steps | length), (.steps[] | .shell)] | join(" ")' "$T/github-action.json")" = 'composite 2 bash bash' ]
	[ "$(jq -rc '.inputs | map_values(.default)' "$T/github-action.json")" = '{"revoke":"false","arguments":"","format":"github","path":"."}' ]
	# nothing of an input is put into a script, where it would be run
	refute grep -F '${{' "$T/build.sh" "$T/scan.sh"
	[ "$(jq -r '.runs.steps[1].env | to_entries[] | [.key, .value] | join(" ")' "$T/github-action.json")" = \
		"STAUNCH_DRY_RUN \${{ inputs.revoke == 'true' && '0' || '1' }}
STAUNCH_ARGUMENTS \${{ inputs.arguments }}
STAUNCH_FORMAT \${{ inputs.format }}
STAUNCH_PATH \${{ inputs.path }}" ]
	local -x GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH=$T/event GITHUB_ACTION_PATH=$action BUILD=elsewhere \
		GITHUB_STEP_SUMMARY=$T/summary GITHUB_SHA=$t2
	PATH="$T/bin:$PATH" bash --noprofile --norc -e -o pipefail "$T/build.sh"
	[ "$(head -n 1 "$T/made")" = "$T/action: deps" ]
	grep -qE "^$T/action: -j[0-9]+ BUILD=build WERROR= all$" "$T/made"
	local -x STAUNCH_DRY_RUN=1 STAUNCH_FORMAT=github STAUNCH_PATH=. STAUNCH_ARGUMENTS=
	next_run
	status=0
	bash --noprofile --norc -e -o pipefail "$T/scan.sh" >"$OUT" 2>"$ERR" || status=$?
	keep_output
	expect_status 1
	expect_message '::error file=t2,line=1' "$OUT"
	expect_message "${t1:0:7}" "$ERR"
	grep -qF "<code>t2&#58;1&#58;1</code>" "$GITHUB_STEP_SUMMARY"
	# options on lines of their own; one that does not exist is exit code 2
	STAUNCH_ARGUMENTS="-f json:$T/json
--exit-zero"
	bash --noprofile --norc -e -o pipefail "$T/scan.sh" >"$OUT" 2>"$ERR"
	expect '.findings | length' 1 "$T/json"
	for argument in --such '*' '$(touch x)' ';true'; do
		status=0
		STAUNCH_ARGUMENTS=$argument bash --noprofile --norc -e -o pipefail "$T/scan.sh" >"$OUT" 2>"$ERR" || status=$?
		expect_status 2
	done
	refute test -e x
	# another folder
	cd "$T"
	status=0
	STAUNCH_ARGUMENTS= STAUNCH_PATH=clone bash --noprofile --norc -e -o pipefail "$T/scan.sh" >"$OUT" 2>"$ERR" </dev/null || status=$?
	expect_status 1
}

@test "ci: the file for GitLab, its script run as the runner runs it" {
	make_clone
	ready gitlab-ci '.staunch.script[]' >"$T/script.sh"
	[ "$(jq -r '.staunch.variables | [.GIT_DEPTH, .STAUNCH_DRY_RUN] | join(" ")' "$T/gitlab-ci.json")" = '0 1' ]
	mkdir "$T/bin"
	ln -s "$STAUNCH" "$T/bin/staunch"
	# the runner's clone is of one commit, has no branch but that, and a detached HEAD
	git checkout -q --detach
	git update-ref -d refs/remotes/origin/main
	local -x PATH=$T/bin:$PATH STAUNCH_DRY_RUN=1 GITLAB_CI=true CI_COMMIT_SHA=$t2 CI_COMMIT_BEFORE_SHA=$zeros CI_DEFAULT_BRANCH=main
	next_run
	status=0
	sh -e "$T/script.sh" >"$OUT" 2>"$ERR" || status=$?
	keep_output
	expect_status 1
	expect_message "GitLab CI: refs/remotes/origin/main..$t2 (CI_DEFAULT_BRANCH)"
	expect_message '2 keys in 2 places' "$OUT"
}

@test "ci: the stage for Jenkins in the README is what a shell takes" {
	make_clone
	sed -n "s/^ *stage('staunch') { steps { sh '\(.*\)' } }.*/\1/p" "$BATS_TEST_DIRNAME/../../README.md" >"$T/script.sh"
	[ "$(wc -l <"$T/script.sh")" = 1 ]
	mkdir "$T/bin"
	ln -s "$STAUNCH" "$T/bin/staunch"
	next_run
	status=0
	PATH=$T/bin:$PATH JENKINS_URL=http://j/ GIT_COMMIT=$t2 CHANGE_TARGET=main sh -xe "$T/script.sh" >"$OUT" 2>"$ERR" || status=$?
	keep_output
	expect_status 1
	expect_message "Jenkins: refs/remotes/origin/main..$t2 (CHANGE_TARGET)"
}

@test "ci: the ready files name what there is" {
	root=$BATS_TEST_DIRNAME/../..
	"$STAUNCH" --help >"$T/help"
	for file in .github/actions/staunch/action.yml .gitlab/staunch.yml README.md; do
		grep -q -- '--ci' "$root/$file"
		# every option that stands in them is one
		grep -o -- '^ *\(-\|run:\)\? *.*staunch git.*' "$root/$file" | grep -o -- ' --[a-z-]*' | sort -u | while read -r option; do
			grep -q -- "$option" "$T/help" || { echo "$file: $option"; exit 1; }
		done
	done
	python3 -c 'import sys, yaml; [yaml.safe_load(open(f)) for f in sys.argv[1:]]' "$root/.github/actions/staunch/action.yml" \
		"$root/.gitlab/staunch.yml" "$root/.pre-commit-hooks.yaml" || skip "no YAML parser to check the files with"
}
