#!/usr/bin/env bats
# staunch git: every corner of history in which a key can stand, and what is told of it.

load helpers

# history_of KEY: a repository in which one commit adds src/config.env with the key and the next removes it; $added and $removed
history_of() {
	make_repository
	echo hello >README
	commit '2024-01-01T00:00:00 +0000' 'begin'
	mkdir src
	printf 'first line\nAPI_KEY="%s"\n' "$1" >src/config.env
	commit '2024-02-03T04:05:06 +0000' 'add the configuration'
	added=$commit
	rm -r src
	commit '2024-03-01T00:00:00 +0000' 'remove it'
	removed=$commit
}

@test "a key added by one commit and removed by the next is found once, with all that is known of it" {
	key=$(new_key)
	history_of "$key"
	blob=$(git rev-parse "$added:src/config.env")
	scan_json git -n
	expect_status 1
	expect_found "$key"
	expect '.findings[0] | del(.places, .fingerprint)' "$(jq -nc --arg secret "$(shortened "$key")" --arg added "$added" --arg removed "$removed" '{
		rule: "vercel-ai-gateway-key", provider: "vercel", confidence: "certain", secret: $secret, encoding: [],
		places_total: 1, commits_total: 1, first_seen: {commit: $added, date: "2024-02-03T04:05:06Z"},
		last_seen: {commit: $added, date: "2024-02-03T04:05:06Z"}, at_head: false,
		removed: {commit: $removed, date: "2024-03-01T00:00:00Z"}, refs: ["refs/heads/main"], refs_total: 1,
		revocation: {state: "dry-run"}}')"
	expect '.findings[0].places' "$(jq -nc --arg added "$added" --arg blob "$blob" '[{
		target: 0, kind: "blob", path: "src/config.env", archive_path: [], line: 2, column: 10, offset: 20,
		object: $blob, commit: $added, author: "Test Author <author@example.test>",
		date: "2024-02-03T04:05:06Z", reachable: true}]')"
	expect '.targets[0] | [.kind, .path, .commits, .objects]' '["git",".",3,8]'
	expect '[.incomplete, .summary]' '[[],{"findings":1,"accepted":0,"gone":0,"rejected":0,"pending":0,"suppressed":0,"incomplete":0}]'
}

@test "a key still in HEAD: the commits that hold it are counted and at_head is true" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >key
	commit '2024-01-01T00:00:00 +0000'
	first=$commit
	echo other >other
	commit '2024-01-02T00:00:00 +0000'
	echo more >>other
	commit '2024-01-03T00:00:00 +0000'
	scan_json git .
	expect_status 1
	expect_found "$key"
	expect '.findings[0] | [.commits_total, .at_head, .places_total, .first_seen.commit, .last_seen.commit, .last_seen.date]' \
		"[3,true,1,\"$first\",\"$commit\",\"2024-01-03T00:00:00Z\"]"
}

@test "the author's date and zone count, not the committer's" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >key
	git add key
	echo message | GIT_AUTHOR_DATE='2020-05-06T01:00:00 +0200' GIT_COMMITTER_DATE='2024-01-01T00:00:00 +0000' git commit -qF -
	scan_json git
	expect '.findings[0] | [.places[0].date, .first_seen.date]' '["2020-05-05T23:00:00Z","2020-05-05T23:00:00Z"]'
}

@test "content that only a merge introduced" {
	key=$(new_key)
	make_repository
	echo base >file
	commit '2024-01-01T00:00:00 +0000'
	git checkout -q -b side
	echo side >side
	commit '2024-01-02T00:00:00 +0000'
	git checkout -q main
	echo main >main
	commit '2024-01-03T00:00:00 +0000'
	git merge -q --no-commit side
	printf '\n  %s\n' "$key" >>file
	commit '2024-01-04T00:00:00 +0000' 'merge'
	merge=$commit
	git rm -q file
	commit '2024-01-05T00:00:00 +0000'
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0] | [.places_total, .commits_total, .at_head]' '[1,1,false]'
	expect '.findings[0].places[0] | [.path, .line, .column, .offset, .commit]' "[\"file\",3,3,8,\"$merge\"]"
}

