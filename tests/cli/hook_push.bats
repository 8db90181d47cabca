#!/usr/bin/env bats
# The pre-push and pre-receive hooks, with the real git: what the other side does not have is scanned, and nothing else.

load helpers
load hooks

# make_pair: a repository whose main (one clean commit) is pushed to the bare ../server.git, its remote origin
make_pair() {
	git init -q --bare server.git
	make_repository
	echo a >a
	commit '2024-01-01T00:00:00 +0000'
	git remote add origin "$T/server.git"
	git push -q origin main
}

# guard client|server: the hook on that side
guard() {
	if [ "$1" = client ]; then install_hook pre-push; else (cd "$T/server.git" && install_hook pre-receive); fi
}

# add_key FILE: a commit with a new key in FILE; leaves the key in $key
add_key() {
	key=$(new_key)
	printf '\n%s\n' "$key" >"$1"
	commit '2024-01-02T00:00:00 +0000'
}

# the same on both sides: $side is client or server, $words what is said
on_both() {
	local side words test=$1
	for side in client server; do
		words='push stopped: it would publish'
		[ $side = client ] || words='push refused: it brings'
		mkdir "$T/$side"
		cd "$T/$side"
		T=$T/$side "$test" || { echo "# on the side of the $side"; return 1; }
	done
}

pushes() {
	make_pair && guard $side || return 1
	echo b >b
	commit '2024-01-02T00:00:00 +0000'
	git_runs push -q origin main && expect_passed || return 1
	# removed by the next commit, and pushed all the same
	add_key secret
	holder=$commit
	git rm -q secret
	commit '2024-01-03T00:00:00 +0000'
	git_runs push -q origin main
	expect_stopped "$words 1 key" &&
		expect_message "  $(shortened "$key")  certain  Vercel AI Gateway API key" &&
		expect_message "    secret:2:1  in commit ${holder:0:10}" &&
		expect_message 'a further commit that removes it leaves it in the history' || return 1
	[ "$(git ls-remote origin main | cut -f1)" != "$commit" ] || return 1
	# taken out of the history
	git reset -q --hard HEAD~2
	echo c >c
	commit '2024-01-04T00:00:00 +0000'
	git_runs push -q origin main
	expect_passed
}
@test "push: a key that one commit adds and the next removes is stopped; rewritten it passes" { on_both pushes; }

new_branches() {
	make_pair || return 1
	add_key old
	git push -q origin main
	guard $side || return 1
	# a new branch on what is there: the old key is nothing new
	git checkout -qb topic
	echo b >b
	commit '2024-01-03T00:00:00 +0000'
	git_runs push -q origin topic && expect_passed || return 1
	add_key new
	git_runs push -q origin topic:refs/heads/other HEAD~1:refs/heads/third
	expect_stopped "$words 1 key" && expect_message '    new:2:1' || return 1
	refute git ls-remote --exit-code origin other || return 1
	# only deleted, and deleted beside something new
	git_runs push -q origin :topic && expect_passed || return 1
	git_runs push -q origin :main topic:refs/heads/other
	expect_stopped "$words 1 key"
}
@test "push: new branches, several references at once, deletions" { on_both new_branches; }

forced() {
	make_pair && guard $side || return 1
	echo b >b
	commit '2024-01-02T00:00:00 +0000'
	git_runs push -q origin main && expect_passed || return 1
	echo again >>b
	git add b
	git commit -q --amend --no-edit
	git_runs push -qf origin main && expect_passed || return 1
	# what the other side has is not here
	git clone -q "$T/server.git" "$T/colleague"
	echo theirs >"$T/colleague/theirs"
	git -C "$T/colleague" add theirs
	git -C "$T/colleague" commit -qnm theirs
	git -C "$T/colleague" push -q
	git_runs push -qf origin main && expect_passed || return 1
	git -C "$T/colleague" push -qf
	add_key secret
	git_runs push -qf origin main
	expect_stopped "$words 1 key"
}
@test "push: force, also over commits that are not here" { on_both forced; }

tags() {
	make_pair && guard $side || return 1
	key=$(new_key)
	printf 'release\n\n%s\n' "$key" | git tag -aF - bad
	git tag -am fine good
	git tag light
	git_runs push -q origin good light && expect_passed || return 1
	git_runs push -q origin bad
	expect_stopped "$words 1 key" && expect_message 'tag message:8:1' || return 1
	# a tag of a tag, of a tree, of a blob
	git tag -am outer outer bad 2>/dev/null
	git_runs push -q origin outer
	expect_stopped "$words 1 key" || return 1
	blob=$(new_key | git hash-object -w --stdin)
	git tag blob "$blob"
	git tag tree "$(printf '100644 blob %s\tkey\n' "$blob" | git mktree | xargs -I @ printf '040000 tree @\tin\n' | git mktree)"
	git_runs push -q origin blob
	expect_stopped "$words 1 key" || return 1
	git_runs push -q origin tree
	expect_stopped "$words 1 key" && expect_message '    in/key:1:1'
}
@test "push: tags with their messages, and what they name" { on_both tags; }

