#!/usr/bin/env bats
# .pre-commit-hooks.yaml with the real pre-commit (pre-commit.com), and what husky and lefthook are told to run.

load helpers
load provider
load hooks

# make_configured ID: a repository whose commits pre-commit guards with this repository's hook ID
make_configured() {
	command -v pre-commit >/dev/null || skip "pre-commit is not installed"
	mkdir "$T/bin" "$T/hooks"
	ln -s "$STAUNCH" "$T/bin/staunch"
	PATH=$T/bin:$PATH
	export PRE_COMMIT_HOME=$T/pre-commit
	cp "$BATS_TEST_DIRNAME/../../.pre-commit-hooks.yaml" "$T/hooks/"
	git init -q "$T/hooks"
	(cd "$T/hooks" && commit '2024-01-01T00:00:00 +0000')
	make_repository
	printf 'repos:\n- repo: %s/hooks\n  rev: %s\n  hooks:\n  - id: %s\n' "$T" "$(git -C "$T/hooks" rev-parse HEAD)" "$1" >.pre-commit-config.yaml
	echo a >a
	commit '2024-01-01T00:00:00 +0000'
	pre-commit install >/dev/null
}

@test "pre-commit: the hook staunch passes, and stops a key" {
	make_configured staunch
	echo b >b
	git add b
	git_runs commit -m clean
	expect_status 0
	grep -q 'staunch.*Passed' "$ERR"
	key=$(new_key)
	printf '%s\n' "$key" >b
	git_runs commit -am key
	[ "$status" -ne 0 ]
	grep -q 'staunch.*Failed' "$ERR"
	expect_message 'staunch: commit stopped: it would add 1 key'
	expect_message '    b:1:1'
	# the staged content, with something else in the working tree
	git add b
	echo clean >b
	git_runs commit -m key
	[ "$status" -ne 0 ]
}

@test "pre-commit: beside our own hook, whichever came first" {
	make_configured staunch
	install_hook
	new_key >b
	git add b
	git_runs commit -m key
	expect_stopped 'commit stopped'
	staunch hook uninstall
	git_runs commit -m key
	[ "$status" -ne 0 ]
	grep -q 'staunch.*Failed' "$ERR"
}

# guarded_once: a clean commit passes through pre-commit's hook once, and a key is stopped by ours
guarded_once() {
	: >"$T/ran"
	date +%N >c
	git add c
	git_runs commit -m clean
	expect_status 0
	[ "$(wc -l <"$T/ran")" -eq 1 ]
	new_key >c
	git add c
	git_runs commit -m key
	expect_stopped 'commit stopped: it would add 1 key'
	git reset -q --hard
}

@test "pre-commit: installed before ours, after it, and each again: no circle" {
	make_configured staunch
	printf 'repos:\n- repo: local\n  hooks:\n  - {id: ran, name: ran, language: system, always_run: true, pass_filenames: false, entry: "sh -c \x27echo >>%s\x27"}\n' \
		"$T/ran" >.pre-commit-config.yaml
	git add .
	git commit -qnm local
	install_hook
	guarded_once
	pre-commit install >/dev/null
	guarded_once
	install_hook
	expect_message 'installed already'
	guarded_once
	staunch hook uninstall
	pre-commit uninstall >/dev/null
	rm -f .git/hooks/pre-commit*
	install_hook
	pre-commit install >/dev/null
	guarded_once
	install_hook
	expect_message 'installed already'
	guarded_once
	staunch hook uninstall
	expect_status 0
	expect_message 'pre-commit: removed'
	refute grep -rl staunch-hook .git/hooks
	# ours that nobody runs any more is none
	rm -f .git/hooks/pre-commit*
	install_hook
	pre-commit install >/dev/null
	printf '#!/bin/sh\n' >.git/hooks/pre-commit
	install_hook
	expect_message 'pre-commit: installed in'
	new_key >c
	git add c
	git_runs commit -m key
	expect_stopped 'commit stopped: it would add 1 key'
}

@test "pre-commit: the hook staunch-revoke revokes" {
	make_configured staunch-revoke
	provider_start
	printf '    args: [--endpoint, %s]\n' "$AT" >>.pre-commit-config.yaml
	git add .pre-commit-config.yaml
	git commit -qnm endpoint
	key=$(new_key)
	printf '%s\n' "$key" >b
	git add b
	next_run
	refute env STAUNCH_DRY_RUN= git commit -qm key >"$OUT" 2>"$ERR"
	keep_output
	expect_sent "$key"
	expect_message 'reported to Vercel: accepted'
}

@test "husky and lefthook: the line of the README in a hook of theirs" {
	grep -qF 'staunch hook run pre-commit' "$BATS_TEST_DIRNAME/../../README.md"
	make_repository
	mkdir "$T/bin" .husky
	ln -s "$STAUNCH" "$T/bin/staunch"
	PATH=$T/bin:$PATH
	git config core.hooksPath .husky
	echo 'staunch hook run pre-commit' >.husky/pre-commit
	chmod +x .husky/pre-commit
	new_key >a
	git add a
	git_runs commit -qm key
	expect_stopped 'commit stopped'
}