@test "a merge that only carries a key on does not bring it" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	git checkout -q -b side
	printf '%s\n' "$key" >key
	commit '2024-01-02T00:00:00 +0000'
	side=$commit
	git checkout -q main
	echo main >main
	commit '2024-01-03T00:00:00 +0000'
	dated '2024-01-04T00:00:00 +0000' git merge -q --no-ff -m merge side
	scan_json git
	expect_found "$key"
	expect '.findings[0] | [.places_total, .commits_total, .at_head, .places[0].commit]' "[1,2,true,\"$side\"]"
}

@test "a key that leaves and comes back is told twice" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >key
	commit '2024-01-01T00:00:00 +0000'
	first=$commit
	git rm -q key
	commit '2024-01-02T00:00:00 +0000'
	printf '%s\n' "$key" >key
	commit '2024-01-03T00:00:00 +0000'
	second=$commit
	git rm -q key
	commit '2024-01-04T00:00:00 +0000'
	scan_json git
	expect_found "$key"
	expect '.findings[0] | [[.places[].commit], .places_total, .commits_total, .first_seen.commit, .last_seen.commit, .at_head]' \
		"[[\"$first\",\"$second\"],2,2,\"$first\",\"$second\",false]"
}

@test "a renamed file is a second place, also when the rename changed it" {
	key=$(new_key)
	make_repository
	mkdir a
	printf 'x\n%s\n' "$key" >a/old
	commit '2024-01-01T00:00:00 +0000'
	first=$commit
	git mv a/old renamed
	commit '2024-01-02T00:00:00 +0000'
	second=$commit
	git mv renamed edited
	printf '1\n2\n3\n%s\n' "$key" >edited
	commit '2024-01-03T00:00:00 +0000'
	scan_json git
	expect_found "$key"
	expect '.findings[0].places | map([.path, .line, .commit])' \
		"[[\"a/old\",2,\"$first\"],[\"renamed\",2,\"$second\"],[\"edited\",4,\"$commit\"]]"
	expect '.findings[0] | [.places_total, .commits_total, .at_head]' '[3,3,true]'
}

@test "a copied file is a second place" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >one
	commit '2024-01-01T00:00:00 +0000'
	first=$commit
	mkdir -p deep/er
	cp one deep/er/two
	commit '2024-01-02T00:00:00 +0000'
	scan_json git
	expect_found "$key"
	expect '.findings[0].places | map([.path, .commit])' "[[\"one\",\"$first\"],[\"deep/er/two\",\"$commit\"]]"
}

@test "the same blob on two paths of one commit, and two keys in one blob" {
	key=$(new_key) other=$(new_key)
	make_repository
	mkdir b
	printf '%s %s\n' "$key" "$other" | tee a >b/a
	commit '2024-01-01T00:00:00 +0000'
	scan_json git
	expect_found "$key" "$other"
	expect '.findings | map(.places | map([.path, .line, .column, .offset])) | sort | .[]' \
		'[["a",1,1,0],["b/a",1,1,0]]
[["a",1,62,61],["b/a",1,62,61]]'
	expect '.findings | map(.places_total)' '[2,2]'
}

@test "a key twice in one file is one finding with two places" {
	key=$(new_key)
	make_repository
	printf '%s\n%s\n' "$key" "$key" >file
	commit '2024-01-01T00:00:00 +0000'
	scan_json git
	expect_found "$key"
	expect '.findings[0].places | map([.line, .column, .offset])' '[[1,1,0],[2,1,61]]'
}

@test "a commit message" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000' "$(printf 'subject\n\nuse %s' "$key")"
	offset=$(git cat-file commit HEAD | grep -bo vck_ | cut -d: -f1)
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .object, .line, .column, .offset, .reachable, .path])' \
		"[[\"commit-message\",\"$commit\",7,5,$offset,true,null],[\"config\",null,3,5,13,null,\".git/COMMIT_EDITMSG\"]]"
	expect '.findings[0].places[0] | [.commit, .author, .date]' \
		"[\"$commit\",\"Test Author <author@example.test>\",\"2024-01-01T00:00:00Z\"]"
}

@test "a commit message that nothing reaches is told as unreachable" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000' "$key"
	lost=$commit
	commit '2024-01-01T00:00:00 +0000' "harmless" --amend
	age_everything
	scan_json git
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .object, .reachable])' "[[\"commit-message\",\"$lost\",false]]"
}

@test "an annotated tag's message" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	printf 'release\n\n%s\n' "$key" | dated '2024-01-02T00:00:00 +0000' git tag -a -F - v1
	tag=$(git rev-parse v1)
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .object, .line, .column, .reachable])' "[[\"tag-message\",\"$tag\",8,1,true]]"
}

