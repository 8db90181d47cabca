#!/usr/bin/env bats
# Goal: a bundle is read as the repository that it would become; what is not in it, cut off or of another kind is told.

load helpers

# Two commits more than the key's: it came in the second, and went in the third. A file grows all the while, so that there are deltas.
a_history() {
	local n
	key=$(new_key)
	make_repository
	for n in 1 2 3 4 5; do
		seq $((n * 500)) >numbers
		[ $n -ne 2 ] || printf 'x\nAI_GATEWAY_API_KEY=%s\n' "$key" >config.env
		[ $n -ne 3 ] || rm config.env
		commit "2024-01-0${n}T00:00:00Z" "number $n"
	done
	git tag -a -m 'a tag' v1
	cd ..
}

# the bundle as git and as scan take it
both() {
	local command
	for command in 'git' 'scan'; do
		scan_json $command "$@"
		"$check"
	done
}

@test "version 2 and 3, as an argument of git and of scan: what the repository itself gives" {
	a_history
	scan_json git repo
	json '[.findings[] | .places, .first_seen, .removed, .commits_total, .at_head]' >want
	[ "$(json '.findings | length')" = 1 ]
	for version in 2 3; do
		git -C repo bundle create -q --version=$version ../all.bundle --all
		check() {
			expect_status 1
			expect '.incomplete' '[]'
			expect '.targets | length' 1
			expect '.targets[0] | [.kind, .path, .commits]' '["git","all.bundle",5]'
			expect '[.findings[].refs] | flatten | sort' '["refs/heads/main","refs/tags/v1"]'
			json '[.findings[] | .places, .first_seen, .removed, .commits_total, .at_head]' | diff want -
		}
		check=check
		both all.bundle
	done
}

@test "names of references in it, and its folder is not writable" {
	a_history
	other=$(new_key)
	(cd repo && printf 'create refs/heads/x/%s HEAD\n' "$other" | git update-ref --stdin)
	git -C repo bundle create -q ../all.bundle --all
	mkdir only
	mv all.bundle only
	chmod 555 only
	scan_json git only/all.bundle
	expect_found "$key" "$other"
	expect '[.findings[].places[] | select(.kind == "path") | .path]' "[\"refs/heads/x/$(shortened "$other")\"]"
	[ "$(ls only)" = all.bundle ]
}

@test "one that builds on commits elsewhere: they are named, and what is in it is found" {
	a_history
	git -C repo bundle create -q ../thin.bundle main~4..main
	scan_json git thin.bundle
	expect_status 3
	expect_found "$key"
	expect '.findings[0].places[0] | [.kind, .path, .line, .commit]' "[\"blob\",\"config.env\",2,\"$(git -C repo rev-parse main~3)\"]"
	expect '[.incomplete[] | select(.what == "missing-prerequisite") | .object]' "[\"$(git -C repo rev-parse main~4)\"]"
}

@test "a delta whose base is elsewhere is counted as unread" {
	key=$(new_key)
	make_repository
	openssl rand -base64 60000 >large
	commit '2024-01-01T00:00:00Z'
	printf '%s\n' "$key" >>large
	commit '2024-01-02T00:00:00Z'
	git bundle create -q ../thin.bundle main~..main
	cd ..
	[ "$(wc -c <thin.bundle)" -lt 10000 ]
	scan_json git thin.bundle
	expect_status 3
	expect '.findings' '[]'
	expect '[.incomplete[].what]' '["missing-prerequisite","unreadable-pack"]'
	expect '.incomplete[1].detail | test("^1 of its 3 objects are deltas whose bases are not there")' true
}

@test "cut off anywhere: told, and what came before is found" {
	a_history
	git -C repo bundle create -q ../all.bundle --all
	size=$(wc -c <all.bundle)
	for keep in 10 60 150 $((size / 4)) $((size / 2)) $((size - 21)) $((size - 1)); do
		head -c "$keep" all.bundle >cut.bundle
		scan_json git cut.bundle
		[ "$keep" -eq 10 ] || { expect_status 3; expect '.incomplete | length > 0' true; }
	done
	# with only its checksum cut, all is found
	expect_found "$key"
	head -c 10 all.bundle >cut.bundle
	staunch git cut.bundle
	expect_status 2
}

@test "of SHA-256, filtered, with a header that is none: told" {
	a_history
	git init -q --object-format=sha256 other 2>/dev/null || skip "this git has no SHA-256"
	(cd other && git commit -q --allow-empty -m x && git bundle create -q ../other.bundle --all)
	scan_json git other.bundle
	expect_status 3
	expect '.incomplete[].what' 'unsupported-repository'
	# as git 2.40 makes them with --filter
	{
		printf '# v3 git bundle\n@object-format=sha1\n@filter=blob:none\n%s refs/heads/main\n\n' "$(git -C repo rev-parse main)"
		git -C repo pack-objects -q --revs --all --stdout --filter=blob:none </dev/null
	} >filtered.bundle
	scan_json git filtered.bundle
	expect_status 3
	expect '[.incomplete[].what] | unique' '["missing-object"]'
	printf '# v2 git bundle\nnothing\n\nPACK' >broken.bundle
	scan_json git broken.bundle
	expect_status 3
	expect '.incomplete[].what' 'unreadable-target'
	{ printf '# v2 git bundle\n'; head -c 200000 /dev/zero | tr '\0' 'x'; } >broken.bundle
	scan_json git broken.bundle
	expect_status 3
	expect '.incomplete[].detail | contains("its header")' true
}

@test "a pack whose count is a lie, and one of garbage: bounded and told" {
	a_history
	git -C repo bundle create -q ../all.bundle --all
	start=$(grep -abo PACK all.bundle | head -1 | cut -d: -f1)
	cp all.bundle lie.bundle
	printf '\xff\xff\xff\xfe' | dd of=lie.bundle bs=1 seek=$((start + 8)) conv=notrunc status=none
	scan_json git lie.bundle
	expect_status 3
	expect_found "$key"
	head -c $((start + 12)) all.bundle >garbage.bundle
	head -c 100000 /dev/urandom >>garbage.bundle
	scan_json git garbage.bundle
	expect_status 3
	expect '.findings' '[]'
}
