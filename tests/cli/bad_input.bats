#!/usr/bin/env bats
# Input that is missing, broken or cut short: nothing crashes, nothing ends with 0 in silence, and what can be read is read.

load helpers

# make_good: a repository with a key of ${keys[@]} in each of three files of three commits; files a, b, c
make_good() {
	keys=($(new_key --seed 4711 3))
	make_repository
	printf 'one\n%s\n' "${keys[0]}" >a
	commit '2024-01-01T00:00:00 +0000'
	printf 'two\n%s\n' "${keys[1]}" >b
	commit '2024-01-02T00:00:00 +0000'
	printf 'three\n%s\n' "${keys[2]}" >c
	commit '2024-01-03T00:00:00 +0000'
}

# object_file REVISION: the file of a loose object
object_file() {
	local id
	id=$(git rev-parse "$1")
	printf '.git/objects/%s/%s\n' "${id:0:2}" "${id:2}"
}

# put_at FILE OFFSET: standard input into FILE there
put_at() {
	chmod u+w "$1"
	dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# flip FILE OFFSET: another byte there
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\x$(printf %x $((byte ^ 0x41)))" | put_at "$1" "$2"
}

# expect_incomplete WHAT...: exit code 3 and exactly these kinds of entries, each once
expect_incomplete() {
	expect_status 3
	expect '[.incomplete[].what] | sort | .[]' "$(printf '%s\n' "$@" | sort)"
}

# ---- paths ----

@test "a path that does not exist" {
	for command in git dir scan ''; do
		staunch $command nowhere/at/all
		expect_status 2
		[ ! -s "$OUT" ]
		[ "$(cat "$ERR")" = "staunch: cannot read 'nowhere/at/all': No such file or directory" ]
	done
	# one of several: nothing is scanned, because the call is wrong
	new_key >file
	scan_json dir file nowhere
	expect_status 2
	[ ! -s "$OUT" ]
}

@test "a folder that is no repository, and a file" {
	mkdir folder
	new_key >folder/file
	for path in folder folder/file; do
		scan_json git $path
		expect_status 2
		expect '[.findings, .targets[0].objects]' '[[],0]'
		expect '.incomplete | map([.what, .detail])' "[[\"not-found\",\"'$path' is not a git repository (nor inside one): staunch dir scans files\"]]"
		staunch git --staged $path
		expect_status 2
		grep -qF "is not a git repository" "$OUT"
	done
	cd folder
	staunch git
	expect_status 2
	staunch git --range main~..main
	expect_status 2
}