@test "a tag object whose name was deleted is told as unreachable" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	printf '%s\n' "$key" | git tag -a -F - v1
	git tag -d v1 >/dev/null
	scan_json git
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .reachable])' '[["tag-message",false]]'
}

@test "author and committer fields" {
	key=$(new_key) other=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	# a commit object is text: written through a pipe, no name is ever an argument
	git cat-file commit HEAD | while IFS= read -r line; do
		case $line in
		author*) printf 'author %s <a@example.test> 1704067200 +0000\n' "$key" ;;
		committer*) printf 'committer C <%s> 1704067200 +0000\n' "$other" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done >"$T/object"
	made=$(git hash-object -t commit -w "$T/object")
	git update-ref refs/heads/made "$made"
	scan_json git
	expect_status 1
	expect_found "$key" "$other"
	expect '.findings | map(.places[] | [.kind, .object, .line, .reachable]) | sort | .[]' \
		"[\"commit-message\",\"$made\",2,true]
[\"commit-message\",\"$made\",3,true]"
}

@test "files marked -diff and binary" {
	key=$(new_key) other=$(new_key)
	make_repository
	printf '*.quiet -diff\n*.bin binary\n* -text\n' >.gitattributes
	printf '%s\n' "$key" >a.quiet
	printf '%s\n' "$other" >b.bin
	commit '2024-01-01T00:00:00 +0000'
	git rm -q a.quiet b.bin
	commit '2024-01-02T00:00:00 +0000'
	scan_json git
	expect_status 1
	expect_found "$key" "$other"
	expect '.findings | map(.places[].path) | sort' '["a.quiet","b.bin"]'
}

@test "files with NUL bytes, before and directly beside the key" {
	key=$(new_key)
	make_repository
	printf '\0\0\1\n\0%s\0' "$key" >binary
	commit '2024-01-01T00:00:00 +0000'
	scan_json git
	expect_found "$key"
	expect '.findings[0].places[0] | [.line, .column, .offset]' '[2,2,5]'
}

@test "a commit that was amended away: found, with path and commit, unreachable" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >key
	commit '2024-01-01T00:00:00 +0000'
	lost=$commit
	git rm -q key
	commit '2024-01-02T00:00:00 +0000' 'without it' --amend
	age_everything
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.path, .commit, .reachable])' "[[\"key\",\"$lost\",false]]"
	expect '.findings[0] | [.commits_total, .at_head]' '[1,false]'
}

@test "a commit that was reset away is unreachable, and one that HEAD is detached at is not" {
	key=$(new_key) other=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	printf '%s\n' "$key" >key
	commit '2024-01-02T00:00:00 +0000'
	git reset -q --hard HEAD~
	git checkout -q --detach
	printf '%s\n' "$other" >other
	commit '2024-01-03T00:00:00 +0000'
	age_everything
	scan_json git
	expect_found "$key" "$other"
	expect '.findings | map(.places[] | [.path, .reachable]) | sort' '[["key",false],["other",true]]'
	expect '.findings | map(select(.at_head) | .places[0].path)' '["other"]'
}

@test "a blob that was never committed" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	blob=$(printf '\n\n   %s' "$key" | git hash-object -w --stdin)
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places' "[{\"target\":0,\"kind\":\"blob\",\"archive_path\":[],\"line\":3,\"column\":4,\"offset\":5,\"object\":\"$blob\",\"reachable\":false}]"
	expect '.findings[0] | [.commits_total, .first_seen, .last_seen, .at_head]' '[0,null,null,false]'
}

@test "a file that is only staged" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	mkdir src
	printf 'k=%s\n' "$key" >src/staged
	git add src
	blob=$(git rev-parse :src/staged)
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places' "[{\"target\":0,\"kind\":\"index\",\"path\":\"src/staged\",\"archive_path\":[],\"line\":1,\"column\":3,\"offset\":2,\"object\":\"$blob\",\"reachable\":true}]"
	expect '.findings[0].at_head' 'false'
}

