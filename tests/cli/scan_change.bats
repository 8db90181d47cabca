#!/usr/bin/env bats
# staunch git --staged and --range: only what the change adds counts, and all of it.

load helpers

# ---- staged ----

# make_base KEY: a repository whose HEAD holds the key in src/old
make_base() {
	make_repository
	mkdir src
	printf 'a\n%s\nb\n' "$1" >src/old
	echo other >other
	commit '2024-01-01T00:00:00 +0000'
}

@test "staged: nothing" {
	make_base "$(new_key)"
	scan_json git --staged
	expect_status 0
	expect '[.findings, .incomplete]' '[[],[]]'
	expect '.targets | map([.kind, .path, .objects, .bytes])' '[["staged",".",0,0]]'
}

@test "staged: a new key in a new file, with path, line and column" {
	make_base "$(new_key)"
	key=$(new_key)
	printf 'x\n\n k=%s\n' "$key" >src/new
	git add src/new
	blob=$(git rev-parse :src/new)
	scan_json git --staged
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places' "[{\"target\":0,\"kind\":\"index\",\"path\":\"src/new\",\"archive_path\":[],\"line\":3,\"column\":4,\"offset\":6,\"object\":\"$blob\",\"reachable\":true}]"
	expect '.findings[0] | [.places_total, .first_seen, .at_head, .revocation.state]' '[1,null,false,"dry-run"]'
}

@test "staged: a key that HEAD holds in an edited file is not new, another one in it is" {
	old=$(new_key) key=$(new_key)
	make_base "$old"
	printf 'new first line\na\n%s\nb\n' "$old" >src/old
	git add src/old
	scan_json git --staged
	expect_status 0
	expect '.findings' '[]'
	printf '%s %s\n' "$old" "$key" >src/old
	git add src/old
	scan_json git --staged
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.path, .line, .column])' '[["src/old",1,62]]'
}

@test "staged: a moved file, and one that was moved and edited" {
	old=$(new_key)
	make_base "$old"
	git mv src/old moved
	scan_json git --staged
	expect_status 0
	printf 'edited\n' >>moved
	git add moved
	scan_json git --staged
	expect_status 0
	expect '.findings' '[]'
	key=$(new_key)
	printf '%s\n' "$key" >>moved
	git add moved
	scan_json git --staged
	expect_status 1
	expect_found "$key"
}

@test "staged: a deleted file" {
	make_base "$(new_key)"
	git rm -q src/old
	scan_json git --staged
	expect_status 0
	expect '.findings' '[]'
}

@test "staged: the working tree does not count" {
	make_base "$(new_key)"
	key=$(new_key) other=$(new_key)
	printf '%s\n' "$key" >staged
	git add staged
	echo clean >staged
	printf '%s\n' "$other" >>other
	new_key >untracked
	scan_json git --staged
	expect_status 1
	expect_found "$key"
}

@test "staged: intent to add holds nothing yet" {
	make_base "$(new_key)"
	new_key >soon
	git add -N soon
	scan_json git --staged
	expect_status 0
	expect '[.findings, .incomplete]' '[[],[]]'
}

@test "staged: before the first commit everything in the index is new" {
	key=$(new_key)
	make_repository
	mkdir -p a/b
	printf '%s\n' "$key" >a/b/c
	git add -A
	scan_json git --staged
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places[0].path' a/b/c
}

@test "staged: the index that GIT_INDEX_FILE names, as in a partial commit's hook" {
	make_base "$(new_key)"
	key=$(new_key) other=$(new_key)
	printf '%s\n' "$other" >in-the-other
	cp .git/index "$T/index"
	GIT_INDEX_FILE=$T/index git add in-the-other
	printf '%s\n' "$key" >in-the-usual
	git add in-the-usual
	GIT_INDEX_FILE=$T/index scan_json git --staged
	expect_status 1
	expect_found "$other"
	scan_json git --staged
	expect_found "$key"
}

@test "staged: a real pre-commit hook stops the commit, with git's own environment" {
	make_base "$(new_key)"
	key=$(new_key)
	printf '#!/bin/sh\nexec "%s" git --staged -n -f json:"%s/hook.json" -f human:/dev/null\n' "$STAUNCH" "$T" >.git/hooks/pre-commit
	chmod +x .git/hooks/pre-commit
	printf '%s\n' "$key" >src/new
	git add src/new
	next_run
	run ! git commit -qm 'a key'
	keep_output "json:$T/hook.json"
	expect_found_in() { expect '.findings | map(.fingerprint)' "[\"$(fingerprint "$1")\"]" "$2"; }
	expect_found_in "$key" "$T/hook.json"
	# `git commit FILE` and `git commit -a` have an index of their own
	git reset -q
	printf '%s\n' "$key" >>other
	run ! git commit -qm 'a key' other
	expect_found_in "$key" "$T/hook.json"
	run ! git commit -qam 'a key'
	expect_found_in "$key" "$T/hook.json"
	git checkout -q other
	rm src/new
	echo harmless >>other
	git commit -qam 'no key'
	# from a subfolder, and in a linked worktree
	git worktree add -q ../linked -b linked
	cd ../linked/src
	printf '%s\n' "$key" >new
	git add new
	run ! git commit -qm 'a key'
	expect_found_in "$key" "$T/hook.json"
	expect '.findings[0].places[0].path' src/new "$T/hook.json"
}