@test "a .git file that leads nowhere, or holds nothing of use" {
	key=$(new_key)
	mkdir folder
	printf '%s\n' "$key" >folder/file
	for text in 'gitdir: ../nowhere' 'gitdir:' 'rubbish' ''; do
		printf '%s\n' "$text" >folder/.git
		scan_json git folder
		[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
		expect '.incomplete | length' 1
		# scan finds the files all the same, and is not content
		scan_json scan folder
		expect_status 3
		expect_found "$key"
	done
}

# ---- repositories with little in them ----

@test "an empty repository" {
	make_repository
	scan_json git
	expect_status 0
	expect '[.findings, .incomplete, .targets[0].objects]' '[[],[],0]'
	scan_json git --staged
	expect_status 0
	staunch git
	expect_status 0
	[ -s "$OUT" ]
	git init -q --bare ../bare
	scan_json git ../bare
	expect_status 0
}

@test "an unborn HEAD beside branches with history" {
	make_good
	git symbolic-ref HEAD refs/heads/unborn
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	expect '[.findings[] | [.at_head, .places[0].reachable]] | unique' '[[false,true]]'
	expect '.incomplete' '[]'
}

@test "a HEAD that leads to nothing: rubbish, and a detached one at a missing commit" {
	make_repository
	echo harmless >file
	commit '2024-01-01T00:00:00 +0000'
	for text in 'rubbish' '0123456789012345678901234567890123456789' ''; do
		printf '%s\n' "$text" >.git/HEAD
		scan_json git
		expect_status 3
		expect '.incomplete | length' 1
	done
	cd "$T"
	mv repo harmless
	make_good
	printf '0123456789012345678901234567890123456789\n' >.git/HEAD
	scan_json git
	expect_incomplete missing-object
	expect_found "${keys[@]}"
	expect '.incomplete[0].path' HEAD
	expect '[.findings[].at_head] | unique' '[false]'
}

# ---- references ----

@test "a reference to a missing commit" {
	make_good
	printf '0123456789012345678901234567890123456789\n' >.git/refs/heads/broken
	scan_json git
	expect_incomplete missing-object
	expect_found "${keys[@]}"
	expect '.incomplete[0] | [.object, .path]' '["0123456789012345678901234567890123456789","refs/heads/broken"]'
	expect '[.findings[].places[].reachable] | unique' '[true]'
}

@test "a tag of a missing object" {
	make_good
	printf 'object 0123456789012345678901234567890123456789\ntype commit\ntag v1\ntagger T <t@example.test> 1700000000 +0000\n\nmessage\n' \
		>"$T/tag"
	git update-ref refs/tags/v1 "$(git hash-object -t tag -w --literally "$T/tag")"
	scan_json git
	expect_incomplete missing-object
	expect_found "${keys[@]}"
	expect '.incomplete[0].path' refs/tags/v1
}

@test "references that hold rubbish" {
	make_good
	for content in 'not an object id\n' '' '\0\1\2'; do
		printf "$content" >.git/refs/heads/broken
		scan_json git
		expect_incomplete unreadable-references
		expect_found "${keys[@]}"
		expect '.incomplete[0].detail | contains("refs/heads/broken")' true
		# the good ones are followed all the same
		expect '[.findings[].places[].reachable] | unique' '[true]'
	done
	# one that git is writing at this moment is not broken
	mv .git/refs/heads/broken .git/refs/heads/main.lock
	echo rubbish >.git/refs/.DS_Store
	scan_json git
	expect_status 1
}

@test "packed references that hold rubbish" {
	make_good
	git pack-refs --all
	printf 'rubbish\n' >>.git/packed-refs
	scan_json git
	expect_status 3
	expect_found "${keys[@]}"
	expect '[.incomplete[].what] | index("unreadable-references") != null' true
}

@test "symbolic references in a circle" {
	make_good
	printf 'ref: refs/heads/two\n' >.git/refs/heads/one
	printf 'ref: refs/heads/one\n' >.git/refs/heads/two
	scan_json git
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
	expect_found "${keys[@]}"
}

# ---- objects ----

@test "a loose object of rubbish, one that is cut short, one that is empty" {
	make_good
	printf rubbish | put_at "$(object_file HEAD:a)" 0
	file=$(object_file HEAD:b)
	chmod u+w "$file"
	truncate -s -10 "$file"
	scan_json git
	expect_incomplete unreadable-object unreadable-object
	expect_found "${keys[2]}"
	expect '[.incomplete[].object]' "$(git ls-tree HEAD | awk '$4 == "a" || $4 == "b" { print $3 }' | sort | jq -Rnc '[inputs]')"
	: >"$file"
	scan_json git
	expect_incomplete unreadable-object unreadable-object
	expect_found "${keys[2]}"
	staunch git
	expect_status 3
	grep -qF '2 objects could not be read: the scan is incomplete.' "$OUT"
}

@test "a loose object whose header lies about its size" {
	make_good
	for size in 5 99999999999999 18446744073709551615 -1 ''; do
		file=$(object_file HEAD:a)
		rm -f "$file"
		printf 'blob %s\0some content\n' "$size" |
			perl -MCompress::Zlib -e 'local $/; binmode STDIN; print compress(<STDIN>)' >"$file"
		scan_json git
		expect_incomplete unreadable-object
		expect_found "${keys[1]}" "${keys[2]}"
	done
}

@test "a loose object that is a folder, and one that is a symbolic link in a circle" {
	make_good
	file=$(object_file HEAD:a)
	rm -f "$file"
	mkdir "$file"
	scan_json git
	expect_incomplete unreadable-object
	expect_found "${keys[1]}" "${keys[2]}"
	rmdir "$file"
	ln -s "${file##*/}" "$file"
	scan_json git
	expect_incomplete unreadable-object
	expect_found "${keys[1]}" "${keys[2]}"
}

@test "a missing blob, tree and commit" {
	make_good
	blob=$(git rev-parse HEAD:a) tree=$(git rev-parse 'HEAD~^{tree}') first=$(git rev-parse HEAD~2)
	mv "$(object_file HEAD:a)" "$T/blob"
	scan_json git
	expect_incomplete missing-object
	expect_found "${keys[1]}" "${keys[2]}"
	expect '.incomplete[0] | [.object, .path]' "[\"$blob\",\"a\"]"
	# the report names the commit that brought it
	expect ".incomplete[0].detail | contains(\"$first\")" true
	rm -f "$(object_file 'HEAD~^{tree}')"
	scan_json git
	expect_incomplete missing-object missing-object
	expect '[.incomplete[].object] | sort' "$(printf '%s\n' "$blob" "$tree" | sort | jq -Rnc '[inputs]')"
	rm -f "$(object_file HEAD~2)"
	scan_json git
	expect_incomplete missing-object missing-object missing-object
	expect_found "${keys[1]}" "${keys[2]}"
}

@test "commits, trees and tags that are malformed" {
	make_good
	printf 'no commit at all\n' >"$T/commit"
	printf '100644 name without an end' >"$T/tree"
	printf '100644 short\0123' >"$T/tree2"
	printf 'no tag\n' >"$T/tag"
	printf 'tree 0123\nparent x\nauthor\n\nm\n' >"$T/commit2"
	for object in commit/commit tree/tree tree/tree2 commit/commit2; do
		git hash-object -t ${object%/*} -w --literally "$T/${object#*/}" >/dev/null
	done
	scan_json git
	expect_incomplete unreadable-object unreadable-object unreadable-object unreadable-object
	expect_found "${keys[@]}"
	# a reference to each of them
	n=0
	for id in $(git cat-file --batch-all-objects --batch-check='%(objectname)'; git hash-object -t tag -w --literally "$T/tag"); do
		echo "$id" >.git/refs/tags/t$((n++))
	done
	scan_json git
	expect_status 3
	expect_found "${keys[@]}"
}

@test "trees with names that lead astray, and folders without end" {
	make_good
	blob=$(git rev-parse HEAD:a)
	raw=$(printf %s "$blob" | sed 's/../\\x&/g')
	for name in .. . .git a/b '' $'new\nline'; do
		printf "100644 %s\\0$raw" "$name" >"$T/tree"
		tree=$(git hash-object -t tree -w --literally "$T/tree")
		id=$(printf 'tree %s\nauthor A <a@example.test> 1700000000 +0000\ncommitter A <a@example.test> 1700000000 +0000\n\nm\n' "$tree" |
			git hash-object -t commit -w --stdin --literally)
		echo "$id" >".git/refs/heads/astray$((n++))"
	done
	# a folder in a folder in a folder ..., each twice: 2^60 paths
	tree=$(printf '100644 blob %s\tkey\n' "$blob" | git mktree)
	for n in {1..60}; do
		tree=$(printf '040000 tree %s\tx\n040000 tree %s\ty\n' "$tree" "$tree" | git mktree)
	done
	id=$(echo bomb | GIT_AUTHOR_DATE='2025-01-01T00:00:00 +0000' git commit-tree "$tree")
	git update-ref refs/heads/bomb "$id"
	scan_json git
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
	expect_found "${keys[@]}"
	[ "$status" -eq 1 ] || expect '[.incomplete[].what] | unique | .[]' 'trace-limit'
	expect '.findings[0].places | length <= 100' true
}

# ---- packs ----

# make_packed: as make_good, in one pack, more of it so that there are deltas; $pack is its name without an extension
make_packed() {
	make_good
	seq 2000 >long
	commit '2024-01-04T00:00:00 +0000'
	{ seq 1000; printf '%s\n' "${keys[0]}"; seq 1001 2000; } >long
	commit '2024-01-05T00:00:00 +0000'
	git -c pack.threads=1 repack -qad
	pack=$(echo .git/objects/pack/pack-*.pack)
	pack=${pack%.pack}
	chmod u+w "$pack".*
}

@test "a pack that is cut short" {
	make_packed
	size=$(stat -c %s "$pack.pack")
	for left in $((size - 1)) $((size - 20)) $((size - 21)) $((size / 2)) 200 12 11 4 0; do
		cp "$pack.pack" "$T/whole"
		truncate -s $left "$pack.pack"
		scan_json git
		expect_status 3
		expect '.incomplete | length > 0' true
		mv "$T/whole" "$pack.pack"
	done
	# loose objects beside it are found
	key=$(new_key)
	printf '%s\n' "$key" | git hash-object -w --stdin >/dev/null
	truncate -s 100 "$pack.pack"
	scan_json git
	expect_status 3
	expect "[.findings[].fingerprint] | index(\"$(fingerprint "$key")\") != null" true
}

@test "a bit that flipped in the middle of a pack: what is still whole is found" {
	make_packed
	git gc -q --prune=now
	offset=$(git show-index <"$pack.idx" | awk -v id="$(git rev-parse HEAD:b)" '$2 == id { print $1 }')
	flip "$pack.pack" $((offset + 20))
	scan_json git
	expect_status 3
	expect_found "${keys[0]}" "${keys[2]}"
	expect '.incomplete | map([.what, .object])' "[[\"unreadable-object\",\"$(git rev-parse HEAD:b)\"]]"
}

@test "an object that is damaged in one pack is read from another, or from its loose copy" {
	make_packed
	cp "$pack.pack" "$T/whole"
	offset=$(git show-index <"$pack.idx" | awk -v id="$(git rev-parse HEAD:b)" '$2 == id { print $1 }')
	flip "$pack.pack" $((offset + 20))
	git unpack-objects -q <"$T/whole" 2>/dev/null || true
	git cat-file --batch-all-objects --batch-check='%(objectname)' >"$T/ids"
	(
		git init -q ../other
		cd ../other
		git unpack-objects -q <"$T/whole"
	)
	mkdir -p .git/objects/$(git rev-parse HEAD:b | cut -c1-2)
	cp "../other/$(object_file HEAD:b)" "$(object_file HEAD:b)"
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	expect '.incomplete' '[]'
}

@test "wherever a byte of a pack or its index flips: either all keys are found, or the exit code says that something is missing" {
	make_packed
	for file in "$pack.pack" "$pack.idx"; do
		size=$(stat -c %s "$file")
		cp "$file" "$T/whole"
		for n in {0..24}; do
			flip "$file" $((size * n / 25 + n % 7))
			scan_json git
			[ "$status" -eq 3 ] || [ "$status" -eq 1 ] || expect_status 3
			[ "$status" -eq 3 ] || expect_found "${keys[@]}"
			cp "$T/whole" "$file"
		done
	done
}

@test "an index without its pack, a pack without its index, an index of rubbish, an empty pack" {
	make_packed
	key=$(new_key)
	printf '%s\n' "$key" | git hash-object -w --stdin >/dev/null
	mv "$pack.idx" "$T/idx"
	scan_json git # from front to back
	expect_status 1
	expect_found "${keys[@]}" "$key"
	expect "[.findings[].fingerprint] | index(\"$(fingerprint "$key")\") != null" true
	for content in rubbish '' '\377tOc\0\0\0\2' '\377tOc\0\0\0\11'; do
		printf "$content" >"$pack.idx"
		scan_json git
		expect_status 3
		expect '[.incomplete[].what] | index("unreadable-pack") != null' true
	done
	mv "$T/idx" "$pack.idx"
	mv "$pack.pack" "$T/pack"
	scan_json git
	expect_status 3
	: >"$pack.pack"
	scan_json git
	expect_status 3
	mv "$T/pack" "$pack.pack"
	scan_json git
	expect_status 1
}

@test "a multi-pack-index of rubbish, and one that names a pack that is gone" {
	make_packed
	printf 'rubbish' >.git/objects/pack/multi-pack-index
	scan_json git
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
	expect_found "${keys[@]}"
	rm .git/objects/pack/multi-pack-index
	git rev-parse HEAD:a | git pack-objects -q .git/objects/pack/pack >/dev/null
	git multi-pack-index write
	rm -f "$pack".*
	scan_json git
	expect_status 3
	expect_found "${keys[0]}"
}

# ---- clones that lack something on purpose ----

@test "a partial clone: what is not here is told, with a way to bring it" {
	make_good
	git config uploadpack.allowFilter true
	git clone -q --filter=blob:none --no-checkout "file://$PWD" ../partial
	cd ../partial
	scan_json git
	expect_status 3
	expect '.findings' '[]'
	expect '[.incomplete[] | [.what, .path]] | sort' '[["missing-object","a"],["missing-object","b"],["missing-object","c"]]'
	expect '[.incomplete[].detail | contains("(a partial clone): git fetch --refetch --no-filter brings it")] | unique' '[true]'
	# nothing was fetched: the scan has no network
	[ "$(git cat-file --batch-all-objects --batch-check | grep -c blob)" = 0 ]
	git checkout -q HEAD -- b
	scan_json git
	expect_status 3
	expect_found "${keys[1]}"
	expect '.incomplete | length' 2
	# and that way is one
	git fetch -q --refetch --no-filter
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	# trees are not here either
	git clone -q --filter=tree:0 --no-checkout "file://$T/repo" ../treeless
	cd ../treeless
	scan_json git
	expect_status 3
	expect '.incomplete | length > 0' true
}

@test "a shallow clone: what is here is found, and that older history is not is told" {
	make_good
	git clone -q --depth 1 "file://$PWD" ../shallow
	cd ../shallow
	scan_json git
	expect_incomplete shallow-clone
	expect_found "${keys[@]}"
	expect '.incomplete[0].detail | contains("git fetch --unshallow")' true
	git fetch -q --unshallow
	scan_json git
	expect_status 1
	expect '.incomplete' '[]'
}

# ---- formats ----

@test "a SHA-256 repository" {
	key=$(new_key)
	make_repository repo --object-format=sha256
	printf '%s\n' "$key" >file
	commit '2024-01-01T00:00:00 +0000'
	scan_json git
	expect_incomplete unsupported-repository
	expect '.incomplete[0].detail' "cannot open the repository '.': SHA-256 object ids are not supported by this libgit2 (staunch dir scans files there)"
	staunch git --staged
	expect_status 3
	staunch git --range HEAD..HEAD
	expect_status 3
	# scan: its files are found, and the rest is told
	scan_json scan
	expect_incomplete unsupported-repository
	expect_found "$key"
}

@test "a repository format of the future" {
	make_good
	git config core.repositoryformatversion 99
	scan_json git
	expect_incomplete unsupported-repository
	git config --file .git/config core.repositoryformatversion 1
	git config --file .git/config extensions.fromthefuture true
	scan_json git
	expect_incomplete unsupported-repository
	git config --file .git/config --unset extensions.fromthefuture
	git config --file .git/config extensions.worktreeConfig true
	scan_json git
	expect_status 1
}

@test "a configuration that cannot be read" {
	make_good
	printf '[core\nrubbish = \0\n' >.git/config
	scan_json git
	expect_status 3
	expect '.incomplete | length > 0' true
	scan_json scan
	expect_status 3
	expect_found "${keys[@]}"
}

@test "an index that cannot be read" {
	make_good
	key=$(new_key)
	printf '%s\n' "$key" >new
	for content in rubbish 'DIRC\0\0\0\2\377\377\377\377' ''; do
		printf "$content" >.git/index
		scan_json git --staged
		[ "$status" -ne 0 ]
		# files are found: what an index cannot tell is not left out
		scan_json dir .
		expect "[.findings[].fingerprint] | index(\"$(fingerprint "$key")\") != null" true
		scan_json git
		[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
		expect_found "${keys[@]}"
	done
	truncate -s 0 .git/index
	printf 'rubbish' >.git/index
	scan_json git
	expect_incomplete unreadable-index
}

@test "alternates that are rubbish, or lead to the repository itself" {
	make_good
	echo .. >.git/objects/info/alternates
	scan_json git
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
	expect_found "${keys[@]}"
	echo "$PWD/.git/objects" >.git/objects/info/alternates
	scan_json git
	expect_status 1
	expect_found "${keys[@]}"
	head -c 1000 /dev/urandom >.git/objects/info/alternates
	scan_json git
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
	expect_found "${keys[@]}"
}

@test "objects that may not be read" {
	make_good
	rm -f "$(object_file HEAD:a)"
	printf 'one\n%s\n' "${keys[0]}" | git hash-object -w --stdin >/dev/null
	chmod 0 "$(object_file HEAD:a)"
	without_privileges
	scan_json git
	expect_incomplete unreadable-object
	expect_found "${keys[1]}" "${keys[2]}"
	for folder in .git/objects/pack .git/objects; do
		chmod 0 $folder
		scan_json git
		expect_status 3
		expect '.incomplete | length > 0' true
		chmod 755 $folder
	done
}
