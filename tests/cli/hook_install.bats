#!/usr/bin/env bats
# staunch hook install and uninstall: the right folder, what is there already, and everything as it was afterwards.

load helpers
load hooks

# look NAME: type, mode and content of a file, to compare
look() { stat -c '%F %a %Y %i' "$1"; if [ -L "$1" ]; then readlink "$1"; else sha256sum <"$1"; fi; }

# a hook that notes that it ran, with what
make_earlier() {
	mkdir -p "${1%/*}"
	printf '#!/bin/sh\nprintf "%%s|" "$@" >>"%s/earlier"\ncat >>"%s/earlier"\nexit %s\n' "$T" "$T" "${2:-0}" >"$1"
	chmod 751 "$1"
}

@test "install: into the folder of git's hooks, executable, and twice is as once" {
	make_repository
	install_hook
	expect_message "pre-commit: installed in '$PWD/.git/hooks'"
	[ "$(stat -c %a .git/hooks/pre-commit)" = 755 ]
	cp .git/hooks/pre-commit "$T/first"
	install_hook pre-commit
	expect_message 'pre-commit: installed already'
	cmp .git/hooks/pre-commit "$T/first"
	[ "$(ls .git/hooks | grep -v '\.sample$')" = pre-commit ]
	staunch hook uninstall
	expect_status 0
	[ -z "$(ls .git/hooks | grep -v '\.sample$')" ]
	staunch hook uninstall
	expect_status 0
	expect_message "no hook of staunch is in"
}

@test "install: --all, several names, and a folder that is missing" {
	make_repository
	rm -rf .git/hooks
	install_hook --all
	[ "$(ls .git/hooks | tr '\n' ' ')" = 'pre-commit pre-push pre-receive ' ]
	staunch hook uninstall pre-push pre-receive
	[ "$(ls .git/hooks)" = pre-commit ]
}

@test "install: from a subfolder, in a linked worktree, in a bare repository" {
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	mkdir sub
	cd sub
	install_hook
	[ -x ../.git/hooks/pre-commit ]
	staunch hook uninstall
	git worktree add -q ../../linked
	cd ../../linked
	install_hook
	[ -x ../repo/.git/hooks/pre-commit ]
	git init -q --bare ../bare
	cd ../bare
	install_hook
	[ "$(ls hooks | grep -v '\.sample$')" = pre-receive ]
}

@test "install: core.hooksPath of this repository, absolute and relative" {
	make_repository
	git config core.hooksPath "$T/elsewhere"
	install_hook
	[ -x "$T/elsewhere/pre-commit" ]
	git config core.hooksPath .githooks
	mkdir sub
	cd sub
	install_hook
	[ -x ../.githooks/pre-commit ]
	expect_message 'belongs to the working tree'
	[ ! -e ../.git/hooks/pre-commit ]
}

@test "install: core.hooksPath of all repositories is left alone without --force" {
	make_repository
	cp "$GIT_CONFIG_GLOBAL" "$T/config"
	local -x GIT_CONFIG_GLOBAL=$T/config
	git config --global core.hooksPath "$T/all"
	staunch hook install
	expect_status 2
	expect_message 'for all your repositories'
	[ ! -e "$T/all" ]
	install_hook --force
	[ -x "$T/all/pre-commit" ]
	# the repository's own counts before it
	git config core.hooksPath "$T/own"
	install_hook
	[ -x "$T/own/pre-commit" ]
}

@test "install: what git would not run is no folder for hooks" {
	make_repository
	git config core.hooksPath /dev/null
	staunch hook install
	expect_status 2
	expect_message 'it is no folder'
	git config core.hooksPath .husky/_
	staunch hook install
	expect_status 2
	expect_message 'husky'
	[ ! -e .husky ]
}

@test "install: an empty core.hooksPath is no folder for hooks" {
	make_repository
	git config core.hooksPath ''
	staunch hook install
	expect_status 2
	expect_message 'core.hooksPath is empty'
	[ "$(ls -A)" = .git ]
}

@test "install: a hook that is there is kept, runs with its arguments and input, and comes back bit for bit" {
	make_repository
	for hook in pre-commit pre-push; do
		make_earlier .git/hooks/$hook
		look .git/hooks/$hook >"$T/$hook.before"
		install_hook $hook
		expect_message "$hook.before-staunch"
		install_hook $hook
		look .git/hooks/$hook.before-staunch | cmp - "$T/$hook.before"
	done
	echo a >a
	git add a
	git_runs commit -qm a
	expect_passed
	[ "$(cat "$T/earlier")" = '|' ]
	: >"$T/earlier"
	git init -q --bare ../server
	git_runs push -q ../server HEAD:refs/heads/main HEAD:refs/heads/other
	expect_passed
	id=$(git rev-parse HEAD) none=0000000000000000000000000000000000000000
	printf '../server|../server|HEAD %s refs/heads/main %s\nHEAD %s refs/heads/other %s\n' "$id" "$none" "$id" "$none" | cmp - "$T/earlier"
	for hook in pre-commit pre-push; do
		staunch hook uninstall $hook
		expect_message 'what was there before is back'
		look .git/hooks/$hook | cmp - "$T/$hook.before"
	done
	[ ! -e .git/hooks/pre-commit.before-staunch ]
}