names() {
	make_pair && guard $side || return 1
	key=$(new_key)
	mkdir b
	echo x >"b/$key"
	commit '2024-01-02T00:00:00 +0000'
	git_runs push -q origin main
	expect_stopped "$words 1 key" && expect_message "b/$(shortened "$key"):1:3 (file name)  in commit ${commit:0:10}" || return 1
	git tag tree "HEAD:"
	git_runs push -q origin tree
	expect_stopped "$words 1 key" && expect_message "b/$(shortened "$key"):1:3 (file name)"
}
@test "push: a key in a file's name" { on_both names; }

merges() {
	make_pair && guard $side || return 1
	git checkout -qb side
	echo s >s
	commit '2024-01-02T00:00:00 +0000'
	git checkout -q main
	echo m >m
	commit '2024-01-03T00:00:00 +0000'
	git merge -q --no-commit side
	new_key >evil
	commit '2024-01-04T00:00:00 +0000' merge
	git_runs push -q origin main
	expect_stopped "$words 1 key" && expect_message '    evil:1:1' || return 1
	# in a message
	git reset -q --hard HEAD~
	git commit -q --allow-empty -m "use $(new_key)"
	git_runs push -q origin main
	expect_stopped "$words 1 key"
}
@test "push: what only a merge brings, and commit messages" { on_both merges; }

@test "push: from a shallow clone, a linked worktree, to a path that is no remote, to an empty repository" {
	make_pair
	echo b >b
	commit '2024-01-02T00:00:00 +0000'
	git push -q origin main
	git clone -q --depth 1 "file://$T/server.git" ../shallow
	cd ../shallow
	install_hook pre-push
	echo c >c
	commit '2024-01-03T00:00:00 +0000'
	git_runs push -q origin HEAD:topic
	expect_passed
	git worktree add -q ../linked -b linked
	cd ../linked
	git_runs push -q origin linked
	expect_passed
	echo d >d
	commit '2024-01-04T00:00:00 +0000'
	git_runs push -q origin linked
	expect_passed
	add_key secret
	git_runs push -q origin linked
	expect_stopped 'push stopped: it would publish 1 key'
	cd ../repo
	install_hook pre-push
	git_runs push -q "$T/server.git" main:again
	expect_passed
	add_key old
	git commit -q --allow-empty -m more
	git init -q --bare ../empty.git
	git_runs push -q ../empty.git main
	expect_stopped 'push stopped: it would publish 1 key'
	# an object that a partial or damaged repository lacks: not scanned, so not pushed
	git rm -q old
	git commit -qnm gone
	blob=$(git rev-parse HEAD~2:old)
	rm -f ".git/objects/${blob:0:2}/${blob:2}"
	git_runs push -q origin main:lost
	expect_stopped 'push stopped: not everything could be scanned'
	expect_message "missing-object  ${blob:0:10}"
}

@test "push: nothing to push, and what git would never say" {
	make_pair
	staunch hook run pre-push origin url </dev/null
	expect_status 0
	for line in x 'a b c d' "HEAD $commit refs/heads/main" "HEAD $commit refs/heads/main zzzz" '--all -- -- --'; do
		printf '%s\n' "$line" >"$T/input"
		staunch hook run pre-push origin url <"$T/input"
		expect_status 2
		expect_message 'this push is stopped'
	done
	staunch hook run pre-receive <"$T/input"
	expect_status 2
	# a commit that is not there
	printf 'a %s b %s\n' "${commit//[0-9]/7}" 0000000000000000000000000000000000000000 >"$T/input"
	staunch hook run pre-push origin url <"$T/input"
	expect_status 3
	expect_message 'push stopped: not everything could be scanned' "$OUT"
}

@test "push: the pusher reads it as remote, and the server keeps nothing" {
	make_pair
	guard server
	add_key secret
	git_runs push origin main
	[ "$status" -ne 0 ]
	expect_message 'remote: staunch: push refused: it brings 1 key'
	expect_message 'remote:     secret:2:1'
	expect_message '[remote rejected] main -> main (pre-receive hook declined)'
	refute git -C "$T/server.git" cat-file -e "$commit"
}

@test "push: what a push brings for .staunchignore does not count for it" {
	make_pair
	guard server
	add_key secret
	printf '%s\n' "$(fingerprint "$key")" >.staunchignore
	commit '2024-01-03T00:00:00 +0000'
	git_runs push -q origin main
	expect_stopped 'push refused'
	# once it is there it does
	git reset -q --soft HEAD~2
	git rm -q --cached secret
	git commit -qm 'allow it'
	git_runs push -q origin main
	expect_passed
	git add secret
	git commit -qm secret
	git_runs push -q origin main
	expect_passed
	# unless the server says otherwise
	(cd "$T/server.git" && install_hook pre-receive --no-repo-config)
	git commit -q --allow-empty -m "again $key"
	git_runs push -q origin main
	expect_stopped 'push refused'
	refute grep -F 'staunch:allow' "$ERR"
}

@test "push: a file of Git LFS is looked into where it is uploaded from; a server, which has it elsewhere, does not miss it" {
	make_pair
	guard client
	key=$(new_key)
	store < <(printf '\n%s\n' "$key")
	pointer "$id" "$size" >large.bin
	commit '2024-01-02T00:00:00 +0000'
	git_runs push -q origin main
	expect_stopped 'push stopped: it would publish 1 key'
	expect_message 'large.bin:2:1'
	rm "$stored"
	git_runs push -q origin main
	expect_stopped 'push stopped: not everything could be scanned'
	expect_message 'git lfs fetch brings it'
	guard server
	git_runs push -q --no-verify origin main
	expect_passed
}
