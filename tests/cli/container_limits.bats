#!/usr/bin/env bats
# Goal: what comes of all containers together is bounded, what is left is named, and neither depends on how many threads look.

load helpers

make_container() {
	"$BATS_TEST_DIRNAME/make_container" "$@"
}

# many_bombs COUNT: so many different streams of a few kilobytes in the folder many, of each of which a quarter of a gigabyte comes
many_bombs() {
	local number
	head -c 300000000 /dev/zero >zeroes
	make_container zst bomb zeroes=zeroes
	mkdir many
	for number in $(seq 101 $((100 + $1))); do
		echo "$number" >number
		make_container zst many/$number.zst number=number
		cat bomb >>many/$number.zst
	done
	rm zeroes bomb number
}

# the same report, but for its times, with 1, 2 and 16 threads
same_with_threads() {
	local jobs
	for jobs in 1 2 16; do
		scan_json "$@" --jobs $jobs
		cp "$OUT" "$T/report.$jobs"
	done
	same_but_times "$T/report.1" "$T/report.2"
	same_but_times "$T/report.1" "$T/report.16"
}

@test "many small bombs: what comes of all together is bounded, and the rest is named" {
	many_bombs 24
	# files of one folder are one thread's
	mkdir many/100
	mv many/10?.zst many/100
	key=$(new_key)
	# a file of the usual kind hides behind none of them
	echo "$key" | gzip >many/zz.gz
	same_with_threads dir many
	expect_status 3
	expect_found "$key"
	expect '.incomplete | map(.what) | group_by(.)[] | [.[0], length]' '["archive-limit",24]'
	# the first ones in order had as much as one bomb has
	expect '.incomplete | map(select(.detail | test("than any that is no bomb has")) | .path | sub(".*/"; ""))[]' "$(seq -f '%g.zst' 101 116)"
	expect '.incomplete | map(select(.detail == "zstd: more bytes come of all together than of any that are no bomb") | .path | sub(".*/"; ""))[]' \
		"$(seq -f '%g.zst' 117 124)"
	cd many
	git init -q
	git add .
	# before a commit they come one after the other
	scan_json git --staged
	expect_status 3
	expect_found "$key"
	expect '.incomplete | map(select(.detail | test("all together"))) | length' 8
	git commit -qm bombs
	same_with_threads git .
	expect_status 3
	expect_found "$key"
	expect '.incomplete | map(.what) | group_by(.)[] | [.[0], length]' '["archive-limit",24]'
	expect '.incomplete | map(select(.detail | test("all together"))) | length' 8
}

@test "a small archive of which much comes is no bomb: its key is found, once" {
	key=$(new_key)
	{ yes 'a line that stands there often' | head -n 3000000; echo "key = $key"; } >text
	make_container xz x.xz text=text
	rm text
	[ "$(stat -c %s x.xz)" -lt 50000 ]
	same_with_threads dir x.xz
	expect_status 1
	expect_found "$key"
	expect '.findings[].places[] | [.path, .archive_path, .line, .column]' '["x.xz",["x"],3000001,7]'
	git init -q
	git add .
	git commit -qm archive
	same_with_threads git .
	expect_status 1
	expect_found "$key"
	expect '.findings[] | .places_total, (.places[] | [.kind, .path, .archive_path, .line, .reachable])' \
		"$(printf '1\n["blob","x.xz",["data"],3000001,true]')"
	scan_json stdin <x.xz
	expect_status 1
	expect_found "$key"
}

@test "what has to be held whole is held, whatever others hold at the time" {
	local number
	mkdir tars
	key=$(new_key)
	{ head -c 30000000 /dev/urandom; printf '\n%s\n' "$key"; } >plain
	bsdtar -c --format 7zip --options 7zip:compression=store -f x.7z plain
	# a folder each: those of one folder are one thread's
	for number in 1 2 3 4; do
		mkdir tars/$number
		tar -cf tars/$number/x.tar x.7z
	done
	rm plain x.7z
	same_with_threads dir tars
	expect_status 1
	expect '.findings[].places | map(.path)' '["tars/1/x.tar","tars/2/x.tar","tars/3/x.tar","tars/4/x.tar"]'
	# and 60 MB are too large for anybody
	head -c 60000000 /dev/urandom >plain
	bsdtar -c --format 7zip --options 7zip:compression=store -f x.7z plain
	tar -cf tars/1/x.tar x.7z
	rm plain x.7z
	same_with_threads dir tars
	expect_status 3
	expect '.incomplete[] | [.what, .path]' '["archive-limit","tars/1/x.tar"]'
}
