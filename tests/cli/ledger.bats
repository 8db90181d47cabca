#!/usr/bin/env bats
# Goal: the ledger's file and folder, ledgers that cannot be used, and the command line of `ledger`.

load helpers
load provider

# run ARG...: what staunch finds is sent; -y, JSON
sending() { staunch_sending "$@" --yes --endpoint "$AT" -f json; }

# expect_nothing_sent WORDS: the scan went on, the finding is reported as pending, the message says why and what to do
expect_nothing_sent() {
	expect_status 3
	expect '[.findings[].revocation.state] | unique' '["pending"]'
	expect_message "$1"
	expect_message 'nothing was sent. --ledger names another, --no-ledger goes without'
	expect_arrivals 0
}

# ---- where it is ----

@test "the default: in the state folder, for its owner alone" {
	provider_start
	new_key >file
	local -x HOME=$T.home
	mkdir "$HOME"
	(umask 000; sending dir file)
	[ "$(stat -c '%a %F' "$HOME/.local/state/staunch")" = '700 directory' ]
	[ "$(stat -c '%a %F' "$HOME/.local/state/staunch/ledger.db")" = '600 regular file' ]
	local -x XDG_STATE_HOME=$T.state
	sending dir file
	[ "$(stat -c %a "$XDG_STATE_HOME/staunch")" = 700 ]
	[ "$(stat -c %a "$XDG_STATE_HOME/staunch/ledger.db")" = 600 ]
	expect_arrivals 2
	# while it is written, the log and its index too
	faults '[{"delay_ms":1500}]'
	new_key >file
	STAUNCH_DRY_RUN= "$STAUNCH" dir file --yes --endpoint "$AT" >/dev/null 2>&1 3>&- &
	wait_for test -s "$XDG_STATE_HOME/staunch/ledger.db-wal"
	[ "$(stat -c %a "$XDG_STATE_HOME/staunch/"* | sort -u)" = 600 ]
	wait $! || [ $? = 1 ]
	rm -rf "$T.home" "$T.state"
}

@test "no HOME: said, and nothing is sent" {
	provider_start
	new_key >file
	run_homeless() { local -x HOME=; sending dir file "$@"; }
	run_homeless
	expect_nothing_sent 'no place for the ledger: neither HOME nor XDG_STATE_HOME names a folder'
	run_homeless --ledger "$T/here.db"
	expect_status 1
	expect_arrivals 1
}

@test "a run that finds nothing, or sends nothing, loads no database and makes no ledger" {
	local -x HOME=$T.home
	mkdir "$HOME"
	echo harmless >clean
	new_key --loose >loose
	new_key >key
	for arguments in 'dir clean' 'dir clean --yes' 'dir loose --yes' 'dir key --dry-run'; do
		LD_DEBUG=files "$STAUNCH" $arguments >out 2>log || [ $? = 1 ]
		grep -q libpcre2 log # the log is one
		refute grep -qE 'libsqlite3|libpq|libcurl' log
	done
	[ -z "$(ls -A "$HOME")" ]
	refute grep -qE 'libsqlite3|libpq' < <(ldd "$STAUNCH")
	provider_start
	LD_DEBUG=files STAUNCH_DRY_RUN= "$STAUNCH" dir key --yes --endpoint "$AT" >out 2>log || [ $? = 1 ]
	grep -q libsqlite3 log
	refute grep -q libpq.so log
	rm -rf "$T.home"
}

@test "file: URIs, and a path that looks like SQLite's own" {
	provider_start
	new_key >file
	sending dir file --ledger "file://$T/a%20b.db"
	expect_status 1
	[ -s "$T/a b.db" ]
	sending dir file --ledger ':memory:'
	expect_status 1
	[ -s ./:memory: ]
	sending dir file --ledger ':memory:'
	expect '.findings[0].revocation.earlier' true
}

# ---- what cannot be used ----

@test "a damaged ledger, and a file that is none" {
	provider_start
	new_key >file
	head -c 100000 /dev/urandom >ledger.db
	sending dir file --ledger ledger.db
	expect_nothing_sent "the ledger 'ledger.db' cannot be used: it is no SQLite database, or is damaged"
	rm ledger.db
	sending dir file --ledger ledger.db
	expect_status 1
	provider_reset
	new_key >file
	# its head is sound, the rest is not
	dd if=/dev/urandom of=ledger.db bs=1024 seek=4 count=30 conv=notrunc status=none
	sending dir file --ledger ledger.db
	expect_nothing_sent "the ledger 'ledger.db' cannot be used: it is damaged: move it away to begin a new one"
	sending dir file --ledger ledger.db --no-ledger || true
	expect_status 2
	sending dir file --no-ledger
	expect_status 1
	expect_arrivals 1
}

