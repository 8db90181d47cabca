#!/usr/bin/env bats
# However git stores a history, and on however many threads it is read, the report is the same byte for byte (but for the
# times of the run).

load helpers

# One history for all tests: 60 commits on two branches with merges; files that grow (deltas), move and go; 60 keys.
setup_file() {
	local n branch size key
	T=$BATS_FILE_TMPDIR RUNS=0 WRAPPER=()
	cd "$T"
	make_repository
	new_key 60 >"$T/list"
	n=0
	while read -r key; do
		n=$((n + 1))
		branch=main
		[ $((n % 3)) -ne 0 ] || branch=side
		size=$((n * 40))
		printf 'commit refs/heads/%s\nauthor A <a@example.test> %d +0000\ncommitter C <c@example.test> %d +0000\ndata 7\nmessage\n' \
			$branch $((1600000000 + n * 3600)) $((1600000000 + n * 3600))
		if [ $n -eq 3 ]; then printf 'from refs/heads/main\n'; elif [ $((n % 10)) -eq 0 ]; then printf 'merge refs/heads/side\n'; fi
		printf 'M 100644 inline deep/er/%s/log\ndata <<E\n' $branch
		seq -f "$branch line %.0f of a file that grows" $size
		printf '%s\nE\n' "$key"
		printf 'M 100644 inline config%d\ndata <<E\nkey: "%s"\nE\n' $((n % 7)) "$key"
		[ $((n % 11)) -ne 0 ] || printf 'R config%d moved%d\n' $((n % 7)) $n
		[ $((n % 13)) -ne 0 ] || printf 'D config%d\n' $(((n - 1) % 7))
		printf '\n'
	done <"$T/list" | git fast-import --quiet
	git reset -q --hard main
	# what no reference reaches, a note and an annotated tag
	head -n 1 "$T/list" >dangling
	commit '2022-01-01T00:00:00 +0000' dangling
	git reset -q --hard HEAD~
	dated '2022-01-02T00:00:00 +0000' git tag -a -F "$T/list" tagged
	dated '2022-01-03T00:00:00 +0000' git notes add -F "$T/list"
	git update-ref -d ORIG_HEAD
	age_everything
	unpack_everything
	scan_json git -j 1
	cp "$OUT" "$T/reference"
}

# take_history: a copy of it to work on, all objects loose, and in $T the list of its keys and its report
take_history() {
	cp -a "$BATS_FILE_TMPDIR"/{repo,list,reference} "$T"
	cd "$T/repo"
}

# expect_same_as REPORT: the repository here gives this report, on one thread, two and sixteen
expect_same_as() {
	local jobs
	for jobs in 1 2 16; do
		scan_json git -j $jobs
		expect_status 1
		same_but_times "$1" "$OUT"
	done
}

@test "loose objects: all keys found, every object looked at" {
	take_history
	expect '.findings | length' 60 "$T/reference"
	json '.findings[].fingerprint' "$T/reference" | sort >"$T/fingerprints"
	while read -r key; do fingerprint "$key"; done <"$T/list" | sort | diff - "$T/fingerprints"
	expect '.incomplete' '[]' "$T/reference"
	[ "$(git count-objects -v | sed -n 's/^in-pack: //p')" = 0 ]
	git cat-file --batch-all-objects --batch-check='%(objecttype) %(objectsize)' >"$T/objects"
	expect '.targets[0].objects' "$(wc -l <"$T/objects")" "$T/reference"
	expect '.targets[0].commits' "$(grep -c '^commit' "$T/objects")" "$T/reference"
	expect '.targets[0].bytes' "$(awk '{ sum += $2 } END { printf "%d", sum }' "$T/objects")" "$T/reference"
	expect_same_as "$T/reference"
}

