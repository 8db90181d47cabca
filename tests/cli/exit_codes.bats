#!/usr/bin/env bats
# Each exit code, what wins over what, and that what was found survives a scan that dies, an interrupt and a full disk.

load helpers

teardown() {
	# of a test that failed half-way
	exec 9>&-
	[ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
	end_test
}

# ---- the codes ----

@test "0: everything was scanned, no credential found" {
	echo harmless >file
	staunch dir file
	expect_status 0
	[ "$(cat "$OUT")" = 'no credential found in 1 file (9 bytes).' ]
	[ ! -s "$ERR" ]
}

@test "1: credentials found" {
	new_key >file
	staunch dir file
	expect_status 1
	staunch dir file -n
	expect_status 1
}

@test "0: what is below --min-confidence is listed and changes nothing" {
	possible=$(new_key --loose) likely=$(new_key --bad-checksum) certain=$(new_key)
	printf '%s\n' "$possible" >possible
	printf '%s\n' "$likely" >likely
	printf '%s\n' "$certain" >certain
	scan_json dir possible
	expect_status 0
	expect_found "$possible"
	expect '.findings[0] | [.confidence, .revocation.state]' '["possible","none"]'
	scan_json dir possible --min-confidence possible
	expect_status 1
	expect '.findings[0].revocation.state' dry-run
	scan_json dir likely
	expect_status 1
	expect '.findings[0] | [.confidence, .revocation.state]' '["likely","dry-run"]'
	scan_json dir likely --min-confidence certain
	expect_status 0
	expect '.findings[0].revocation.state' none
	scan_json dir possible likely certain --min-confidence certain
	expect_status 1
	expect '.findings | map([.confidence, .revocation.state])' '[["certain","dry-run"],["likely","none"],["possible","none"]]'
}

@test "0: test dummies, masks and placeholders" {
	printf '%s\n' 'vck_OldKey0001' 'vck_x' "'vck_' + id" 'vck_••••1234' 'vck_...' 'vck_' >file
	scan_json dir file
	expect_status 0
	expect '.findings' '[]'
}

@test "2: a mistake in the call: nothing was scanned" {
	new_key >file
	staunch dir file --no-such-option
	expect_status 2
	[ ! -s "$OUT" ]
	[ -s "$ERR" ]
}

@test "2: a rule file that cannot be used" {
	new_key >file
	printf '{ "schema": 1,\n  "rubbish": true }\n' >rules.json
	staunch dir file --rules rules.json
	expect_status 2
	[ ! -s "$OUT" ]
	grep -q '^staunch: rules.json:[0-9]*:[0-9]*: ' "$ERR"
	[ "$(wc -l <"$ERR")" = 1 ]
}

@test "3 wins over 0 and over 1" {
	mkdir tree
	make_repository broken
	echo harmless >file
	commit '2024-01-01T00:00:00 +0000'
	id=$(git rev-parse HEAD:file)
	rm -f ".git/objects/${id:0:2}/${id:2}"
	cd ..
	staunch git broken
	expect_status 3
	key=$(new_key)
	printf '%s\n' "$key" >file
	scan_json scan broken file
	expect_status 3
	expect_found "$key"
}

@test "--exit-zero: 0 instead of 1, never instead of 2 or 3" {
	new_key >file
	staunch dir file --exit-zero
	expect_status 0
	[ -s "$OUT" ]
	staunch dir nowhere --exit-zero
	expect_status 2
	staunch dir /proc/self/mem file --exit-zero
	expect_status 3
}

# ---- a scan process that dies ----

# begin_scan ARG...: start a scan of a FIFO in the background and feed it more than it searches at a time, beginning with
# $key. It is still being fed when this returns, through file descriptor 9; what came first has been searched. $pid is its process.
begin_scan() {
	mkfifo fifo
	next_run
	STAUNCH_DRY_RUN=1 "$STAUNCH" stdin "$@" <fifo >"$OUT" 2>"$ERR" 3>&- &
	pid=$!
	exec 9>fifo
	{ printf 'a line\n%s\n' "$key"; head -c 3000000 /dev/zero; } >&9
}

# end_scan: wait for it, no more than 20 seconds, with its input still open
end_scan() {
	local tries=0
	while kill -0 "$pid" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 400 ] || { echo "it does not end"; return 1; }
		sleep 0.05
	done
	status=0
	wait "$pid" || status=$?
	pid=
	exec 9>&-
	keep_output
}

