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

# ---- git's own words for it ----

# raw_places REPO BLOB: "commit path" where a commit's diff to each of its parents (git log -m --raw) brings the blob
raw_places() {
	git -C "$1" log --all -m --raw --no-abbrev --no-renames --format='commit %H %P' >"$T/raw"
	awk -v blob="$2" '
		$1 == "commit" { id = $2; parents[id] = NF > 2 ? NF - 2 : 1; next }
		/^:/ && $4 == blob && $3 != blob { path = $0; sub(/^[^\t]*\t/, "", path); times[id " " path]++ }
		END { for (place in times) { split(place, part, " "); if (times[place] == parents[part[1]]) print place } }' "$T/raw" | sort
}

# compare_with_log REPO: the places are those of git log --raw, each is found by --find-object, as is the removal; the references are
# those that git says contain one of the commits
compare_with_log() {
	local repo=$1 blob removed reference
	scan_json git "$repo"
	expect_status 1
	expect '.findings | length' 1
	expect '.incomplete' '[]'
	blob=$(json '.findings[0].places[0].object')
	raw_places "$repo" "$blob" >"$T/expected"
	[ -s "$T/expected" ]
	json '.findings[0].places[] | select(.reachable) | "\(.commit) \(.path)"' | sort >"$T/found"
	diff "$T/expected" "$T/found"
	git -C "$repo" log --all -m --find-object="$blob" --format=%H | sort -u >"$T/objects"
	[ -z "$(cut -d' ' -f1 "$T/found" | sort -u | comm -23 - "$T/objects")" ]
	removed=$(json '.findings[0].removed.commit // ""')
	[ -z "$removed" ] || grep -qx "$removed" "$T/objects"
	cut -d' ' -f1 "$T/found" | sort -u | while read -r commit; do
		git -C "$repo" branch -a --format='%(refname)' --contains "$commit"
		git -C "$repo" tag --format='%(refname)' --contains "$commit"
	done | sort -u >"$T/contains"
	json '.findings[0].refs[]' | sort >"$T/refs"
	diff "$T/contains" "$T/refs"
	expect '.findings[0].refs_total' "$(wc -l <"$T/contains")"
	expect '.findings[0].commits_total' "$(holders "$repo" "$blob")"
}

# step SECONDS MESSAGE: commit everything at that time after the start
step() {
	commit "$((1700000000 + $1)) +0000" "$2"
}

# begin_history: a repository with a key for it in $key, and a first commit without it
begin_history() {
	key=$(new_key)
	make_repository "$1"
	printf 'base\n' >base
	step 0 base
}

# bring PATH / drop PATH
bring() { mkdir -p "$(dirname "$1")"; printf 'token=%s\n' "$key" >"$1"; }
drop() { git rm -qf "$1"; }

# merge_of TIME BRANCH...: merge without a commit, whatever conflicts
merge_of() {
	local at=$1
	shift
	dated "$((1700000000 + at)) +0000" git merge -q --no-ff --no-commit "$@" >/dev/null 2>&1 || true
}

@test "a key that leaves and returns, by revert and by hand" {
	begin_history r
	bring a/env && step 1 brings
	brought=$commit
	drop a/env && step 2 removes
	dated '1700000003 +0000' git revert --no-edit HEAD >/dev/null
	reverted=$(git rev-parse HEAD)
	dated '1700000004 +0000' git revert --no-edit HEAD >/dev/null
	bring b/env && step 5 'brings it elsewhere'
	elsewhere=$commit
	git tag after
	drop b/env && step 6 'removes it again'
	removed=$commit
	cd ..
	compare_with_log r
	expect '[.findings[0].places[].commit]' "[\"$brought\",\"$reverted\",\"$elsewhere\"]"
	expect '.findings[0].removed.commit' "$removed"
	expect '.findings[0].at_head' false
}

@test "renames and copies are further paths" {
	begin_history r
	bring a/env && step 1 brings
	mkdir -p c && git mv a/env c/env && step 2 renames
	cp c/env d && step 3 copies
	git mv c e && step 4 'renames the folder'
	cd ..
	compare_with_log r
	expect '[.findings[0].places[].path]' '["a/env","c/env","d","e/env"]'
	expect '.findings[0].at_head' true
}

@test "merges bring nothing that a parent had; an evil merge does" {
	begin_history r
	git checkout -qb side && bring env && step 1 'brings on the side'
	brought=$commit
	git checkout -q main && printf 'more\n' >more && step 2 more
	merge_of 3 side && step 3 merges
	git checkout -qb clean main~1
	printf 'other\n' >other && step 4 other
	merge_of 5 main~1 main && bring evil/env && git rm -qf --cached env && rm -f env && step 5 'evil: moves it while merging'
	evil=$commit
	cd ..
	compare_with_log r
	expect '[.findings[0].places[] | [.commit, .path]]' "[[\"$brought\",\"env\"],[\"$evil\",\"evil/env\"]]"
}

@test "an evil merge that brings a key no parent has, and one that drops it" {
	begin_history r
	git checkout -qb side && printf 's\n' >side && step 1 side
	git checkout -q main && printf 'm\n' >main && step 2 main
	merge_of 3 side && bring env && step 3 evil
	evil=$commit
	git checkout -qb other && printf 'o\n' >o && step 4 other
	git checkout -q main && printf 'p\n' >p && step 5 main
	merge_of 6 other && git rm -qf env && step 6 'drops it while merging'
	dropped=$commit
	cd ..
	compare_with_log r
	expect '[.findings[0].places[].commit]' "[\"$evil\"]"
	expect '.findings[0].removed.commit' "$dropped"
	expect '.findings[0].at_head' false
}

@test "criss-cross merges, and an octopus" {
	begin_history r
	git checkout -qb left && bring env && step 1 left
	left=$(git rev-parse HEAD)
	git checkout -qb right main && bring other/env && step 2 right
	right=$(git rev-parse HEAD)
	git checkout -q left && merge_of 3 "$right" && step 3 'left takes right'
	git checkout -q right && merge_of 4 "$left" && step 4 'right takes left'
	git checkout -q left && merge_of 5 right && step 5 'left again'
	for name in one two three; do
		git checkout -qb $name main && printf '%s\n' $name >$name && step 6 $name
	done
	git checkout -qb octopus three
	bring octopus/env && step 7 'a third place'
	dated '1700000008 +0000' git merge -q --no-edit one two right >/dev/null
	[ "$(git log -1 --format=%P | wc -w)" = 4 ]
	git tag -a -m annotated released
	cd ..
	compare_with_log r
	expect '.findings[0].places | length' 3
	expect '.findings[0].refs_total' 4
}

@test "random histories are what git log and git branch --contains say" {
	for seed in 11 12 13; do
		random_history "$T/r$seed" "$seed" 30
		compare_with_log "$T/r$seed"
	done
}
