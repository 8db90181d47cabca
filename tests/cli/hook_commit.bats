#!/usr/bin/env bats
# The pre-commit hook, with the real git: what is committed is scanned, and nothing else; a key stops the commit, and is
# not revoked.

load helpers
load provider
load hooks

# make_hooked: a repository with a first commit (a b/c) and the hook
make_hooked() {
	make_repository
	mkdir b
	echo a >a
	echo c >b/c
	commit '2024-01-01T00:00:00 +0000'
	install_hook
}

@test "commit: a clean one passes in silence, one with a key is stopped with file, line and what to do" {
	key=$(new_key)
	make_hooked
	echo more >>a
	git_runs commit -qam clean
	expect_passed
	printf 'x\n  k=%s\n' "$key" >b/new
	git add b/new
	git_runs commit -qm key
	expect_stopped 'commit stopped: it would add 1 key'
	expect_message "  $(shortened "$key")  certain  Vercel AI Gateway API key"
	expect_message '    b/new:2:5'
	expect_message 'git add the file, and commit again'
	expect_message "  $(fingerprint "$key")"
	[ "$(git log --format=%s | head -n 1)" = clean ]
}

@test "commit: the staged content counts, not the working tree's" {
	make_hooked
	new_key >a
	git add a
	echo clean >a
	git_runs commit -qm staged
	expect_stopped 'commit stopped'
	git add a
	new_key >a
	new_key >untracked
	echo d >d
	git add d
	git_runs commit -qm clean
	expect_passed
}

@test "commit: -a, FILE, --amend, in a subfolder, with a message of its own" {
	make_hooked
	key=$(new_key)
	printf '%s\n' "$key" >a
	git_runs commit -qam key
	expect_stopped 'commit stopped'
	cd b
	git_runs commit -qm key ../a
	expect_stopped 'commit stopped'
	expect_message '    a:1:1'
	# the index has the key, and this commit does not take it
	git add ../a
	echo more >>c
	git_runs commit -qm clean c
	expect_passed
	git_runs commit -q --amend --no-edit
	expect_stopped 'commit stopped'
	git checkout -q HEAD -- ../a
	git_runs commit -q --amend -m again
	expect_passed
}

@test "commit: the first one" {
	make_repository
	install_hook
	new_key >a
	git add a
	git_runs commit -qm key
	expect_stopped 'commit stopped'
	echo a >a
	git add a
	git_runs commit -qm clean
	expect_passed
}

@test "commit: a merge, clean and in conflict" {
	make_hooked
	git checkout -qb side
	new_key >side
	git add side
	git commit -qnm 'a key that is there already'
	echo side >a
	git commit -qnam side
	git checkout -q main
	echo main >a
	git_runs commit -qam main
	expect_passed
	git_runs merge -q side
	[ "$status" -ne 0 ]
	new_key >a
	git add a
	git_runs commit -qm merge
	expect_stopped 'commit stopped'
	expect_message '    a:1:1'
}

@test "commit: in a linked worktree, and with GIT_DIR and GIT_WORK_TREE apart" {
	make_hooked
	git worktree add -q ../linked -b linked
	cd ../linked
	new_key >new
	git add new
	git_runs commit -qm key
	expect_stopped 'commit stopped'
	git rm -qf new
	echo clean >new
	git add new
	git_runs commit -qm clean
	expect_passed
	cd "$T"
	mkdir work
	git init -q --bare dots
	(cd dots && install_hook pre-commit)
	new_key >work/key
	git_runs --git-dir=dots --work-tree=work add key
	git_runs --git-dir=dots --work-tree=work commit -qm key
	expect_stopped 'commit stopped'
	echo clean >work/key
	git_runs --git-dir=dots --work-tree=work add key
	git_runs --git-dir=dots --work-tree=work commit -qm clean
	expect_passed
}

@test "commit: a working tree with folders that are named as git's own files are" {
	make_hooked
	mkdir config index HEAD shallow
	echo a >config/a
	git add config
	git_runs commit -qm clean
	expect_passed
	staunch scan .
	expect_status 0
	new_key >config/k
	git add config
	git_runs commit -qm key
	expect_stopped 'commit stopped: it would add 1 key'
}

@test "commit: whoever runs hooks in a subfolder is told of the same index" {
	make_hooked
	new_key >b/k
	git add b
	GIT_INDEX_FILE=.git/elsewhere git add b
	cp .git/index other
	cd b
	# lefthook's "root:", a script that goes there; git has GIT_INDEX_FILE=.git/index in its hook's environment
	for index in .git/index .git/elsewhere other "$PWD/../other"; do
		GIT_INDEX_FILE=$index staunch hook run pre-commit
		expect_status 1
	done
}