@test "3: the scan process is killed half-way: what it had found is kept" {
	key=$(new_key)
	begin_scan -f json
	child=$(pgrep -P "$pid")
	[ "$(wc -w <<<"$child")" = 1 ]
	kill -KILL "$child"
	end_scan
	expect_status 3
	expect_found "$key"
	expect '.findings[0].places | map([.line, .column, .offset])' '[[2,1,7]]'
	expect '.incomplete | map([.what, .target])' '[["scan-process",0]]'
	expect '.incomplete[0].detail' 'the scan process was ended by signal 9 (Killed): what it had found until then is kept'
	grep -qxF 'staunch: the scan process was ended by signal 9 (Killed): what it had found until then is kept' "$ERR"
}

@test "3: the scan process is killed before it found anything" {
	key=harmless
	begin_scan
	kill -ABRT "$(pgrep -P "$pid")"
	end_scan
	expect_status 3
	grep -qF 'scan-process' "$OUT"
	grep -qF 'signal 6' "$ERR"
}

@test "when the broker is killed the scan process does not live on" {
	key=$(new_key)
	begin_scan
	child=$(pgrep -P "$pid")
	kill -KILL "$pid"
	for tries in {1..100}; do
		case $(ps -o stat= -p "$child") in '' | Z*) break ;; esac
		sleep 0.05
	done
	case $(ps -o stat= -p "$child") in '' | Z*) ;; *) return 1 ;; esac
	pid=
}

# ---- interrupts ----

@test "130: interrupted while it waits for input: what was found is reported" {
	for signal in INT TERM; do
		key=$(new_key)
		begin_scan -f json
		kill -$signal "$pid"
		end_scan
		expect_status 130
		expect_found "$key"
		expect '.interrupted' true
		rm fifo
	done
}

@test "130: from the terminal's process group, both processes at once" {
	key=$(new_key)
	mkfifo fifo
	next_run
	set -m # a process group of its own
	STAUNCH_DRY_RUN=1 "$STAUNCH" stdin <fifo >"$OUT" 2>"$ERR" 3>&- &
	pid=$!
	set +m
	exec 9>fifo
	{ printf '%s\n' "$key"; head -c 3000000 /dev/zero; } >&9
	kill -INT -- "-$pid"
	end_scan
	expect_status 130
	grep -qF "$(shortened "$key")" "$OUT"
	grep -qF 'interrupted: not everything was scanned.' "$OUT"
}

# ---- output that cannot be written ----

@test "3: standard output is full" {
	new_key >file
	for format in human json jsonl; do
		next_run
		status=0
		STAUNCH_DRY_RUN=1 "$STAUNCH" dir file -f $format >/dev/full 2>"$ERR" 3>&- || status=$?
		: >"$OUT"
		keep_output
		expect_status 3
		grep -qF 'No space left on device' "$ERR"
	done
	# even with nothing to tell
	echo harmless >file
	status=0
	STAUNCH_DRY_RUN=1 "$STAUNCH" dir file >/dev/full 2>"$ERR" || status=$?
	[ "$status" -eq 3 ]
	for arguments in --help --version 'rules list'; do
		status=0
		"$STAUNCH" $arguments >/dev/full 2>"$ERR" || status=$?
		[ "$status" -eq 3 ]
	done
}

@test "3: a report file on a full disk" {
	new_key >file
	staunch dir file -f json:/dev/full
	expect_status 3
	grep -qF '/dev/full' "$ERR"
}

@test "3: nobody reads standard output any more: no crash" {
	new_key 200 >file
	mkfifo pipe
	for format in human json jsonl; do
		exec 8<>pipe 7>pipe 8>&- # a pipe whose reading end is closed
		next_run
		status=0
		STAUNCH_DRY_RUN=1 "$STAUNCH" dir file -f $format >&7 2>"$ERR" 3>&- || status=$?
		exec 7>&-
		: >"$OUT"
		keep_output
		expect_status 3
		grep -qF 'Broken pipe' "$ERR"
	done
	# as people write it: what the reader saw of it may end anywhere
	STAUNCH_DRY_RUN=1 "$STAUNCH" dir file 2>/dev/null 3>&- | head -c 1 >/dev/null
	status=${PIPESTATUS[0]}
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ]
}

@test "2: standard output is closed: that is known before anything is scanned" {
	new_key >file
	next_run
	status=0
	STAUNCH_DRY_RUN=1 "$STAUNCH" dir file >&- 2>"$ERR" 3>&- || status=$?
	: >"$OUT"
	keep_output
	expect_status 2
	grep -qF 'standard output' "$ERR"
}