@test "the database of another program is left as it is" {
	local before
	provider_start
	new_key >file
	sqlite3 other.db 'CREATE TABLE claims (a); INSERT INTO claims VALUES (1)'
	before=$(sha256sum <other.db)
	sending dir file --ledger other.db
	expect_nothing_sent "the ledger 'other.db' cannot be used: it is the database of another program"
	[ "$(sha256sum <other.db)" = "$before" ]
}

@test "a ledger that may not be written: a file, a folder, a folder that is not there" {
	provider_start
	new_key >file
	without_privileges
	sending dir file --ledger ledger.db
	expect_status 1
	provider_reset
	new_key >file
	chmod 400 ledger.db
	sending dir file --ledger ledger.db
	expect_nothing_sent "the ledger 'ledger.db' cannot be used: it cannot be written: it, its folder or its disk is read-only"
	chmod 000 ledger.db
	sending dir file --ledger ledger.db
	expect_nothing_sent "the ledger 'ledger.db' cannot be used: it cannot be opened: Permission denied"
	mkdir -m 500 folder
	sending dir file --ledger folder/ledger.db
	expect_nothing_sent "the ledger 'folder/ledger.db' cannot be used: it cannot be created: Permission denied"
	sending dir file --ledger missing/ledger.db
	expect_nothing_sent "the ledger 'missing/ledger.db' cannot be used: it cannot be created: No such file or directory"
	sending dir file --ledger folder
	expect_nothing_sent "the ledger 'folder' cannot be used: "
	# who may read it may list it
	chmod 400 ledger.db
	staunch ledger list --ledger ledger.db
	expect_status 0
	expect_message '1 key.' "$OUT"
}

@test "a full disk: nothing is sent without a claim, and what was sent is said" {
	provider_start
	new_key >file
	mkdir disk
	unshare --mount --map-root-user true 2>/dev/null || unshare --mount true 2>/dev/null || skip 'no file system can be mounted here'
	full() { # SIZE: run with a ledger on a disk of this size
		next_run
		status=0
		STAUNCH_DRY_RUN= unshare --mount $([ "$(id -u)" = 0 ] || echo --map-root-user) sh -c '
			mount -t tmpfs -o size=$1 none disk || exit 77
			shift
			exec "$@"' sh "$1" "$STAUNCH" dir file --yes --endpoint "$AT" -f json --ledger disk/ledger.db >"$OUT" 2>"$ERR" 3>&- || status=$?
		keep_output
	}
	full 16k
	[ "$status" != 77 ] || skip 'no file system can be mounted here'
	expect_nothing_sent "the ledger 'disk/ledger.db' cannot be used: its disk is full"
	# it fills while keys are sent: those that were are said to be, the rest stays pending
	new_key 300 >file
	for size in 600k 700k 800k 900k 1000k 1200k 1400k; do
		full "$size"
		[ "$(reports length)" = 0 ] || break
	done
	expect_status 3
	expect_message "the ledger 'disk/ledger.db' cannot be used: its disk is full: it does not hold what was sent in this run"
	[ "$(reports length)" -lt 300 ]
	expect '[.findings[].revocation | select(.state == "pending" and .attempts == null) | .message] | unique' \
		'["not sent: the ledger cannot record it any more"]'
}

