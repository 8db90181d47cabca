#!/usr/bin/env bats
# Goal: the trace says of each place exactly what git itself says: which commit brought the blob to the path (it holds it
# there and no parent does), which commits hold it at all, whether a reference reaches them, whether HEAD has it.
#
# Histories are made at random from a fixed seed: branches, merges with and without conflicts, criss-cross merges,
# reverts, renames, copies, dangling commits. git is asked tree by tree; no code is shared with staunch.

load helpers

# brute_force REPO BLOB: "commit path reachable" of each introduction, sorted
brute_force() {
	local repo=$1 blob=$2 commit parent path reachable
	git -C "$repo" rev-list --all | sort >"$T/reachable"
	git -C "$repo" cat-file --batch-all-objects --batch-check='%(objecttype) %(objectname)' | sed -n 's/^commit //p' |
		while read -r commit; do
			reachable=false
			! grep -qx "$commit" "$T/reachable" || reachable=true
			for parent in $(git -C "$repo" log -1 --format=%P "$commit"); do
				git -C "$repo" ls-tree -r -z "$parent" | tr '\0' '\n' | grep -F "blob $blob" | cut -f2
			done | sort -u >"$T/before"
			git -C "$repo" ls-tree -r -z "$commit" | tr '\0' '\n' | grep -F "blob $blob" | cut -f2 | sort -u |
				comm -23 - "$T/before" | sed "s/^/$commit /; s/\$/ $reachable/"
		done | sort
}

# holders REPO BLOB: how many commits hold the blob anywhere
holders() {
	git -C "$1" cat-file --batch-all-objects --batch-check='%(objecttype) %(objectname)' | sed -n 's/^commit //p' |
		while read -r commit; do
			! git -C "$1" ls-tree -r "$commit" | grep -qF "blob $2" || echo x
		done | wc -l
}

# random_history REPO SEED STEPS: a working tree with one key in a file that wanders
random_history() {
	local repo=$1 steps=$3 step key branch
	RANDOM=$2
	git init -q "$repo"
	cd "$repo" || return 1
	key=$(new_key)
	export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
	mkdir -p a/b c
	echo base >base.txt
	git add . && GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000' git commit -qm base
	for ((step = 1; step <= steps; step++)); do
		GIT_AUTHOR_DATE="$((1700000000 + step * 60)) +0000"
		GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
		mkdir -p a/b c
		case $((RANDOM % 10)) in
		0 | 1) echo "key=$key" >a/b/secret.txt && git add -A && git commit -q --allow-empty -m "brings $step" ;;
		2) git rm -rqf --ignore-unmatch a/b/secret.txt c/copy.txt && git commit -qm "removes $step" --allow-empty ;;
		3) [ ! -f a/b/secret.txt ] || { git mv -f a/b/secret.txt "c/moved-$((RANDOM % 3)).txt" && git commit -q --allow-empty -m "moves $step"; } ;;
		4) [ ! -f a/b/secret.txt ] || { cp a/b/secret.txt c/copy.txt && git add -A && git commit -qm "copies $step" --allow-empty; } ;;
		5) git checkout -qb "branch-$step" ;;
		6) echo "$step" >>base.txt && git commit -qam "unrelated $step" ;;
		7 | 8)
			branch=$(git for-each-ref --format='%(refname:short)' refs/heads | sed -n "$((RANDOM % $(git for-each-ref refs/heads | wc -l) + 1))p")
			git merge -q -X ours -m "merges $step" "$branch" >/dev/null 2>&1 || git merge --abort 2>/dev/null || git reset -q --hard
			;;
		9)
			branch=$(git for-each-ref --format='%(refname:short)' refs/heads | sed -n "$((RANDOM % $(git for-each-ref refs/heads | wc -l) + 1))p")
			[ $((RANDOM % 3)) -ne 0 ] || git commit -q --amend --allow-empty -m "amended $step"
			git checkout -q "$branch"
			;;
		esac
	done
	cd - >/dev/null
}

compare_with_git() {
	local repo=$1 blob
	scan_json git "$repo"
	expect_status 1
	expect '.findings | length' 1
	blob=$(json '.findings[0].places[0].object')
	brute_force "$repo" "$blob" >"$T/expected"
	json '.findings[0].places[] | "\(.commit) \(.path) \(.reachable)"' | sort >"$T/found"
	diff "$T/expected" "$T/found"
	[ -s "$T/expected" ]
	expect '.findings[0].commits_total' "$(holders "$repo" "$blob")"
	at_head=false
	! git -C "$repo" ls-tree -r HEAD | grep -qF "blob $blob" || at_head=true
	expect '.findings[0].at_head' "$at_head"
}

@test "random histories, loose and packed, are traced as git sees them" {
	for seed in 1 2 3 4; do
		random_history "$T/r$seed" "$seed" 35
		compare_with_git "$T/r$seed"
	done
	git -C "$T/r4" repack -qadk
	compare_with_git "$T/r4"
}
