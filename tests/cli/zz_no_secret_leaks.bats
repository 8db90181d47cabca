#!/usr/bin/env bats
# Runs last: nothing that any test's staunch wrote (reports, messages, logs) holds a whole key, or 20 characters of one.

load helpers

# pieces: every 20 characters of every key's body, one a line, of the keys on standard input
pieces() {
	awk '{ body = substr($0, 5); for (i = 1; i + 19 <= length(body); i++) print substr(body, i, 20) }' | sort -u
}

# leaks FOLDER: the files below it that hold a piece of a key
leaks() {
	LC_ALL=C grep -rlaF -f "$T/pieces" "$1"
}

setup() {
	begin_test
	# a run of this file's own, so that it has something to look at whatever else was run
	own=$(new_key)
	printf 'key = %s\n' "$own" >file
	for format in human json jsonl; do staunch dir file -v -f $format -f json:report.json; done
	pieces <"$STAUNCH_TEST_OUTPUT/../keys" >"$T/pieces"
}

@test "the search finds what it should: a whole key, its beginning, its middle, its end" {
	key=$(new_key)
	printf '%s\n' "$key" | pieces >"$T/pieces"
	[ "$(wc -l <"$T/pieces")" = 37 ]
	mkdir planted
	printf 'harmless %s\n' "$(shortened "$key")" >planted/file
	run ! leaks planted
	for part in "$key" "${key:0:24}" "${key:4:20}" "${key:20:20}" "${key: -20}"; do
		printf '\0x%sx' "$part" >planted/file
		[ "$(leaks planted)" = planted/file ]
	done
}

@test "no output holds a key or 20 characters of one" {
	keys=$(sort -u "$STAUNCH_TEST_OUTPUT/../keys" | wc -l)
	files=$(find "$STAUNCH_TEST_OUTPUT" -type f | wc -l)
	echo "# $files files, $keys keys"
	[ "$keys" -ge 1 ]
	[ "$files" -ge 9 ]
	[ "$(wc -l <"$T/pieces")" -ge 37 ]
	# this file's own runs are among them, and did find the key
	LC_ALL=C grep -rqF "$(fingerprint "$own")" "$STAUNCH_TEST_OUTPUT"
	run ! leaks "$STAUNCH_TEST_OUTPUT"
}

@test "no output holds anything that looks like a whole key" {
	run ! env LC_ALL=C grep -rlaE 'vck_[A-Za-z0-9_-]{24}' "$STAUNCH_TEST_OUTPUT"
}

@test "no test log holds a key" {
	# what the tests themselves printed, among it what staunch said to those that ran it by hand
	mkdir logs
	find "$STAUNCH_TEST_OUTPUT/.." -maxdepth 1 -name '*.log' -exec cp {} logs \;
	find "$STAUNCH_TEST_OUTPUT/.." -maxdepth 1 -name '*.err' -exec cp {} logs \;
	run ! leaks logs
}