@test "one pack" {
	take_history
	git cat-file --batch-all-objects --batch-check='%(objectname)' |
		git pack-objects -q .git/objects/pack/pack >/dev/null
	git prune-packed -q
	[ "$(git count-objects -v | sed -n 's/^count: //p')" = 0 ]
	expect_same_as "$T/reference"
}

@test "one pack with deep chains (gc --aggressive), and what is unreachable loose beside it" {
	take_history
	git gc --quiet --aggressive --no-cruft
	[ "$(git count-objects -v | sed -n 's/^packs: //p')" = 1 ]
	[ "$(git count-objects -v | sed -n 's/^count: //p')" -gt 0 ]
	expect_same_as "$T/reference"
}

@test "a cruft pack" {
	take_history
	git gc --quiet --cruft
	ls .git/objects/pack/*.mtimes
	[ "$(git count-objects -v | sed -n 's/^count: //p')" = 0 ]
	expect_same_as "$T/reference"
}

@test "many packs, objects in several of them and loose as well" {
	take_history
	git rev-list --objects --all | cut -d' ' -f1 >"$T/all"
	split -n l/5 "$T/all" "$T/part."
	for part in "$T"/part.*; do
		git pack-objects -q .git/objects/pack/pack <"$part" >/dev/null
	done
	head -n 60 "$T/all" | git pack-objects -q .git/objects/pack/pack >/dev/null
	[ "$(git count-objects -v | sed -n 's/^packs: //p')" = 6 ]
	[ "$(git count-objects -v | sed -n 's/^count: //p')" -gt 0 ]
	expect_same_as "$T/reference"
	git prune-packed -q
	expect_same_as "$T/reference"
}

@test "packs behind a multi-pack-index" {
	take_history
	git rev-list --objects --all | cut -d' ' -f1 >"$T/all"
	split -n l/3 "$T/all" "$T/part."
	for part in "$T"/part.*; do
		git pack-objects -q .git/objects/pack/pack <"$part" >/dev/null
	done
	git prune-packed -q
	git multi-pack-index write
	[ -f .git/objects/pack/multi-pack-index ]
	expect_same_as "$T/reference"
	# git can do without the single packs' indexes: they are no more than a copy then
	git multi-pack-index repack --batch-size=0
	git multi-pack-index expire
	expect_same_as "$T/reference"
}

@test "packs with the old index version" {
	take_history
	git rev-list --objects --all --reflog | cut -d' ' -f1 >"$T/all"
	git pack-objects -q --index-version=1 .git/objects/pack/pack <"$T/all" >/dev/null
	git prune-packed -q
	expect_same_as "$T/reference"
}

@test "offset deltas and reference deltas, and a thin pack that was completed" {
	take_history
	git rev-list --objects --all | cut -d' ' -f1 >"$T/all"
	git pack-objects -q --no-reuse-delta .git/objects/pack/pack <"$T/all" >/dev/null # without --delta-base-offset: by id
	git prune-packed -q
	expect_same_as "$T/reference"
	git -c repack.useDeltaBaseOffset=true repack -qadF --keep-unreachable
	expect_same_as "$T/reference"
	git init -q --bare ../receiver
	git push -q ../receiver main~5:refs/heads/main
	git -C ../receiver config receive.unpackLimit 1
	git push -q ../receiver main
	git -C ../receiver config transfer.unpackLimit 1
	cd ../receiver
	scan_json git
	expect_status 1
	expect '.targets[0].objects' "$(git cat-file --batch-all-objects --batch-check | wc -l)"
	expect '.incomplete' '[]'
}

@test "alternates: clones that borrow the objects (--shared, --reference, and one that borrows from a borrower)" {
	take_history
	git clone -q --mirror . ../mirror.git
	cd ../mirror.git
	scan_json git .
	cp "$OUT" "$T/reference"
	expect '.findings | length' 60
	expect_same_as "$T/reference"
	git clone -q --mirror --shared "$T/mirror.git" ../shared.git
	cd ../shared.git
	[ "$(git count-objects -v | sed -n 's/^in-pack: //p')" = 0 ]
	expect_same_as "$T/reference"
	git clone -q --mirror --shared "$T/shared.git" ../borrower.git
	cd ../borrower.git
	expect_same_as "$T/reference"
	git clone -q --mirror --reference "$T/mirror.git" "$T/mirror.git" ../referring.git
	cd ../referring.git
	[ -f objects/info/alternates ]
	expect_same_as "$T/reference"
	# a path relative to the objects folder
	echo ../../mirror.git/objects >objects/info/alternates
	expect_same_as "$T/reference"
}

@test "an alternate that is gone is told, and what is here is found" {
	take_history
	git clone -q --shared . ../shared
	cd ../shared
	printf '%s\n' "$(new_key)" >own
	commit '2023-01-01T00:00:00 +0000'
	mv ../repo ../away
	scan_json git .
	expect_status 3
	expect '[.findings[].places[].path]' '["own"]'
	expect '[.incomplete[].what] | index("unreadable-pack") != null' true
}

@test "a large repository's worth of small objects: the report does not depend on the threads" {
	make_repository repo --bare
	new_key 50 >"$T/list"
	n=0
	while read -r key; do
		n=$((n + 1))
		printf 'commit refs/heads/main\nauthor A <a@example.test> %d +0000\ncommitter C <c@example.test> %d +0000\ndata 0\n' \
			$((1600000000 + n % 5)) 1600000000
		for file in {1..20}; do
			printf 'M 100644 inline d%d/f%d\ndata <<E\n%d %d\n%s\nE\n' $((file % 6)) $file $n $file "$key"
		done
	done <"$T/list" | git fast-import --quiet
	scan_json git -j 1
	expect_status 1
	cp "$OUT" "$T/reference"
	expect '[.findings[] | [.places_total, (.places | length), .commits_total]] | unique' '[[20,20,1]]'
	expect_same_as "$T/reference"
	unpack_everything
	expect_same_as "$T/reference"
}

@test "fifty runs on one, two and sixteen threads say the same, where keys stand across the seams of deltas" {
	make_repository . --bare
	new_key 40 >"$T/list"
	n=0
	# a file that grows by a line is a delta; halves of keys that wait in it become whole when a line between them goes
	while read -r key; do
		n=$((n + 1))
		for half in apart whole; do
			printf 'commit refs/heads/main\nauthor A <a@example.test> %d +0000\ncommitter C <c@example.test> 1600000000 +0000\ndata 0\n' \
				$((1600000000 + n))
			printf 'M 100644 inline d/f%d\ndata <<E\n' $((n % 4))
			seq -f 'line %.0f of a file that is kept as a delta' 60
			if [ $half = apart ]; then printf 'x=%s\n+++\n%s\n' "${key:0:$((n % 30 + 17))}" "${key:$((n % 30 + 17))}"; else printf 'x=%s\n' "$key"; fi
			seq -f 'line %.0f behind it' 60
			printf 'E\n'
		done
	done <"$T/list" | git fast-import --quiet
	git gc --quiet --aggressive --prune=now
	# how many blobs with a whole key are made from one that has the beginning of it
	git verify-pack -v objects/pack/*.idx | awk '$2 == "blob" && NF == 7 { print $1, $7 }' | while read -r blob base; do
		line=$(git cat-file blob "$blob" | grep '^x=')
		[ "${#line}" -gt 60 ] || continue
		half=$(git cat-file blob "$base" | grep '^x=')
		[[ $line == "$half" || $line != "$half"* ]] || echo seam
	done >"$T/seams"
	[ "$(wc -l <"$T/seams")" -ge 5 ]
	scan_json git -j 1
	expect_status 1
	expect '[.findings[] | select(.confidence == "certain")] | length' 40 # the longer halves are possible ones
	cp "$OUT" "$T/reference"
	for run in {1..17}; do
		expect_same_as "$T/reference"
	done
}