@test "commit: a key in a file's name; one that was there before, or only moves, does not stop it" {
	make_hooked
	key=$(new_key)
	echo x >"b/$key"
	git add b
	git_runs commit -qm key
	expect_stopped 'commit stopped: it would add 1 key'
	expect_message "    b/$(shortened "$key"):1:3 (file name)"
	git commit -qnm key
	echo y >"b/$key"
	git_runs commit -qam changed
	expect_passed
	mv b e
	git add -A
	git_runs commit -qm moved
	expect_passed
}

@test "commit: a SHA-256 repository is not understood, so the commit is stopped" {
	make_repository repo --object-format=sha256
	staunch hook install
	expect_status 2
	expect_message 'SHA-256 object ids are not supported'
	printf '#!/bin/sh\nexec "%s" hook run pre-commit >&2\n' "$STAUNCH" >.git/hooks/pre-commit
	chmod +x .git/hooks/pre-commit
	echo a >a
	git add a
	git_runs commit -qm clean
	expect_stopped 'commit stopped: not everything could be scanned'
	expect_message 'SHA-256 object ids are not supported'
}

@test "commit: a test dummy and a key that was there before do not stop it" {
	make_hooked
	new_key >old
	git add old
	git commit -qnm old
	new_key --loose >dummy
	echo more >>old
	git add -A
	git_runs commit -qm clean
	expect_passed
}

@test "commit: what cannot be scanned stops it" {
	make_hooked
	echo new >new
	git add new
	blob=$(git rev-parse :new)
	rm -f ".git/objects/${blob:0:2}/${blob:2}"
	staunch hook run pre-commit
	expect_status 3
	expect_message 'staunch: commit stopped: not everything could be scanned' "$OUT"
	expect_message 'missing-object' "$OUT"
}

@test "commit: revoked only with --revoke" {
	key=$(new_key)
	provider_start
	make_hooked
	printf '%s\n' "$key" >a
	git add a
	staunch_sending hook run pre-commit --endpoint "$AT"
	expect_status 1
	expect_sent
	staunch_sending hook run pre-commit --revoke --endpoint "$AT"
	expect_status 1
	expect_sent "$key"
	expect_message 'reported to Vercel: accepted' "$OUT"
}

@test "commit: another format in the hook" {
	key=$(new_key)
	make_hooked
	printf '%s\n' "$key" >a
	git add a
	staunch hook run pre-commit -f json
	expect_status 1
	expect_found "$key"
	expect .dry_run true
}

# ---- the index as it lies on disk ----

# every file gets a key of its own with each change, so the places found are the files that the next commit changes
expect_same_as_git() {
	staunch git --staged -f json
	expect '[.findings[].places[].path] | sort | .[]' "$(git -c core.quotePath=off diff --cached --no-renames --name-only --diff-filter=AMT | sort)"
	expect '.incomplete' '[]'
}

# write_keys FILE...: a new key into each
write_keys() {
	local file
	for file; do mkdir -p "$(dirname "$file")"; new_key >"$file"; done
}