@test "staged: a linked worktree's own index, and a path inside the repository" {
	make_base "$(new_key)"
	key=$(new_key)
	git worktree add -q ../linked
	printf '%s\n' "$key" >../linked/src/new
	git -C ../linked add src/new
	scan_json git --staged
	expect_status 0
	scan_json git --staged ../linked
	expect_status 1
	expect_found "$key"
	cd ../linked/src
	scan_json git --staged
	expect_status 1
	expect '.findings[0].places[0].path' src/new
}

@test "staged: both sides of a conflict" {
	keys=($(new_key 2))
	make_repository
	echo base >file
	commit '2024-01-01T00:00:00 +0000'
	git checkout -q -b side
	printf '%s\n' "${keys[0]}" >file
	commit '2024-01-02T00:00:00 +0000'
	git checkout -q main
	printf '%s\n' "${keys[1]}" >file
	commit '2024-01-03T00:00:00 +0000'
	run ! git merge -q side
	# unmerged entries are not what the next commit would add; resolved ones are
	git checkout -q --theirs file
	git add file
	scan_json git --staged
	expect_status 1
	expect_found "${keys[0]}"
}

@test "staged: a symbolic link and a submodule" {
	key=$(new_key)
	make_base "$(new_key)"
	blob=$(printf '/%s' "$key" | git hash-object -w --stdin)
	git update-index --add --cacheinfo "120000,$blob,link"
	git update-index --add --cacheinfo "160000,$commit,module"
	scan_json git --staged
	expect_status 1
	expect_found "$key"
	expect '.incomplete' '[]'
}

# ---- range ----

# make_line: a repository with five commits: c0 holds keys[0]; c1 adds keys[1]; c2 removes it; c3 edits the file with keys[0]; c4 adds keys[2]
make_line() {
	keys=($(new_key 3))
	make_repository
	printf 'a\n%s\n' "${keys[0]}" >old
	commit '2024-01-01T00:00:00 +0000'
	c0=$commit
	mkdir src
	printf '\n  %s\n' "${keys[1]}" >src/brief
	commit '2024-01-02T00:00:00 +0000'
	c1=$commit
	git rm -q src/brief
	commit '2024-01-03T00:00:00 +0000'
	c2=$commit
	printf 'edited\n%s\n' "${keys[0]}" >old
	commit '2024-01-04T00:00:00 +0000'
	c3=$commit
	printf '%s\n' "${keys[2]}" >last
	commit '2024-01-05T00:00:00 +0000'
	c4=$commit
}

@test "range: a key added by one commit and removed by the next is found, one older than the range is not" {
	make_line
	scan_json git --range "$c0..$c3"
	expect_status 1
	expect_found "${keys[1]}"
	expect '.findings[0].places' "$(jq -nc --arg c1 "$c1" --arg blob "$(git rev-parse "$c1:src/brief")" '[{
		target: 0, kind: "blob", path: "src/brief", archive_path: [], line: 2, column: 3, offset: 3, object: $blob,
		commit: $c1, author: "Test Author <author@example.test>", date: "2024-01-02T00:00:00Z", reachable: true}]')"
	expect '.findings[0] | [.first_seen.commit, .last_seen.commit]' "[\"$c1\",\"$c1\"]"
	expect '.targets | map([.kind, .path, .commits])' '[["range",".",3]]'
}

@test "range: nothing in it, one commit, branch and tag names, the parent's notation" {
	make_line
	scan_json git --range main..main
	expect_status 0
	expect '[.findings, .targets[0].commits]' '[[],0]'
	scan_json git --range HEAD~..HEAD
	expect_status 1
	expect_found "${keys[2]}"
	git tag start "$c1"
	git tag -a -m end end main
	scan_json git --range start..end
	expect_status 1
	expect_found "${keys[2]}"
	expect '.targets[0].commits' 3
	# backwards there is nothing
	scan_json git --range main..start
	expect_status 0
}