@test "stashes: of tracked, of untracked files, of the index, and a dropped one" {
	keys=($(new_key 4))
	make_repository
	echo x | tee tracked indexed dropped >/dev/null
	commit '2024-01-01T00:00:00 +0000'
	printf '%s\n' "${keys[3]}" >dropped
	dated '2024-01-02T00:00:00 +0000' git stash push -q
	git stash drop -q
	printf '%s\n' "${keys[0]}" >tracked
	printf '%s\n' "${keys[1]}" >untracked
	printf '%s\n' "${keys[2]}" >indexed
	git add indexed
	echo clean >indexed
	dated '2024-01-03T00:00:00 +0000' git stash push -q --include-untracked
	age_stash=$(git rev-parse refs/stash)
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	expect '.findings | map(.places[] | [.path, .reachable]) | unique | .[]' '["dropped",false]
["indexed",true]
["tracked",true]
["untracked",true]'
	expect '.findings | map(select(.places[0].path == "tracked") | .places[0].commit)' "[\"$age_stash\"]"
}

@test "notes" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	printf 'see %s\n' "$key" | dated '2024-01-02T00:00:00 +0000' git notes add -F -
	notes=$(git rev-parse refs/notes/commits)
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.path, .line, .column, .commit, .reachable])' "[[\"$commit\",1,5,\"$notes\",true]]"
}

@test "references of hosting services: refs/pull, refs/keep-around, refs/merge-requests" {
	keys=($(new_key 3))
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	n=0
	for name in refs/pull/7/head refs/keep-around/abc refs/merge-requests/9/head; do
		git checkout -q --detach main
		printf '%s\n' "${keys[$n]}" >"file$n"
		n=$((n + 1))
		commit "2024-01-0$((n + 1))T00:00:00 +0000"
		git update-ref $name HEAD
	done
	git checkout -q main
	age_everything
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	expect '.findings | map(.places[] | [.path, .reachable])' '[["file0",true],["file1",true],["file2",true]]'
	expect '[.findings[].at_head]' '[false,false,false]'
}

@test "an octopus merge: its own content, and that of each side" {
	keys=($(new_key 4))
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	for n in 0 1 2; do
		git checkout -q -b side$n main
		printf '%s\n' "${keys[$n]}" >side$n
		commit "2024-01-0$((n + 2))T00:00:00 +0000"
	done
	git checkout -q main
	git merge -q --no-commit side0 side1 side2 >/dev/null 2>&1
	printf '%s\n' "${keys[3]}" >merged
	commit '2024-01-09T00:00:00 +0000' merge
	[ "$(git rev-list --parents -n1 HEAD | wc -w)" -ge 4 ]
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	expect '.findings | map([.places_total, .places[0].path, .commits_total])' \
		'[[1,"side0",2],[1,"side1",2],[1,"side2",2],[1,"merged",1]]'
	expect '.findings[3].places[0].commit' "$commit"
}

@test "a commit of the empty tree" {
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	[ "$(git rev-parse 'HEAD^{tree}')" = 4b825dc642cb6eb9a060e54bf8d69288fbee4904 ]
	scan_json git
	expect_status 0
	expect '[.findings, .incomplete, .targets[0].commits]' '[[],[],1]'
}

@test "a file that becomes a symbolic link, a folder, and a file again" {
	key=$(new_key) other=$(new_key)
	make_repository
	printf '%s\n' "$key" >thing
	commit '2024-01-01T00:00:00 +0000'
	first=$commit
	rm thing
	ln -s target thing
	commit '2024-01-02T00:00:00 +0000'
	rm thing
	mkdir thing
	printf '%s\n' "$other" >thing/inside
	commit '2024-01-03T00:00:00 +0000'
	third=$commit
	rm -r thing
	printf '%s\n' "$key" >thing
	commit '2024-01-04T00:00:00 +0000'
	scan_json git
	expect_found "$key" "$other"
	expect '.findings | map([.places[] | [.path, .commit]])' \
		"[[[\"thing\",\"$first\"],[\"thing\",\"$commit\"]],[[\"thing/inside\",\"$third\"]]]"
}

@test "the target of a symbolic link" {
	key=$(new_key)
	make_repository
	# ln takes the target as an argument; git makes the entry from a blob
	blob=$(printf '/home/user/%s' "$key" | git hash-object -w --stdin)
	git update-index --add --cacheinfo "120000,$blob,link"
	echo message | dated '2024-01-01T00:00:00 +0000' git commit -qF -
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .path, .line, .column, .object])' "[[\"blob\",\"link\",1,12,\"$blob\"]]"
}