@test "index: the same as git sees it, whatever is staged, in each version" {
	make_repository
	for version in 2 3 4; do
		git rm -rqf --ignore-unmatch . && rm -rf ./*
		git commit -qnm "begin $version" --allow-empty
		write_keys a.b a/x a/y/z a0 b/c/d/e b/c/f b.c é/ü 'sp ace/x' lib/{1..30}/f
		git update-index --index-version $version
		git add -A
		expect_same_as_git
		git commit -qnm all
		expect_same_as_git
		write_keys a/y/new lib/7/f b/c/d/e
		git add -A
		expect_same_as_git
		git rm -rqf lib/8 a0
		expect_same_as_git
		# a file becomes a folder, and a folder a file
		git rm -rqf b.c a/y
		write_keys b.c/x a/y
		git add -A
		expect_same_as_git
		# without a cache tree, and with one that is whole
		git read-tree --reset HEAD
		expect_same_as_git
		write_keys b/c/f
		git add b/c/f
		git write-tree >/dev/null
		expect_same_as_git
		git reset -q HEAD~
		expect_same_as_git
		git add -A
		write_keys soon
		git add -N soon
		expect_same_as_git
		git rm -q --cached soon
		git commit -qnm more
	done
}

@test "index: a sparse one, whose folders are entries" {
	make_repository
	write_keys in/a out/b out/deep/c top
	commit '2024-01-01T00:00:00 +0000'
	git sparse-checkout set --cone --sparse-index in
	git ls-files --sparse | grep -qx 'out/' || skip "this git makes no sparse index"
	write_keys in/new
	git add in/new
	expect_same_as_git
	git commit -qnm more
	# what it holds of a folder is another tree than HEAD's
	git reset -q --soft HEAD~
	expect_same_as_git
}

@test "index: a split one, at each step of its life" {
	make_repository
	git config core.splitIndex true
	git config splitIndex.maxPercentChange 100
	for version in 2 4; do
		git rm -rqf --ignore-unmatch . && rm -rf ./*
		git commit -qnm "begin $version" --allow-empty
		git update-index --index-version $version
		write_keys a.b a/x a/y/z a0 b/c/d/e b.c lib/{1..150}/f
		git add -A
		expect_same_as_git
		git commit -qnm all
		git update-index --split-index
		expect_same_as_git
		# replaced, new before, between and behind the others, removed: next to each other and 64 of them in a row
		write_keys a/x lib/7/f lib/8/f
		git add -A
		expect_same_as_git
		write_keys 0 a/y/0 lib/70/new zz
		git add -A
		expect_same_as_git
		git rm -rqf lib/{1..99} a/y/z
		expect_same_as_git
		git rm -qf b.c
		write_keys b.c/x
		git add -A
		expect_same_as_git
		git write-tree >/dev/null
		expect_same_as_git
		git add -N . && write_keys soon && git add -N soon
		expect_same_as_git
		git rm -q --cached soon
		rm soon
		git commit -qnm more
		write_keys a/x
		git add -A
		expect_same_as_git
		ls .git/sharedindex.* >/dev/null
	done
	# a side of a conflict is in the new part; what is shared has none
	git checkout -qb side && write_keys a/x && git commit -qnam side
	git checkout -q main && write_keys a/x && git commit -qnam main
	git merge -q side >/dev/null || true
	expect_same_as_git
	write_keys a/x
	git add a/x
	expect_same_as_git
}

@test "index: commits in a repository with a split, a sparse or a large one" {
	for kind in core.splitIndex feature.manyFiles core.untrackedCache index.sparse index.skipHash core.fsmonitor; do
		make_repository "$kind"
		mkdir in out
		for n in {1..40}; do echo $n >out/$n; done
		echo a >in/a
		git config "$kind" true
		git config splitIndex.maxPercentChange 100
		commit '2024-01-01T00:00:00 +0000'
		case $kind in
		core.splitIndex) git update-index --split-index ;;
		index.sparse) git sparse-checkout set --cone --sparse-index in ;;
		core.fsmonitor) git config core.fsmonitor false; printf '#!/bin/sh\nprintf "1\\0/\\0"\n' >.git/monitor; chmod +x .git/monitor; git config core.fsmonitor .git/monitor ;;
		esac
		git status -s >/dev/null
		install_hook
		echo more >>in/a
		git_runs commit -qam clean
		expect_passed
		new_key >>in/a
		git_runs commit -qam key
		expect_stopped 'commit stopped: it would add 1 key'
		expect_message '    in/a:3:1'
		git_runs commit -qm key in/a
		expect_stopped 'commit stopped: it would add 1 key'
		new_key >in/b
		git add in/b
		git reset -q HEAD in/a
		yes y | git_runs commit -qp -m key in/a
		expect_stopped 'commit stopped'
		git checkout -q HEAD in/a
		git rm -qf in/b
		echo b >in/b
		git add -N in/b
		git_runs commit -qm clean in/b
		expect_passed
		git_runs commit -q --amend -m again
		expect_passed
		cd "$T"
	done
}

@test "index: what git ignores is left out and what it tracks is not, in a split and in a sparse one" {
	for kind in split sparse; do
		make_repository $kind
		mkdir in out
		printf '.env\n*.log\n' >.gitignore
		new_key >out/tracked.log
		echo a >in/a
		git add -f out/tracked.log
		commit '2024-01-01T00:00:00 +0000'
		case $kind in
		split) git update-index --split-index ;;
		sparse) git sparse-checkout set --cone --sparse-index in ;;
		esac
		mkdir -p out
		[ -f out/tracked.log ] || git show HEAD:out/tracked.log >out/tracked.log
		new_key >.env
		new_key >out/other.log
		staunch dir . -f json
		expect '[.findings[].places[].path]' '["out/tracked.log"]'
		cd "$T"
	done
}

@test "index: a damaged one, or one whose shared part is gone or another, is told, not guessed at" {
	make_hooked
	git update-index --split-index
	cp .git/index "$T/index"
	shared=$(echo .git/sharedindex.*)
	cp "$shared" "$T/shared"
	printf x | dd of="$shared" bs=1 seek=$(($(stat -c %s "$shared") - 1)) conv=notrunc status=none
	staunch git --staged
	expect_status 3
	expect_message 'the split index is damaged: what it shares is not what it names' "$OUT"
	rm "$shared"
	staunch git --staged
	expect_status 3
	expect_message "the index is split, and what it shares is not there: '$T/repo/$shared'" "$OUT"
	cp "$T/shared" "$shared"
	for size in 40 $(($(stat -c %s .git/index) - 21)); do
		head -c $size "$T/index" >.git/index
		staunch git --staged
		expect_status 3
	done
	cp "$T/index" .git/index
	git update-index --no-split-index
	cp .git/index "$T/index"
	for size in 0 11 40 100 200; do
		head -c $size "$T/index" >.git/index
		staunch git --staged
		expect_status 3
	done
	rm .git/index
	staunch git --staged
	expect_status 0
}