@test "range: repeatable, each a target of its own" {
	make_line
	scan_json git --range "$c0..$c1" --range "$c3..$c4" .
	expect_status 1
	expect_found "${keys[1]}" "${keys[2]}"
	expect '[.findings[].places[] | [.target, .commit]]' "[[0,\"$c1\"],[1,\"$c4\"]]"
	expect '.targets | map([.kind, .path, .commits])' '[["range",".",1],["range",".",1]]'
	scan_json git --range "$c0..$c1" --range "$c0..$c1"
	expect_found "${keys[1]}"
}

@test "range: commit messages, and a key in the author's name" {
	keys=($(new_key 2))
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	commit '2024-01-02T00:00:00 +0000' "use ${keys[0]}"
	scan_json git --range HEAD~..HEAD
	expect_status 1
	expect_found "${keys[0]}"
	expect '.findings[0].places | map([.kind, .object, .commit, .line, .column, .date])' \
		"[[\"commit-message\",\"$commit\",\"$commit\",6,5,\"2024-01-02T00:00:00Z\"]]"
}

@test "range: a merge adds what none of its parents has; what it carries on counts where it came from" {
	keys=($(new_key 3))
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	base=$commit
	git checkout -q -b side
	printf '%s\n' "${keys[0]}" >side
	commit '2024-01-02T00:00:00 +0000'
	side=$commit
	git checkout -q main
	printf '%s\n' "${keys[1]}" >main
	commit '2024-01-03T00:00:00 +0000'
	main=$commit
	git merge -q --no-commit side
	printf '%s\n' "${keys[2]}" >evil
	commit '2024-01-04T00:00:00 +0000' merge
	merge=$commit
	scan_json git --range "$base..$merge"
	expect_status 1
	expect_found "${keys[@]}"
	expect '[.findings[].places[] | [.path, .commit]]' "[[\"side\",\"$side\"],[\"main\",\"$main\"],[\"evil\",\"$merge\"]]"
	# seen from main, the merge brought the side's commit too
	scan_json git --range "$main..$merge"
	expect_found "${keys[0]}" "${keys[2]}"
	expect '.targets[0].commits' 2
	# seen from both, the merge alone
	scan_json git --range "$side..$merge"
	expect_found "${keys[1]}" "${keys[2]}"
}

@test "range: a merge that mends a conflict with a key that only its second parent has adds nothing" {
	key=$(new_key)
	make_repository
	echo base >file
	commit '2024-01-01T00:00:00 +0000'
	git checkout -q -b side
	printf '%s\n' "$key" >file
	commit '2024-01-02T00:00:00 +0000'
	side=$commit
	git checkout -q main
	echo mine >file
	commit '2024-01-03T00:00:00 +0000'
	run ! git merge -q side
	printf 'mine\n%s\n' "$key" >file
	commit '2024-01-04T00:00:00 +0000' merge
	scan_json git --range "$side..HEAD"
	expect_status 0
	expect '.findings' '[]'
	expect '.targets[0].commits' 2
}

@test "range: a merge that moves what only its second parent has" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	git checkout -q -b side
	printf '%s\n' "$key" >file
	commit '2024-01-02T00:00:00 +0000'
	git checkout -q main
	echo mine >mine
	commit '2024-01-03T00:00:00 +0000'
	git merge -q --no-commit side
	git mv file moved
	echo edited >>moved
	commit '2024-01-04T00:00:00 +0000' merge
	scan_json git --range side..main
	expect_status 0
	expect '[.findings, .incomplete]' '[[],[]]'
}

@test "range: the root commit of an unrelated history" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	git checkout -q --orphan other
	printf '%s\n' "$key" >file
	commit '2024-01-02T00:00:00 +0000'
	scan_json git --range main..other
	expect_status 1
	expect_found "$key"
	expect '.targets[0].commits' 1
}

@test "range: a key that moves to another file, or into another commit, is not new twice" {
	key=$(new_key)
	make_repository
	printf 'one\n%s\n' "$key" >file
	commit '2024-01-01T00:00:00 +0000'
	git mv file moved
	echo more >>moved
	commit '2024-01-02T00:00:00 +0000'
	scan_json git --range HEAD~..HEAD
	expect_status 0
	expect '.findings' '[]'
}

@test "range: what is pushed lies in quarantine: git's own environment in a pre-receive hook" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	git init -q --bare ../server.git
	git push -q ../server.git main
	printf '#!/bin/sh\nread old new name\nexec "%s" git --range $old..$new -n -f json:"%s/hook.json" -f human:/dev/null\n' \
		"$STAUNCH" "$T" >../server.git/hooks/pre-receive
	chmod +x ../server.git/hooks/pre-receive
	printf '%s\n' "$key" >file
	commit '2024-01-02T00:00:00 +0000'
	git rm -q file
	commit '2024-01-03T00:00:00 +0000'
	next_run
	run ! git push -q ../server.git main
	keep_output "json:$T/hook.json"
	expect '[.findings[].fingerprint, .incomplete]' "[\"$(fingerprint "$key")\",[]]" "$T/hook.json"
	expect '.targets[0] | [.kind, .commits]' '["range",2]' "$T/hook.json"
}