@test "a tag of a blob, of a tree, and a tag of a tag" {
	keys=($(new_key 3))
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	blob=$(printf '%s\n' "${keys[0]}" | git hash-object -w --stdin)
	git tag plain "$blob"
	in_tree=$(printf '%s\n' "${keys[1]}" | git hash-object -w --stdin)
	tree=$(printf '100644 blob %s\tin-tree\n' "$in_tree" | git mktree)
	git tag tree "$tree"
	far=$(printf '%s\n' "${keys[2]}" | git hash-object -w --stdin)
	git tag -a -m inner inner "$far"
	git tag -a -m outer outer inner
	git tag -d inner >/dev/null
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	expect '.findings | map(.places[] | [.object, .kind, .path, .reachable]) | sort_by(.[0] as $o | ["'"$blob"'", "'"$in_tree"'", "'"$far"'"] | index($o)) | .[]' \
		"[\"$blob\",\"blob\",null,true]
[\"$in_tree\",\"blob\",\"in-tree\",true]
[\"$far\",\"blob\",null,true]"
}

# ---- where the repository is ----

@test "a bare repository" {
	key=$(new_key)
	history_of "$key"
	git clone -q --bare . ../bare.git
	cd ..
	scan_json git bare.git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places[0] | [.path, .commit]' "[\"src/config.env\",\"$added\"]"
}

@test "a linked worktree: the whole repository's objects, and its own index and HEAD" {
	key=$(new_key) other=$(new_key)
	history_of "$key"
	git worktree add -q --detach ../linked "$added"
	cd ../linked
	printf '%s\n' "$other" >staged-here
	git add staged-here
	scan_json git .
	expect_status 1
	expect_found "$key" "$other"
	expect '.findings | map([.places[0].kind, .places[0].path, .at_head])' \
		'[["blob","src/config.env",true],["index","staged-here",false]]'
}

@test "a commit that only a linked worktree's detached HEAD reaches" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00 +0000'
	git worktree add -q --detach ../linked
	(
		cd ../linked
		printf '%s\n' "$key" >file
		commit '2024-01-02T00:00:00 +0000'
	)
	age_everything
	for folder in . ../linked; do
		scan_json git $folder
		expect_status 1
		expect_found "$key"
		expect '.findings[0].places | map([.path, .reachable])' '[["file",true]]'
	done
	expect '.findings[0].at_head' true
	git worktree remove ../linked
	scan_json git
	expect '.findings[0].places[0].reachable' false
}

@test "a submodule, whose .git is a file" {
	key=$(new_key)
	history_of "$key"
	cd ..
	make_repository outer
	git -c protocol.file.allow=always submodule --quiet add "$T/repo" sub
	[ -f sub/.git ]
	commit '2024-04-01T00:00:00 +0000'
	scan_json git sub
	expect_status 1
	expect_found "$key"
	# the outer repository names a commit that it does not have: that is what a submodule is, and nothing is missing
	scan_json git --no-submodules .
	expect_status 0
	expect '.incomplete' '[]'
}

@test "a path inside the repository, a .git folder" {
	key=$(new_key)
	history_of "$key"
	mkdir -p deep/er
	scan_json git deep/er
	expect_status 1
	expect_found "$key"
	cd deep/er
	scan_json git
	expect_status 1
	expect_found "$key"
	cd ../..
	scan_json git .git
	expect_status 1
	expect_found "$key"
}

@test "GIT_DIR, as hooks have it" {
	key=$(new_key)
	history_of "$key"
	cd "$T"
	GIT_DIR=$T/repo/.git scan_json git
	expect_status 1
	expect_found "$key"
	# a named repository is that one, whatever the environment says
	make_repository empty
	cd "$T"
	GIT_DIR=$T/repo/.git scan_json git empty
	expect_status 0
}

@test "a repository owned by another user" {
	[ "$(id -u)" = 0 ] || skip "changing the owner needs root"
	key=$(new_key)
	history_of "$key"
	chown -R 65534:65534 .
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.incomplete' '[]'
}

@test "nothing of a repository's configuration is run" {
	key=$(new_key)
	history_of "$key"
	printf '#!/bin/sh\ntouch "%s/marker"\ncat "$@"\n' "$T" >"$T/script"
	chmod +x "$T/script"
	for name in core.fsmonitor core.sshCommand core.pager core.editor diff.external diff.x.textconv diff.x.command \
		filter.x.clean filter.x.smudge filter.x.process credential.helper gpg.program uploadpack.packObjectsHook; do
		git config $name "$T/script"
	done
	git config core.hooksPath "$T/hooks"
	mkdir "$T/hooks"
	for name in post-checkout pre-commit post-index-change reference-transaction fsmonitor-watchman; do
		cp "$T/script" "$T/hooks/$name"
		cp "$T/script" .git/hooks/$name
	done
	printf '[alias]\n\tstatus = "!%s/script"\n[core]\n\tfsmonitor = %s/script\n' "$T" "$T" >"$T/included"
	git config include.path "$T/included"
	printf '* diff=x filter=x\n' >.gitattributes
	printf '* diff=x filter=x\n' >.git/info/attributes
	rm -f "$T/marker"
	scan_json git
	expect_status 1
	scan_json scan .
	expect_status 1
	scan_json git --staged
	expect_status 0
	scan_json git --range HEAD~2..HEAD
	expect_status 1
	expect_found "$key"
	[ ! -e "$T/marker" ]
	# the script does leave its mark when it is run
	"$T/script" </dev/null
	[ -e "$T/marker" ]
}

# ---- large blobs ----

WINDOW=1048576 # bytes of a blob that are searched at a time
OVERLAP=13312   # MATCH_OVERLAP: what windows share

# put_at FILE OFFSET: standard input into FILE there
put_at() {
	dd of="$1" bs=64 seek="$2" oflag=seek_bytes conv=notrunc status=none
}

# blob_across SHIFT FILE: 3 MiB with keys lying SHIFT bytes before every border that searching in windows makes, and at both ends
blob_across() {
	local border at end=$((3 * WINDOW)) positions=(0 $((3 * WINDOW - 60)))
	for border in 0 1 2; do
		at=$((WINDOW + border * (WINDOW - OVERLAP)))
		# where a window ends, where the next one begins, where a literal is left to the next one, and to either side
		for at in $((at)) $((at - OVERLAP)) $((at - OVERLAP + 512)) $((at - OVERLAP - 512)) $((at + OVERLAP)) \
			$(((border + 1) * WINDOW - 10000)) $(((border + 1) * WINDOW + 10000 - OVERLAP)); do
			[ $((at - $1)) -lt $((end - 130)) ] && positions+=($((at - $1)))
		done
	done
	yes '..........................................................................................................................' |
		head -c $end >"$2"
	while read -r at <&4 && read -r key <&5; do
		printf '%s' "$key" | put_at "$2" "$at"
		keys+=("$key")
	done 4< <(printf '%s\n' "${positions[@]}" | sort -nu) 5< <(new_key ${#positions[@]})
	[ "$(stat -c %s "$2")" = $end ]
}

@test "keys across every border of the windows that large blobs are searched in, loose and packed" {
	keys=()
	make_repository
	for shift in 0 1 4 30 59 60; do
		blob_across $shift "blob$shift"
	done
	printf '%s\n' "${keys[@]}" >"$T/list"
	[ ${#keys[@]} -ge 100 ]
	# grep is the judge: line and offset of each
	for file in blob*; do
		LC_ALL=C grep -anbo -F -f "$T/list" $file | sed "s/^\([0-9]*\):\([0-9]*\):.*/$file \1 \2/"
	done | sort >"$T/expected"
	[ "$(wc -l <"$T/expected")" = ${#keys[@]} ]
	commit '2024-01-01T00:00:00 +0000'
	scan_json git
	expect_status 1
	json '.findings[].places[] | "\(.path) \(.line) \(.offset)"' | sort | diff "$T/expected" -
	expect '.findings | length' ${#keys[@]}
	json '.findings[].fingerprint' | sort >"$T/fingerprints"
	for key in "${keys[@]}"; do fingerprint "$key"; done | sort | diff - "$T/fingerprints"
	loose=$OUT
	git repack -qad --window=10 --depth=10
	scan_json git
	same_but_times "$loose" "$OUT"
	git -c core.compression=0 -c pack.window=0 repack -qadF
	scan_json git
	same_but_times "$loose" "$OUT"
}

@test "a key in the first of 150 commits, each of which moves it: 100 places, the first and the newest" {
	key=$(new_key)
	make_repository . --bare
	for n in {1..150}; do
		printf 'commit refs/heads/main\nauthor A <a@example.test> %d +0000\ncommitter C <c@example.test> 1700000000 +0000\ndata 1\nm\n' \
			$((1600000000 + n * 86400))
		[ $n -eq 1 ] || printf 'D file%d\n' $((n - 1))
		printf 'M 100644 inline file%d\ndata <<E\n%s\nE\n\n' $n "$key"
	done | git fast-import --quiet
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0] | [(.places | length), .places_total, .commits_total, .at_head]' '[100,150,150,true]'
	expect '.findings[0].places | map(.path)' "$(printf '%s\n' file1 file{52..150} | jq -Rnc '[inputs]')"
	expect '.findings[0] | [.first_seen.commit, .last_seen.commit]' \
		"$(printf '["%s","%s"]' "$(git rev-list --max-parents=0 main)" "$(git rev-parse main)")"
}

@test "150 commits that each hold another key in the same file" {
	new_key 150 >"$T/list"
	make_repository repo --bare
	n=0
	while read -r key; do
		n=$((n + 1))
		printf 'commit refs/heads/main\nauthor A <a@example.test> %d +0000\ncommitter C <c@example.test> 1700000000 +0000\ndata 1\nm\nM 100644 inline a/b/c/file\ndata <<E\n%s\nE\n\n' \
			$((1600000000 + n)) "$key"
	done <"$T/list" | git fast-import --quiet
	scan_json git
	expect_status 1
	expect '[.findings[] | [.places_total, .commits_total, .places[0].path]] | unique' '[[1,1,"a/b/c/file"]]'
	expect '.findings | length' 150
	# in the order in which they came
	expect '[.findings[].places[0].commit]' "$(git rev-list --reverse main | jq -Rnc '[inputs]')"
}

@test "the human report tells the same story" {
	key=$(new_key)
	history_of "$key"
	staunch git
	expect_status 1
	grep -qF "$(shortened "$key")  certain  Vercel AI Gateway API key" "$OUT"
	grep -qF "2024-02-03  ${added:0:10}  src/config.env:2:10  Test Author" "$OUT"
	grep -qF 'no longer in HEAD, but in 1 commit' "$OUT"
	[ ! -s "$ERR" ]
}

# loaded NAME: whether the run that LD_DEBUG_OUTPUT=$T/loaded watched loaded that library
loaded() {
	cat "$T"/loaded.* | grep -q "$1"
}

@test "a small repository is searched without what searches much; the same is found with it" {
	make_repository
	key=$(new_key)
	printf '%s\n' "$key" >key
	commit '2024-01-01T00:00:00 +0000'
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded scan_json git
	expect_status 1
	expect_found "$key"
	loaded libgit2
	! loaded 'libhs\|libarchive' || return 1
	# many loose objects, of which there are some in folder 17 too
	for ((n = 0; n < 2600; n++)); do printf 'blob\nmark :%d\ndata <<E\n%d\nE\n' $((n + 1)) "$n"; done >many
	git fast-import --quiet <many
	git unpack-objects -q <"$(mv .git/objects/pack/*.pack "$T/" && echo "$T"/*.pack)"
	rm -f .git/objects/pack/*.idx
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded scan_json git
	expect_status 1
	expect_found "$key"
	loaded libhs
	# few objects, and a large pack
	cd "$T"
	make_repository large
	printf '%s\n' "$key" >key
	head -c 2000000 /dev/urandom >noise
	commit '2024-01-01T00:00:00 +0000'
	git gc -q
	rm "$T"/loaded.*
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded scan_json git
	expect_status 1
	expect_found "$key"
	loaded libhs
	# none of its own, and all of another one's
	git clone -q -s "$T/large" "$T/borrows"
	cd "$T/borrows"
	[ "$(git count-objects)" = '0 objects, 0 kilobytes' ]
	rm "$T"/loaded.*
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded scan_json git
	expect_status 1
	expect_found "$key"
	loaded libhs
}

@test "a repository that looks small and holds much is searched again with what searches much, and nothing is told twice" {
	make_repository
	key=$(new_key)
	printf 'first=%s\n' "$key" >first
	commit '2024-01-01T00:00:00 +0000'
	other=$(new_key)
	{ yes 'a line that packs well' | head -c 60000000; printf 'second=%s\n' "$other"; } >much
	commit '2024-01-02T00:00:00 +0000'
	[ "$(du -sk .git | cut -f1)" -lt 1000 ]
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded scan_json git -j1
	expect_status 1
	expect_found "$key" "$other"
	expect '[.findings[].places_total]' '[1,1]'
	expect '.incomplete' '[]'
	expect '.targets[0].objects' 6
	loaded libhs
}
