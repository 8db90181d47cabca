#!/usr/bin/env bats
# Goal: what corpus/ promises (corpus/README.md): in each positive input exactly the findings that stand
# beside it, whichever way the bytes come, and in no negative input anything that would be sent. And this
# repository is clean itself.

load helpers

CORPUS=$BATS_TEST_DIRNAME/../../corpus

# fill_markers KIND: a copy of corpus/KIND/*.in in $T/KIND, named without .in, with keys in the markers'
# places. Writes $T/markers.json, which has the marker of each fingerprint.
fill_markers() {
	local name key
	mkdir "$T/$1"
	for name in "$CORPUS/$1"/*.in; do
		cp "$name" "$T/$1/$(basename "$name" .in)"
	done
	markers KEY "$1"
	markers BADSUM "$1" --bad-checksum
	markers LOOSE "$1" --loose
	echo 's/@+@//g' >>"$T/markers.sed"
	LC_ALL=C sed -i -f "$T/markers.sed" "$T/$1"/*
	while read -r name key; do
		printf '{"%s":"%s"}\n' "$(fingerprint "$key")" "$name"
	done <"$T/markers" | jq -s 'add // {}' >"$T/markers.json"
}

# markers NAME KIND [VARIANT]: new keys for the markers of this name
markers() {
	grep -ohaE "@$1[0-9]+@" "$T/$2"/* | tr -d @ | sort -u >"$T/names" || true
	[ -s "$T/names" ] || return 0
	new_key ${3:+"$3"} "$(wc -l <"$T/names")" | paste -d' ' "$T/names" - >"$T/new"
	sed 's|\(.*\) \(.*\)|s/@\1@/\2/g|' "$T/new" >>"$T/markers.sed"
	cat "$T/new" >>"$T/markers"
}

# found [REPORT]: "NAME confidence rule line column marker" of each place, in order
found() {
	jq -r --slurpfile markers "$T/markers.json" '
		.findings[] | . as $finding | .places[] |
		[ (.path | sub(".*/"; "")), $finding.confidence, $finding.rule, .line, .column,
		  $markers[0][$finding.fingerprint] // "-" ] | join(" ")
	' "${1:-$OUT}" | in_order
}

# the same, of the .expected files
expected() {
	local name
	for name in "$CORPUS"/positive/*.expected; do
		sed "s/^/$(basename "$name" .expected) /" "$name"
	done | in_order
}

in_order() {
	sort -k1,1 -k4,4n -k5,5n
}

count_inputs() {
	find "$CORPUS/$1" -name '*.in' | wc -l
}

# nothing_to_send: of the findings in $OUT, none is certain or likely
nothing_to_send() {
	expect '[.findings[] | select(.confidence != "possible") | .places[0] | "\(.path):\(.line)"] | join(" ")' ''
}

@test "each positive input has its findings beside it, and nothing else lies there" {
	local name
	for name in "$CORPUS"/positive/*.in; do [ -s "${name%.in}.expected" ]; done
	for name in "$CORPUS"/positive/*.expected; do [ -s "${name%.expected}.in" ]; done
	[ -z "$(find "$CORPUS/positive" -type f ! -name '*.in' ! -name '*.expected')" ]
	[ -z "$(find "$CORPUS/negative" -type f ! -name '*.in')" ]
	[ "$(cat "$CORPUS"/negative/*.in | wc -l)" -ge 2000 ]
}

@test "positive: as files" {
	fill_markers positive
	scan_json dir positive
	expect_status 1
	expect '.targets[0].objects' "$(count_inputs positive)"
	expect '.incomplete' '[]'
	diff <(expected) <(found)
}

@test "positive: on standard input" {
	local name
	fill_markers positive
	for name in positive/*; do
		scan_json stdin --name "${name##*/}" <"$name"
		expect_status 1
		cat "$OUT" >>"$T/all"
	done
	diff <(expected) <(found "$T/all")
}

@test "positive: in history, deleted since" {
	fill_markers positive
	make_repository
	cp "$T"/positive/* .
	commit '2026-01-01T00:00:00Z' 'everything'
	rm -- *
	commit '2026-01-02T00:00:00Z' 'nothing'
	git gc -q
	scan_json git .
	expect_status 1
	expect '.incomplete' '[]'
	expect '[.findings[].places[].kind] | unique' '["blob"]'
	diff <(expected) <(found)
}

@test "negative: as files, nothing would be sent" {
	fill_markers negative
	scan_json dir negative
	expect_status 0
	expect '.targets[0].objects' "$(count_inputs negative)"
	expect '.incomplete' '[]'
	nothing_to_send
}

@test "negative: on standard input and in history, nothing would be sent" {
	local name
	fill_markers negative
	for name in negative/*; do
		scan_json stdin <"$name"
		expect_status 0
		nothing_to_send
	done
	make_repository
	cp "$T"/negative/* .
	commit '2026-01-01T00:00:00Z' "vck_OldKey0001 and vck_your_key_here"
	scan_json git .
	expect_status 0
	nothing_to_send
}

@test "this repository: its history and files hold nothing certain or likely" {
	local root=$BATS_TEST_DIRNAME/../.. want=0
	local -x GIT_CONFIG_GLOBAL=$T/gitconfig
	git config --global safe.directory '*' # it may be another user's
	git -C "$root" rev-parse HEAD >/dev/null 2>&1 || skip "not in a git work tree"
	[ "$(git -C "$root" rev-parse --is-shallow-repository)" = false ] || want=3
	git clone -q --no-hardlinks "$root" clone 2>clone.log || { cat clone.log; return 1; }
	scan_json scan clone
	expect_status $want
	expect '.targets[].kind' $'git\ndir'
	nothing_to_send
}

@test "this repository: neither do files that are not committed yet" {
	local root=$BATS_TEST_DIRNAME/../..
	scan_json dir "$root/rules" "$root/corpus" "$root/tests" "$root/scanner" "$root/Makefile" "$root/LICENSE"
	expect_status 0
	nothing_to_send
}
