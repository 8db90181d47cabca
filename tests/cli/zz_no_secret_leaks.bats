#!/usr/bin/env bats
# Runs last: nothing that any test's staunch wrote (reports, messages, logs) holds a whole key, or 20 characters of one.

load helpers
load provider

# pieces: every 20 characters of every key's body, one a line, of the keys on standard input
pieces() {
	awk '{ body = substr($0, 5); for (i = 1; i + 19 <= length(body); i++) print substr(body, i, 20) }' | sort -u
}

# leaks FOLDER: the files below it that hold a piece of a key
leaks() {
	LC_ALL=C grep -rlaF -f "$T/pieces" "$1"
}

teardown() { provider_stop; end_test; }

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

# ---- while a report is under way ----

# holders PROCESS...: what holds a piece of the key of $T/pieces: the processes' command lines and environments, the files they
# have open or mapped, and every file in the folders where one might be left behind
holders() {
	local one file
	for one; do
		for file in "/proc/$one/cmdline" "/proc/$one/environ" "/proc/$one/comm" "/proc/$one/status"; do
			tr '\0' '\n' <"$file" 2>/dev/null | LC_ALL=C grep -qaF -f "$T/pieces" && echo "$file"
		done
		{ readlink /proc/"$one"/fd/* 2>/dev/null; sed -n 's|^[^/]*\(/.*\)|\1|p' "/proc/$one/maps" 2>/dev/null; } | sort -u |
			while read -r file; do
				[ -f "$file" ] && [ "$file" != "$T/pieces" ] && LC_ALL=C grep -qaF -f "$T/pieces" "$file" && echo "$file"
			done
	done
	LC_ALL=C grep -rlaF -f "$T/pieces" --exclude=pieces --exclude-dir=output -D skip "$T" "$HOME" "$XDG_STATE_HOME" /dev/shm /var/tmp 2>/dev/null
	find "$T" "$HOME" "$XDG_STATE_HOME" -name 'core*' -type f
	return 0
}

@test "while a report is under way, the key is in no command line, environment, file, log or core dump" {
	local key process child found
	provider_start server
	key=$(new_key)
	rm file
	export XDG_STATE_HOME=$T/state
	mkdir "$XDG_STATE_HOME"
	printf '%s\n' "$key" | pieces >"$T/pieces"
	# the search finds what it should
	printf 'x%sx' "${key:10:20}" >planted
	[ "$(holders $$)" = "$T/planted" ]
	[ "$(env PLANTED="${key:4:25}" bash -c 'eval "$1"; T=$2; holders $$' - "$(declare -f holders)" "$T" 2>/dev/null | grep -c environ)" = 1 ]
	rm planted

	faults '[{"delay_ms":2000,"echo_secret":true,"status":500},{"delay_ms":8000}]'
	next_run
	printf '%s\n' "$key" >key.fifo.source
	mkfifo key.fifo
	cat key.fifo.source >key.fifo 3>&- &
	(
		ulimit -c unlimited
		STAUNCH_DRY_RUN= SSLKEYLOGFILE=$T/tls.log CURL_DEBUG=1 exec "$STAUNCH" stdin --yes -v -f json -f human:text -f jsonl:lines \
			--endpoint "$AT" --ca-file "$CERTIFICATES/ca.pem" --retries 1 --comment 'found by a test' \
			<key.fifo >"$OUT" 2>"$ERR" 3>&-
	) &
	process=$!
	wait_for arrived_once
	rm key.fifo.source
	child=$(pgrep -P "$process" || true)
	found=$(holders "$process" $child)
	echo "$found"
	[ -z "$found" ]
	grep -q '^Max core file size  *0 ' "/proc/$process/limits"
	# the other side may send it back: that is in no message either
	wait_for arrived_twice
	kill -ABRT "$process"
	status=0
	wait "$process" || status=$?
	[ "$status" -eq 134 ]
	keep_output human:text jsonl:lines
	found=$(holders)
	echo "$found"
	[ -z "$found" ]
	[ ! -e tls.log ]
}
arrived_once() { [ "$(reports length)" = 1 ]; }
arrived_twice() { [ "$(reports length)" -ge 2 ]; }