@test "a read-only disk: nothing is sent, and what the ledger holds is listed and exported" {
	provider_start
	new_key >file
	mkdir disk
	unshare --mount --map-root-user true 2>/dev/null || unshare --mount true 2>/dev/null || skip 'no file system can be mounted here'
	sending dir file --ledger 'a ledger?#%41.db'
	expect_status 1
	new_key >>file
	on_disk() { # ARG...: staunch with what is in the folder's ledger on a disk that is read-only
		next_run
		status=0
		unshare --mount $([ "$(id -u)" = 0 ] || echo --map-root-user) sh -c '
			mount -t tmpfs none disk && cp "a ledger?#%41.db"* disk && mount -o remount,ro disk || exit 77
			exec "$@"' sh "$STAUNCH" "$@" --ledger 'disk/a ledger?#%41.db' >"$OUT" 2>"$ERR" 3>&- || status=$?
		keep_output
	}
	STAUNCH_DRY_RUN= on_disk dir file --yes --endpoint "$AT" -f json
	[ "$status" != 77 ] || skip 'no file system can be mounted here'
	expect_status 3
	expect '[.findings[].revocation.state] | unique' '["pending"]'
	expect_message "cannot be used: it cannot be written: it, its folder or its disk is read-only: nothing was sent"
	expect_arrivals 1
	on_disk ledger list -f json
	expect_status 0
	expect '[.records[].state]' '["accepted"]'
	on_disk ledger export
	expect_status 0
	"$STAUNCH" ledger verify "$OUT"
	STAUNCH_DRY_RUN=1 on_disk dir file --endpoint "$AT" -f json
	expect_status 1
	expect '[.findings[].revocation.state] | sort' '["accepted","dry-run"]'
	# what its last writer left in the log is not passed over
	head -c 100 /dev/urandom >'a ledger?#%41.db-wal'
	on_disk ledger list
	expect_status 3
	[ ! -s "$OUT" ]
}

@test "a ledger that is removed, or put in another's place, while it is in use: sending stops, exit code 3" {
	local way
	provider_start
	for way in 'rm -r folder' 'mv folder/ledger.db away' 'cp folder/ledger.db copy; mv copy folder/ledger.db'; do
		provider_reset
		rm -rf folder
		mkdir folder
		new_key 40 >file
		faults '[{"delay_ms":700,"times":-1}]'
		next_run
		STAUNCH_DRY_RUN= "$STAUNCH" dir file --yes --endpoint "$AT" --ledger folder/ledger.db -f json >"$OUT" 2>"$ERR" 3>&- &
		wait_for at_it
		eval "$way"
		status=0
		wait $! || status=$?
		keep_output
		expect_status 3
		expect_message "the ledger 'folder/ledger.db' cannot be used: it was removed or replaced while it was in use: it does not hold what was sent"
		expect '[.findings[].revocation.state] | unique' '["accepted","pending"]'
		[ "$(reports length)" -le 32 ] # those under way, and those that the first answers let go
	done
}
at_it() { [ "$(reports length)" -ge 16 ]; }

@test "a PostgreSQL server that is down, or does not know us: the password is shown nowhere" {
	local password=ZaQ12wsxCde34rfv
	provider_start
	new_key >file
	sending dir file --ledger "postgresql://ann:$password@127.0.0.1:1/db?connect_timeout=2"
	expect_nothing_sent "the ledger 'postgresql://127.0.0.1:1/db' cannot be used: connection to server at \"127.0.0.1\", port 1 failed: Connection refused"
	expect_nowhere "$password" "$OUT" "$ERR"
	sending dir file --ledger "postgresql:///db?host=$T/none&password=$password"
	expect_nothing_sent "the ledger 'postgresql:///db' cannot be used: "
	expect_nowhere "$password" "$OUT" "$ERR"
	# written so that libpq would take pieces of it for something else
	for uri in "postgresql://ann:a@$password@127.0.0.1:1/db" "postgresql://ann:a/$password@127.0.0.1:1/db"; do
		sending dir file --ledger "$uri"
		expect_status 2
		[ ! -s "$OUT" ]
		expect_message "'@', '/' and '?' are written as %40, %2F and %3F"
		expect_nowhere "$password" "$OUT" "$ERR"
	done
	for uri in "postgresql://127.0.0.1:$password/db" "postgresql://127.0.0.1:1/db?$password" "postgresql://ann:%$password@127.0.0.1/db"; do
		sending dir file --ledger "$uri"
		expect_status 3
		expect_nowhere ":%$password" "$OUT" "$ERR"
	done
	staunch ledger list --ledger "postgresql://ann:$password@127.0.0.1:1/db"
	expect_status 3
	expect_nowhere "$password" "$OUT" "$ERR"
}

@test "the question is asked for what is not settled, and a no makes no ledger" {
	on_terminal() { # ANSWER ARG...
		local answer=$1 line
		shift
		next_run
		printf -v line '%q ' env STAUNCH_DRY_RUN= TERM=xterm "$STAUNCH" "$@" --endpoint "$AT" --ledger "$T.db"
		status=0
		printf "$answer" | script -qec "$line" /dev/null >"$ERR" 2>&1 3>&- || status=$?
		: >"$OUT"
		keep_output
	}
	provider_start
	new_key >file
	on_terminal 'n\n' dir file
	expect_status 1
	[ ! -e "$T.db" ]
	on_terminal 'y\n' dir file
	expect_status 1
	[ -s "$T.db" ]
	on_terminal '' dir file
	expect_status 1
	expect_nowhere 'y/N' "$ERR"
	expect_message 'by an earlier run: '
	new_key >>file
	on_terminal 'n\n' dir file -f json:report
	expect_message 'Revoke this key now? [y/N]'
	expect '[.findings[].revocation.state] | sort' '["accepted","dry-run"]' report
	expect_arrivals 1
	rm -f "$T.db"*
}