@test "range: unknown revisions are incomplete, and what else was asked for is done" {
	make_line
	for range in "nosuchbranch..main" "main..nosuchbranch" "$c0..0123456789012345678901234567890123456789"; do
		scan_json git --range "$range"
		expect_status 3
		expect '[.findings, (.incomplete | length), .targets[0].commits]' '[[],1,0]'
		staunch git --range "$range"
		expect_status 3
		grep -q 'not scanned:' "$OUT"
	done
	scan_json git --range nosuchbranch..main --range "$c3..$c4"
	expect_status 3
	expect_found "${keys[2]}"
}

@test "range: what is no range is a mistake" {
	make_line
	for range in main...side main main.. ..main .. ... '' main..side..other; do
		staunch git --range "$range"
		expect_status 2
		[ ! -s "$OUT" ]
		grep -qF "staunch: --range '$range': want two commits, as A..B" "$ERR"
	done
	# a range that looks like an option
	staunch git --range "--output=$T/written..main"
	[ "$status" -ge 2 ]
	[ ! -e "$T/written" ]
}

@test "range: in a shallow clone, beyond what is there" {
	make_line
	git clone -q --depth 2 "file://$PWD" ../shallow
	cd ../shallow
	scan_json git --range HEAD~..HEAD
	expect_status 1
	expect_found "${keys[2]}"
	scan_json git --range "$c0..HEAD"
	expect_status 3
	expect '.incomplete | length' 1
	# a range that begins elsewhere takes in the commit at which the history was cut: what that adds is not known
	git checkout -q --orphan elsewhere
	git rm -qrf .
	commit '2024-02-01T00:00:00 +0000'
	scan_json git --range elsewhere..main
	expect_status 3
	expect_found "${keys[2]}"
	expect '.incomplete | map([.what, .object])' "[[\"unreadable-object\",\"$c3\"]]"
	expect '.targets[0].commits' 2
}

@test "range: a commit whose blob is missing is told" {
	make_line
	blob=$(git rev-parse "$c1:src/brief")
	rm -f ".git/objects/${blob:0:2}/${blob:2}"
	scan_json git --range "$c0..$c4"
	expect_status 3
	expect_found "${keys[2]}"
	expect '.incomplete | map([.what, .object, .path])' "[[\"missing-object\",\"$blob\",\"src/brief\"]]"
}

# ---- Git LFS ----

@test "LFS: the file that a staged pointer names is searched as what the pointer stands for; one that is not there is told" {
	old=$(new_key) key=$(new_key)
	make_repository
	store < <(printf 'old=%s\n' "$old")
	pointer "$id" "$size" >large.bin
	commit '2024-01-01T00:00:00Z'
	store < <(printf '\nold=%s\n key=%s\n' "$old" "$key")
	pointer "$id" "$size" >large.bin
	git add large.bin
	scan_json git --staged
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .path, .object, .line, .column])' "[[\"index\",\"large.bin\",\"$(git rev-parse :large.bin)\",3,6]]"
	expect '.incomplete' '[]'
	: >"$stored" # cut short
	scan_json git --staged
	expect_status 3
	expect '.findings' '[]'
	expect '.incomplete | map([.what, .object, .path])' "[[\"missing-lfs-object\",\"$(git rev-parse :large.bin)\",\"large.bin\"]]"
	rm -r .git/lfs
	scan_json git --staged
	expect_status 3
	expect '.incomplete | map(.detail)' '["this is a pointer to a file of Git LFS that is not in lfs/objects, or not whole: git lfs fetch brings it"]'
}

@test "LFS: a range has the files that its commits' pointers name; what they replaced need not be there" {
	key=$(new_key) gone=$(new_key)
	make_repository
	store < <(printf '%s\n' "$gone")
	was=$stored
	pointer "$id" "$size" >large.bin
	commit '2024-01-01T00:00:00Z'
	rm "$was"
	store < <(printf 'key=%s\n' "$key")
	pointer "$id" "$size" >large.bin
	commit '2024-01-02T00:00:00Z'
	scan_json git --range HEAD~..HEAD
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .path, .commit, .line])' "[[\"blob\",\"large.bin\",\"$commit\",1]]"
	expect '.incomplete' '[]'
}