@test "install: an earlier hook that fails stops the commit, the push, and what is pushed to" {
	make_repository
	make_earlier .git/hooks/pre-commit 7
	install_hook
	echo a >a
	git add a
	git_runs commit -qm a
	[ "$status" -ne 0 ]
	git commit -qnm a
	make_earlier .git/hooks/pre-push 7
	install_hook pre-push
	git init -q --bare ../server
	git_runs push -q ../server main
	[ "$status" -ne 0 ]
	rm .git/hooks/pre-push
	make_earlier ../server/hooks/pre-receive 7
	(cd ../server && install_hook)
	git_runs push -q ../server main
	[ "$status" -ne 0 ]
	grep -F 'refs/heads/main' "$T/earlier"
}

@test "install: a pre-commit hook that stages a key is seen, because it runs first" {
	key=$(new_key)
	make_repository
	printf '#!/bin/sh\nprintf "%%s\\n" "$(cat ../key)" >formatted\ngit add formatted\n' >.git/hooks/pre-commit
	printf '%s\n' "$key" >../key
	chmod +x .git/hooks/pre-commit
	install_hook
	echo a >a
	git add a
	git_runs commit -qm a
	expect_stopped 'commit stopped: it would add 1 key'
	grep -qF 'formatted:1:1' "$ERR"
}

@test "install: an earlier pre-push hook does not run when staunch stops the push" {
	make_repository
	new_key >a
	commit '2024-01-01T00:00:00 +0000'
	make_earlier .git/hooks/pre-push
	install_hook pre-push
	git init -q --bare ../server
	git_runs push -q ../server main
	expect_stopped 'push stopped'
	[ ! -e "$T/earlier" ]
}

@test "install: a hook that is a link, or not executable" {
	make_repository
	make_earlier tools/hook
	ln -s ../../tools/hook .git/hooks/pre-commit
	look .git/hooks/pre-commit >"$T/before"
	install_hook
	[ ! -L .git/hooks/pre-commit ]
	echo a >a
	git add a
	git_runs commit -qm a
	expect_passed
	[ -s "$T/earlier" ]
	staunch hook uninstall
	look .git/hooks/pre-commit | cmp - "$T/before"
	rm .git/hooks/pre-commit "$T/earlier"
	make_earlier .git/hooks/pre-commit
	chmod 640 .git/hooks/pre-commit
	install_hook
	expect_message 'it is not executable, so it does not run, as before'
	echo b >b
	git add b
	git_runs commit -qm b
	expect_passed
	[ ! -e "$T/earlier" ]
	staunch hook uninstall
	[ "$(stat -c %a .git/hooks/pre-commit)" = 640 ]
}

@test "install: nothing is lost when another tool wrote its own hook over ours" {
	make_repository
	make_earlier .git/hooks/pre-commit
	install_hook
	printf '#!/bin/sh\nexit 0\n' >"$T/other"
	cp "$T/other" .git/hooks/pre-commit
	staunch hook install
	expect_status 2
	expect_message 'remove one of the two'
	staunch hook uninstall
	expect_status 0
	cmp .git/hooks/pre-commit "$T/other"
	[ -e .git/hooks/pre-commit.before-staunch ]
}

@test "install: an install that was killed between its two steps is finished by the next" {
	make_repository
	make_earlier .git/hooks/pre-commit
	look .git/hooks/pre-commit >"$T/before"
	ln .git/hooks/pre-commit .git/hooks/pre-commit.before-staunch
	echo half >.git/hooks/pre-commit.staunch-new
	install_hook
	staunch hook uninstall
	look .git/hooks/pre-commit | cmp - "$T/before"
	[ "$(ls .git/hooks | grep -v '\.sample$')" = pre-commit ]
}

@test "install: a folder that cannot be written to, and no repository" {
	without_privileges
	make_repository
	chmod 555 .git/hooks
	staunch hook install
	expect_status 2
	expect_message 'Permission denied'
	chmod 755 .git/hooks
	cd "$T"
	staunch hook install
	expect_status 2
	expect_message 'hooks belong to a git repository'
}

@test "install: a program that is gone stops the commit and says so; one on PATH takes its place" {
	make_repository
	mkdir "$T/it's here"
	cp "$STAUNCH" "$T/it's here/staunch"
	STAUNCH="$T/it's here/staunch" install_hook
	echo a >a
	git add a
	git_runs commit -qm a
	expect_passed
	rm "$T/it's here/staunch"
	echo b >b
	git add b
	PATH=/usr/bin:/bin git_runs commit -qm b
	expect_stopped 'the program is gone, so nothing was scanned and this commit is stopped'
	mkdir "$T/bin"
	ln -s "$STAUNCH" "$T/bin/staunch"
	PATH=$T/bin:/usr/bin:/bin git_runs commit -qm b
	expect_passed
}

@test "install: what is asked for is in the hook's file; what is not for it is a mistake" {
	make_repository
	install_hook pre-commit --revoke --no-repo-config
	grep -qF 'hook run pre-commit --revoke --no-repo-config -- "$@" >&2' .git/hooks/pre-commit
	staunch hook uninstall
	for arguments in 'nosuch' 'pre-commit nosuch' '--all pre-commit' '-f json' '--endpoint a=b' '--dry-run'; do
		staunch hook install $arguments
		expect_status 2
		[ -z "$(ls .git/hooks | grep -v '\.sample$')" ]
	done
	for arguments in '' 'nosuch' 'run' 'run nosuch'; do
		staunch hook $arguments
		expect_status 2
		[ ! -s "$OUT" ]
	done
	staunch git --revoke
	expect_status 2
	staunch hook run pre-commit --exit-zero
	expect_status 2
}