# ---- the command line ----

@test "ledger: mistakes" {
	mistake() { # TEXT ARG...
		local text=$1
		shift
		staunch "$@" </dev/null
		expect_status 2
		[ ! -s "$OUT" ]
		expect_message "staunch: $text"
	}
	mistake 'ledger wants one of list, export, verify and retry' ledger
	mistake "ledger wants one of list, export, verify and retry, not 'show'" ledger show
	mistake "ledger list takes no arguments, and 'x' is one" ledger list x
	mistake 'ledger verify wants one file, or - for standard input' ledger verify
	mistake "cannot open 'missing': No such file or directory" ledger verify missing
	mistake "--state 'done': want claimed, pending, accepted, gone or rejected" ledger list --state 'done'
	mistake "--since 'yesterday': want a date" ledger list --since yesterday
	mistake "--since '2026-13-01': want a date" ledger list --since 2026-13-01
	mistake "--format 'sarif': ledger list writes one of human, json and csv" ledger list -f sarif
	mistake '--format means nothing to ledger export' ledger export -f json
	mistake '--state means nothing to ledger retry' ledger retry --state gone
	for option in -n -y '-j 2' --verify --own-keys '--retries 1' '--timeout 1' '--endpoint a=https://b.test' '--sandbox off' '--enable github'; do
		for verb in list export; do
			staunch ledger $verb $option
			expect_status 2
			[ ! -s "$OUT" ]
			grep -qE "^staunch: --[a-z-]+ means nothing to ledger $verb: it is for ledger retry " "$ERR"
		done
	done
	mistake '--state means nothing to ledger verify: it wants a file and nothing else' ledger verify --state gone x
	mistake '--ledger means nothing to ledger verify' ledger verify --ledger x
	mistake "--ledger 'mysql://…': want a path" ledger list --ledger mysql://u:p@h/d
	mistake "--ledger '': want a path" dir . --ledger ''
	mistake '--no-ledger means nothing to ledger' ledger list --no-ledger
	mistake '--ledger and --no-ledger exclude each other' dir . --ledger x --no-ledger
	mistake '--resend means nothing without a ledger' dir . --resend --no-ledger
	mistake '--ledger means nothing to rules' rules list --ledger x
	mistake '--state means nothing to dir' dir . --state gone
	[ -z "$(find . -name '*.db*' -o -name x)" ]
}

@test "ledger list and export: a full standard output is no success" {
	provider_start
	new_key >file
	sending dir file --ledger ledger.db
	for verb in list export; do
		status=0
		"$STAUNCH" ledger $verb --ledger ledger.db >/dev/full 2>"$ERR" || status=$?
		[ "$status" = 3 ]
		expect_message 'cannot write to standard output'
	done
}

@test "a ledger that is damaged is not listed as an empty one" {
	local format
	provider_start
	new_key >file
	sending dir file --ledger ledger.db
	dd if=/dev/urandom of=ledger.db bs=1024 seek=4 count=30 conv=notrunc status=none
	for format in human json csv; do
		staunch ledger list --ledger ledger.db -f $format
		expect_status 3
		expect_message 'it is damaged: move it away to begin a new one'
		[ ! -s "$OUT" ]
	done
}

@test "ledger list -f csv: quotes, line breaks and formulas in names stay text" {
	mkdir '=cmd|x'
	cd '=cmd|x'
	provider_start
	new_key >$'a "b",\nc'
	sending dir . --ledger "$T.db"
	staunch ledger list --ledger "$T.db" -f csv
	expect_status 0
	grep -qF '/=cmd|x/a ""b"",\x0ac"' "$OUT"
	[ "$(wc -l <"$OUT")" = 2 ]
	sqlite3 "$T.db" "UPDATE claims SET message = '=HYPERLINK(1)'"
	staunch ledger list --ledger "$T.db" -f csv
	grep -qF "\"'=HYPERLINK(1)\"" "$OUT"
	rm -f "$T.db"*
}
