#!/usr/bin/env bats
# Goal: each key is reported exactly once, whatever crashes, however many run at once, and every run knows what the ones
# before it did. ledger_postgres.bats is this file over PostgreSQL.

load helpers
load provider
load ledger

# ---- what earlier runs did ----

@test "a key that was accepted is not sent again, and said to be; --resend sends it" {
	local key
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	sending dir file
	expect_status 1
	expect '.findings[0].revocation.earlier' null
	sql "UPDATE claims SET updated = 1762077600"
	sending dir file -f human:text
	expect_status 1
	expect_sent "$key"
	expect '.findings[0].revocation' '{"state":"accepted","http_status":200,"attempts":1,"at":"2025-11-02T10:00:00Z","earlier":true}'
	expect '.summary | [.accepted, .pending]' '[1,0]'
	expect_message 'reported to Vercel 2025-11-02 by an earlier run: accepted (HTTP 200)' text
	sending dir file --resend
	expect_status 1
	expect_sent "$key" "$key"
	expect '.findings[0].revocation | [.state, .earlier]' '["accepted",null]'
	expect_records '[["accepted",2]]' 'map([.state, (.attempts | length)])'
}

@test "gone and rejected settle it too; a rejected key makes the exit code 3 once" {
	local key
	provider_start
	key=$(new_key)
	printf '%s\n' "$key" >file
	faults '[{"status":400,"body":"{\"error\":{\"code\":\"bad_request\",\"message\":\"no\"}}"}]'
	sending dir file
	expect_status 3
	sending dir file -f human:text
	expect_status 1
	expect_sent "$key"
	expect '.findings[0].revocation | [.state, .http_status, .message, .earlier]' '["rejected",400,"HTTP 400 bad_request: no",true]'
	expect_message 'what was rejected may still be valid' text
	new_key >file
	faults '[{"status":404}]'
	sending dir file
	expect_status 1
	sending dir file
	expect '.findings[0].revocation | [.state, .earlier]' '["gone",true]'
	expect_arrivals 2
}

@test "a key that is sent again in vain stays accepted" {
	local key fault
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	sending dir file
	sql "UPDATE claims SET updated = 1762077600"
	for fault in '{"status":503}' '{"status":401,"body":"no"}'; do
		faults "[$fault]"
		sending dir file --resend --retries 0
		expect_status 3
		expect_records '[["accepted",200,"2025-11-02T10:00:00Z",null]]' 'map([.state, .http_status, .updated, .message])'
		sending dir file
		expect_status 1
		expect '.findings[0].revocation | [.state, .http_status, .at, .earlier]' '["accepted",200,"2025-11-02T10:00:00Z",true]'
	done
	expect_sent "$key" "$key" "$key"
	expect_records '[["accepted","pending","rejected"]]' 'map(.attempts | map(.state))'
	# a run that is killed while it sends again leaves what was there
	faults '[{"delay_ms":20000}]'
	start dir file --resend
	wait_for claimed
	kill -KILL "$process"
	wait "$process" || true
	expect_records '["accepted"]' 'map(.state)'
	sending dir file
	expect_status 1
	expect '.findings[0].revocation.state' accepted
	[ "$(requests)" = 4 ]
}
claimed() { [ "$(sql "SELECT count(*) FROM claims WHERE state = 'claimed'")" = 1 ] && [ "$(requests)" = 4 ]; }

# ---- what became of a key after its report ----

verifying() { sending "$@" --verify --verify-endpoint "$RULE=$URL/v1/credits"; }
questions() { ask /_control/requests | jq 'map(select(.path == "/v1/credits" and (.user_agent | startswith("staunch")))) | length'; }

@test "--verify asks again about what an earlier run reported; a key seen to be alive is not settled for any run" {
	local key
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	faults '[{"status":200}]' # taken, and the key lives on
	verifying dir file
	expect_status 3
	expect_records '[["accepted","alive",["alive"],[1]]]' 'map([.state, .verified, (.verifications | map(.verified)), (.verifications | map(.attempt))])'
	# known without asking
	sending dir file -f human:text
	expect_status 3
	expect '.findings[0].revocation | [.state, .earlier, .verified]' '["accepted",true,"alive"]'
	expect_message '1 of the keys that were reported still work' "$ERR"
	expect_message 'accepted (HTTP 200), but the key still works: as an earlier run saw' text
	staunch dir file --ledger "$LEDGER" --endpoint "$AT" -f json
	expect_status 3
	[ "$(questions)" = 4 ]
	# asked again, without another report
	verifying dir file
	expect_status 3
	expect '.findings[0].revocation | [.state, .earlier, .verified, .message]' '["accepted",true,"alive",null]'
	[ "$(questions)" = 8 ]
	staunch_sending revoke --yes --no-ledger --endpoint "$AT" <file # by somebody else
	verifying dir file
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier, .verified]' '["accepted",true,"dead"]'
	expect_records '[["dead",["alive","alive","dead"],3]]' 'map([.verified, (.verifications | map(.verified)), (.verifications | map(.by.run) | unique | length)])'
	sending dir file
	expect_status 1
	expect '.findings[0].revocation.verified' dead
	expect_sent "$key" "$key"
	staunch ledger list --ledger "$LEDGER"
	expect_message '          the key is dead' "$OUT"
	staunch ledger list --ledger "$LEDGER" -f csv
	[ "$(tail -c 8 "$OUT" | tr -d '\r\n')" = '"dead"' ]
}

@test "--verify: what could not be found out is the business of the run that asked" {
	provider_start
	created_key >file
	faults '[{"on":"GET /v1/credits","status":503,"times":-1}]'
	verifying dir file
	expect_status 3
	sending dir file
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier, .verified]' '["accepted",true,null]'
	expect_records '[["unknown","HTTP 503"]]' 'map([.verified, .verifications[0].message])'
	verifying dir file
	expect_status 3
	expect '.findings[0].revocation | [.earlier, .verified, .message]' '[true,"unknown","HTTP 503"]'
	# a dry run asks nobody, and neither does one that has nothing to ask about
	staunch dir file --ledger "$LEDGER" --endpoint "$AT" --verify --verify-endpoint "$RULE=$URL/v1/credits" -f json
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier, .verified]' '["accepted",true,null]'
	[ "$(questions)" = 8 ]
	expect_records '[["accepted",1]]' 'map([.state, (.attempts | length)])'
}

@test "--verify: what a run at the same time reported is asked about too" {
	provider_start
	created_key >file
	faults '[{"delay_ms":1500,"status":200}]'
	start dir file
	wait_for under_way
	OTHER=$OUT
	verifying dir file
	expect_status 3
	expect '.findings[0].revocation | [.state, .earlier, .verified]' '["accepted",true,"alive"]'
	[ "$(requests)" = 1 ]
	OUT=$OTHER finish
	expect_status 1
}

# ---- keys that would have to revoke themselves ----

OWN=gitlab-personal-access-token
own() { staunch_sending "$@" --yes --enable gitlab --endpoint "$OWN=$URL/gitlab/api/v4/personal_access_tokens/self" --ledger "$LEDGER" -f json; }

@test "own keys: one that is revoked already is known without --own-keys, and not before" {
	provider_start
	new_key --like glpat >file
	own dir file
	expect_status 1
	expect '.findings[0].revocation.state' none
	case $LEDGER in /*) [ ! -e "$LEDGER" ] ;; esac
	own revoke <file
	expect_status 3
	own dir file --own-keys
	expect_status 1
	expect '.findings[0].revocation.state' accepted
	own dir file --resend
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier]' '["accepted",true]'
	own revoke <file
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier]' '["accepted",true]'
	expect_arrivals 1
}

@test "ledger retry: own keys with --own-keys; without it, what was not sent is exit code 3" {
	provider_start
	new_key --like glpat >file
	faults '[{"on":"DELETE /gitlab/api/v4/personal_access_tokens/self","status":503}]'
	own dir file --own-keys --retries 0
	expect_status 3
	own ledger retry
	expect_status 3
	expect '.findings[0].revocation.state' none
	expect_arrivals 1
	own ledger retry --own-keys --sandbox off --cpu-limit 100 --no-repo-config
	expect_status 1
	expect '.findings[0].revocation.state' accepted
	expect_message '--sandbox off' "$ERR" || expect '.sandbox.mode' off
	expect_arrivals 2
}

@test "ledger retry --verify: asks afterwards" {
	provider_start
	created_key >file
	faults '[{"status":503},{"status":200}]'
	sending dir file --retries 0
	retry --verify --verify-endpoint "$RULE=$URL/v1/credits"
	expect_status 3
	expect '.findings[0].revocation.verified' alive
}

@test "a pending key is sent by the next run" {
	local key
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	faults '[{"status":503,"times":3}]'
	sending dir file --retries 2
	expect_status 3
	expect_records '[["pending",3,"HTTP 503"]]' 'map([.state, (.attempts | length), .message])'
	sending dir file
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier]' '["accepted",null]'
	[ "$(gateway_status "$key")" = 401 ]
	expect_records '[["accepted",["pending","pending","pending","accepted"]]]' 'map([.state, (.attempts | map(.state))])'
}

@test "another endpoint is another claim" {
	local first
	provider_start
	new_key >file
	sending dir file
	first=$AT
	provider_start
	[ "$AT" != "$first" ]
	sending dir file
	expect_status 1
	expect_arrivals 1
	# the database itself, too, takes each once
	expect_records 2 length
	refute sql 'INSERT INTO claims SELECT * FROM claims' 2>/dev/null
	expect_records 2 length
}

@test "a dry run says what was settled, claims nothing and makes no ledger" {
	local before
	provider_start
	new_key >file
	staunch dir file --ledger "$LEDGER" --endpoint "$AT" -f json
	expect_status 1
	expect '.findings[0].revocation' '{"state":"dry-run"}'
	staunch ledger list --ledger "$LEDGER"
	expect_status 0
	expect_message 'it does not exist: nothing was sent so far'
	staunch ledger retry --ledger "$LEDGER"
	expect_status 0
	expect_message 'it does not exist: nothing was sent so far'
	[ ! -e "$LEDGER" ]
	sending dir file
	new_key >>file
	before=$(sql 'SELECT count(*) FROM claims; SELECT count(*) FROM runs')
	staunch dir file --ledger "$LEDGER" --endpoint "$AT" -f json
	expect_status 1
	expect '[.findings[].revocation | [.state, .earlier]] | sort' '[["accepted",true],["dry-run",null]]'
	[ "$(sql 'SELECT count(*) FROM claims; SELECT count(*) FROM runs')" = "$before" ]
	expect_arrivals 1
}

@test "--no-ledger: nothing is remembered" {
	provider_start
	new_key >file
	sending dir file
	staunch_sending dir file --yes --endpoint "$AT" --no-ledger -f json
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier]' '["accepted",null]'
	expect_arrivals 2
	expect_records 1 length
}

@test "--max-revocations counts what would be sent now; what was too much is pending" {
	provider_start
	new_key 3 >file
	sending dir file
	expect_status 1
	new_key 2 >>file
	sending dir file --max-revocations 1
	expect_status 3
	expect_message '2 keys would be sent, more than --max-revocations 1 allows: none was sent'
	expect '[.findings[].revocation.state] | sort' '["accepted","accepted","accepted","pending","pending"]'
	expect_records '[["accepted",3],["pending",2]]' 'group_by(.state) | map([.[0].state, length])'
	sending dir file --max-revocations 2
	expect_status 1
	expect_sent $(<file)
}

# ---- several at once ----

@test "8 processes with the same 500 keys send exactly 500 requests" {
	local number processes=()
	provider_start
	new_key 500 >file
	for number in 1 2 3 4 5 6 7 8; do
		start dir file
		processes+=("$process")
		eval "out_$number=\$OUT"
	done
	for process in "${processes[@]}"; do
		finish
		[ "$status" = 1 ]
	done
	expect_sent $(<file)
	expect_records '["accepted",500]' '[(map(.state) | unique[]), length]'
	for number in 1 2 3 4 5 6 7 8; do
		local out=out_$number
		[ "$(json '[.findings[].revocation.state] | [(unique[]), length]' "${!out}")" = '["accepted",500]' ]
	done
}

@test "a run waits for another one's claims, and says what came of them" {
	local first first_out delay_ms=1500
	! built_with_sanitizer || delay_ms=15000
	provider_start
	new_key 3 >file
	faults '[{"delay_ms":'$delay_ms',"times":3}]'
	start dir file
	first=$process first_out=$OUT
	wait_for under_way
	sending dir file -f human:text
	expect_status 1
	expect '[.findings[].revocation | [.state, .earlier]] | unique' '[["accepted",true]]'
	expect_message 'reported to Vercel by another run: accepted (HTTP 200)' text
	process=$first
	finish
	expect_status 1
	expect '[.findings[].revocation | [.state, .earlier]] | unique' '[["accepted",null]]' "$first_out"
	expect_sent $(<file)
}

it_waits() { grep -qF 'waiting for another run, which has claimed' "$ERR"; }

@test "a run that waits takes over when the other one is killed" {
	local first waiting
	provider_start
	new_key 2 >file
	faults '[{"delay_ms":30000,"times":2}]'
	start dir file
	first=$process
	wait_for under_way
	start dir file -v
	waiting=$process
	wait_for it_waits
	kill -KILL "$first"
	process=$waiting
	finish
	expect_status 1
	expect '[.findings[].revocation | [.state, .earlier]] | unique' '[["accepted",null]]'
	wait "$first" || true
	expect_sent $(<file) $(<file) # those that were under way when it died
}

@test "interrupted while it waits: pending, with who is at it" {
	local first
	provider_start
	new_key >file
	faults '[{"delay_ms":8000}]'
	start dir file
	first=$process
	wait_for under_way
	start dir file -v
	wait_for it_waits
	kill -INT "$process"
	finish
	expect_status 130
	expect '.findings[0].revocation.state' pending
	expect '.findings[0].revocation.message | test("^process '"$first"' of .+ on .+ has claimed it$")' true
	process=$first
	finish
	expect_status 1
	expect_arrivals 1
}

# A request that was under way when a run died may have arrived: it is sent again. Nothing else is.
@test "kill -9 at many moments, then a second run: every key is sent, none that was settled is sent again" {
	local round settled again began
	provider_start
	for round in $(seq "${KILL_ROUNDS:-12}"); do
		ask /_control/reset -X POST >/dev/null
		new_key 60 >file
		start dir file -q
		# from the very start to the end, as the machine goes
		sleep "0.$(printf %03d $((RANDOM % 200)))"
		kill -KILL "$process" 2>/dev/null || true
		wait "$process" 2>/dev/null || true
		settled=$("$STAUNCH" ledger list --ledger "$LEDGER" -q -f json |
			jq -r --rawfile keys <(while read -r key; do fingerprint "$key"; done <file) \
				'.records[] | select(.state == "accepted") | .fingerprint | select(. as $f | $keys | contains($f))')
		echo "# round $round: $(wc -w <<<"$settled") settled, $(requests) sent"
		sending dir file
		expect_status 1
		expect '[.findings[].revocation.state] | [(unique[]), length]' '["accepted",60]'
		expect '[.findings[].revocation | select(.earlier)] | length' "$(wc -w <<<"$settled")"
		# every key arrived
		[ "$(reports 'map(.fingerprint) | unique | length')" = 60 ]
		# those that were settled once
		again=$(reports 'group_by(.fingerprint) | map(select(length > 1) | "sha256:" + .[0].fingerprint) | .[]')
		[ -z "$(comm -12 <(sort <<<"$settled") <(sort <<<"$again") | grep .)" ]
		# and at most as many twice as can be under way at once (16), or answered and not yet written (16)
		[ "$(wc -w <<<"$again")" -le 32 ]
	done
}

@test "interrupted before it was sent: recorded as pending, and sent by the next run" {
	local key
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	faults '[{"delay_ms":20000}]'
	start dir file
	wait_for under_way
	kill -INT "$process"
	finish
	expect_status 130
	expect_records '[["pending","interrupted, the answer is not known",1]]' 'map([.state, .message, (.attempts | length)])'
	sending dir file
	expect_status 1
	expect '.findings[0].revocation.state' accepted
}

@test "an answer that cannot be recorded: said, exit code 3, and nothing more is sent" {
	provider_start
	new_key 40 >file
	faults '[{"delay_ms":700,"times":16}]'
	start dir file
	wait_for under_way
	sql 'DROP TABLE attempts'
	finish
	expect_status 3
	expect_message 'it does not hold what was sent in this run, so the next run may send it again'
	[ "$(requests)" -lt 40 ]
	expect '[.findings[].revocation | select(.state == "pending") | .message] | unique' \
		'["not sent: the ledger cannot record it any more"]'
	# what is known of those that were sent is reported
	expect '[.findings[].revocation | select(.state == "accepted")] | length >= 1' true
}

# ---- what is kept ----

@test "the only answer cannot be recorded: accepted, and exit code 3" {
	provider_start
	new_key >file
	faults '[{"delay_ms":1500}]'
	start dir file
	wait_for under_way
	sql 'DROP TABLE attempts'
	finish
	expect_status 3
	expect '.findings[0].revocation.state' accepted
	expect_message 'it does not hold what was sent in this run, so the next run may send it again'
}

@test "the ledger holds what the report shows, and never the key" {
	local key
	provider_start
	make_repository
	key=$(created_key)
	printf 'key = %s\n' "$key" >.env
	printf 'x\n' >"$key.txt" # a file called like it
	commit '2026-01-01T10:00:00Z' "oops, $key"
	faults '[{"echo_secret":true}]'
	# killed, so that a write-ahead log stays behind
	start scan .
	wait_for eval '[ "$(records "map(.state) | length")" -ge 1 ] && under_way'
	finish
	expect_status 3
	sending scan . --resend
	expect_status 1
	cp "$OUT" report
	expect_records "$(jq -c '.findings[0] | [.fingerprint, .secret, .rule, .provider, .confidence, .places_total]' report)" \
		'.[0] | [.fingerprint, .secret, .rule, .provider, .confidence, .places_total]'
	expect_records "$(jq -c '.findings[0].places' report)" '.[0].places'
	expect_records '["rejected","accepted"]' '.[0].attempts | map(.state)'
	expect_records "[\"$(hostname)\",\"$(id -un)\",\"$("$STAUNCH" --version | cut -d' ' -f2)\"]" '.[0].by | [.host, .user, .staunch]'
	case $LEDGER in
	postgresql:*) pg_dump "$LEDGER" >"$T/dump" ;;
	*)
		# a reader that holds the log, and the log itself
		cat "$LEDGER"* >"$T/dump"
		sqlite3 "$LEDGER" .dump >>"$T/dump"
		;;
	esac
	"$STAUNCH" ledger list --ledger "$LEDGER" >>"$T/dump"
	"$STAUNCH" ledger list --ledger "$LEDGER" -f csv >>"$T/dump"
	"$STAUNCH" ledger export --ledger "$LEDGER" >>"$T/dump"
	grep -aqF "$(shortened "$key")" "$T/dump"
	expect_nowhere "${key:4:20}" "$T/dump"
	expect_nowhere "${key:20:20}" "$T/dump"
	expect_nowhere "${key: -20}" "$T/dump"
}

@test "kill -9 leaves no key in what stays on the disk" {
	local key
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	faults '[{"delay_ms":30000}]'
	start dir file
	wait_for under_way
	kill -KILL "$process"
	wait "$process" || true
	case $LEDGER in
	postgresql:*) pg_dump "$LEDGER" >dump ;;
	*)
		[ -s "$LEDGER-wal" ]
		cat "$LEDGER" "$LEDGER-wal" "$LEDGER-shm" >dump
		;;
	esac
	grep -aqF "$(shortened "$key")" dump
	expect_nowhere "${key:4:20}" dump
	expect_nowhere "${key:20:20}" dump
	# such a claim is pending, for all who ask
	expect_records '[["pending","the run that was to send it ended before it could say what came of it"]]' 'map([.state, .message])'
}

# ---- ledger retry ----

# retry ARG...: ledger retry, sent to the emulator
retry() { staunch_sending ledger retry --yes --endpoint "$AT" --ledger "$LEDGER" -f json "$@"; }

@test "ledger retry: finds the pending keys in files and in history, and sends them" {
	local one two other
	provider_start
	one=$(created_key) two=$(created_key) other=$(new_key)
	make_repository
	printf '%s\n' "$one" >"a b.txt"
	commit '2026-01-01T10:00:00Z'
	rm 'a b.txt'
	commit '2026-01-02T10:00:00Z'
	age_everything
	cd ..
	mkdir files
	printf '%s\n' "$two" >files/$'caf\xe9 "x"'
	faults '[{"status":503,"times":-1}]'
	sending git repo --retries 0
	expect_status 3
	(cd files && sending dir . --retries 0)
	expect_records '["pending","pending"]' 'map(.state)'
	expect_records "[\"file\",\"git\"]" 'map(.sources[].kind) | sort'
	provider_reset
	printf '%s\n' "$other" >>files/$'caf\xe9 "x"' # not pending: not retry's business
	cd /
	retry
	cd "$T"
	expect_status 1
	expect_sent "$one" "$two"
	expect_found "$one" "$two"
	expect '[.findings[].revocation.state] | unique' '["accepted"]'
	expect_records '["accepted","accepted"]' 'map(.state)'
	staunch ledger retry --ledger "$LEDGER"
	expect_status 0
	expect_message 'nothing is pending'
}

@test "ledger retry: a key that lies deeper in archives than is looked by default" {
	local depth
	provider_start
	new_key >key
	seq 2000 >>key # a key alone would be stored as it is
	for depth in 1 2 3 4 5; do
		gzip -c key* >next && rm key* && mv next key.gz
	done
	faults '[{"status":503,"times":-1}]'
	sending dir . --retries 0 --archive-depth 6
	expect_status 3
	provider_reset
	retry
	expect_status 3
	expect_arrivals 0
	retry --archive-depth 6
	expect_status 1
	expect '.findings[].revocation.state' accepted
}

@test "ledger retry: a key that is allowed by now is left, and that is said" {
	provider_start
	new_key >key
	faults '[{"status":503,"times":-1}]'
	sending dir . --retries 0
	expect_status 3
	provider_reset
	echo "$(<key) # staunch:allow" >key
	retry
	expect_status 3
	expect_arrivals 0
	expect '.incomplete[].what' no-longer-found
	retry --no-repo-config
	expect_status 1
	expect '.findings[].revocation.state' accepted
}

@test "ledger retry: says which keys can no longer be found, and sends the others" {
	local there changed gone
	provider_start
	there=$(created_key) changed=$(new_key) gone=$(new_key)
	printf '%s\n' "$there" >there
	printf '%s\n' "$changed" >changed
	printf '%s\n' "$gone" >gone
	faults '[{"status":503,"times":-1}]'
	sending dir there changed gone --retries 0
	sending stdin --retries 0 < <(new_key | tee input)
	provider_reset
	echo nothing >changed
	rm gone
	retry
	expect_status 3
	expect_sent "$there"
	expect_message "$(shortened "$changed") ($(fingerprint "$changed")) stays pending: it no longer stands in '$T/changed'"
	expect_message "$(shortened "$gone") ($(fingerprint "$gone")) stays pending: it can no longer be found, there is no '$T/gone'"
	expect_message "$(shortened "$(<input)") ($(fingerprint "$(<input)")) stays pending: it came from standard input"
	expect '[.incomplete[].what]' '["no-longer-found","no-longer-found","no-longer-found"]'
	expect_records '["accepted","pending","pending","pending"]' 'map(.state) | sort'
	# nothing left to be found at all
	rm there changed
	retry
	expect_status 3
	expect_sent "$there"
}

@test "ledger retry: a dry run sends nothing; another endpoint's keys are left alone, and said" {
	provider_start
	new_key >file
	faults '[{"status":503,"times":1}]'
	sending dir file --retries 0
	staunch ledger retry -n --endpoint "$AT" --ledger "$LEDGER" -f json
	expect_status 1
	expect '.findings[0].revocation.state' dry-run
	expect_arrivals 1
	provider_start
	retry
	expect_status 3
	expect_message 'stays pending: it is to be reported to another address than now'
	expect_arrivals 0
}

@test "ledger retry: a key that stands in a file's name only" {
	local key
	provider_start
	key=$(created_key)
	mkdir files
	touch "files/$key.txt"
	faults '[{"status":503,"times":1}]'
	sending dir files --retries 0
	expect_status 3
	expect_records "[\"$T/files\"]" 'map(.sources[].path)'
	retry
	expect_status 1
	[ "$(gateway_status "$key")" = 401 ]
}

# ---- list, export, verify ----

@test "a file is one place, whichever way it is reached" {
	provider_start
	mkdir one two
	new_key >one/file
	ln -s one/file link
	ln -s one folder
	faults '[{"status":503,"times":-1}]'
	for path in ../one/./file ../link ../folder/../one ../two/../one/file ./../one/ "$T/one//file"; do
		(cd two && sending dir "$path" --retries 0)
	done
	(cd one && sending dir . --retries 0)
	(cd one && sending dir file --retries 0)
	sending dir link folder --retries 0
	expect_records "[[{\"kind\":\"file\",\"path\":\"$T/one/file\"}]]" 'map(.sources)'
	for path in one link folder two/../one/file; do
		staunch ledger list --ledger "$LEDGER" --repository "$path" -f json
		expect '.records | length' 1
	done
	# and when it is gone
	rm -r one two
	staunch ledger list --ledger "$LEDGER" --repository ./one/gone/../file -f json
	expect '.records | length' 1
	staunch ledger list --ledger "$LEDGER" --repository ./two -f json
	expect '.records | length' 0
}

@test "ledger list: filters, and what it shows" {
	local accepted rejected pending
	provider_start
	accepted=$(new_key) rejected=$(new_key) pending=$(new_key)
	make_repository
	printf '%s\n' "$accepted" >file
	commit '2026-01-01T10:00:00Z'
	cd ..
	printf '%s\n' "$rejected" >two
	printf '%s\n' "$pending" >three
	sending git repo
	faults '[{"status":400},{"status":503}]'
	sending dir two
	sending dir three --retries 0
	expect_records '["accepted","pending","rejected"]' 'map(.state) | sort'
	list() { staunch ledger list --ledger "$LEDGER" -f json "$@"; }
	list --state pending
	expect '[.records[].fingerprint]' "[\"$(fingerprint "$pending")\"]"
	list --repository repo
	expect '[.records[].fingerprint]' "[\"$(fingerprint "$accepted")\"]"
	list --repository .
	expect '.records | length' 3
	list --repository two --state accepted
	expect '.records | length' 0
	list --rule no-such-rule
	expect '.records | length' 0
	list --rule "$RULE"
	expect '.records | length' 3
	sql "UPDATE claims SET updated = 1762077600 WHERE state = 'rejected'"
	list --since 1h
	expect '.records | length' 2
	list --since 2025-11-02T10:00:00Z
	expect '.records | length' 3
	list --since 2025-11-02T10:00:01Z
	expect '.records | length' 2
	list --since 2025-11-02
	expect '.records | length' 3

	staunch ledger list --ledger "$LEDGER"
	expect_status 0
	expect_message "rejected  2025-11-02T10:00:00Z  $(shortened "$rejected")  $RULE  $T/two" "$OUT"
	expect_message '          HTTP 400' "$OUT"
	expect_message '3 keys.' "$OUT"
	staunch ledger list --ledger "$LEDGER" -f csv --state rejected
	[ "$(wc -l <"$OUT")" = 2 ]
	expect_message "$(fingerprint "$rejected"),\"$(shortened "$rejected")\",\"$RULE\",\"vercel\",\"certain\",\"rejected\",400,1," "$OUT"
}

@test "ledger export: evidence that verify believes until a line is touched" {
	local head
	provider_start
	new_key 3 >file
	sending dir file
	staunch ledger export --ledger "$LEDGER"
	expect_status 0
	expect_message '3 records exported; keep this apart from the file: sha256:'
	head=$(grep -oE 'sha256:[0-9a-f]{64}' "$ERR")
	cp "$OUT" evidence
	[ "$head" = "sha256:$(tail -n 1 evidence | tr -d '\n' | sha256sum | cut -d' ' -f1)" ]
	[ "$(jq -sc 'map(.line)' evidence)" = '[1,2,3,4,5]' ]
	[ "$(jq -sc 'map(.state // empty)' evidence)" = '["accepted","accepted","accepted"]' ]
	staunch ledger verify evidence
	expect_status 0
	[ "$(<"$OUT")" = "3 records, unbroken: $head" ]
	staunch ledger verify - <evidence
	expect_status 0
	sed '3s/accepted/rejected/' evidence >changed
	staunch ledger verify changed
	expect_status 3
	expect_message "'changed' is not what was exported: line 3 is wrong: it was changed"
	sed 3d evidence >removed
	staunch ledger verify removed
	expect_status 3
	expect_message 'line 3 is wrong: it was written as line 4, so lines before it were removed'
	head -n 4 evidence >cut
	staunch ledger verify cut
	expect_status 3
	expect_message 'lines are cut off behind it'
	sed 3p evidence >twice
	staunch ledger verify twice
	expect_status 3
	expect_message 'line 4 is wrong: it was written as line 3'
	staunch ledger export --ledger "$LEDGER" --state gone
	expect_message '0 records exported'
}

# ---- ledgers that cannot be used ----

@test "a ledger of a newer staunch: refused, nothing is sent, exit code 3" {
	provider_start
	new_key >file
	sending dir file
	new_key >file
	case $LEDGER in
	postgresql:*) sql 'UPDATE schema_version SET version = 99' ;;
	*) sql 'PRAGMA user_version = 99' ;;
	esac
	sending dir file
	expect_status 3
	expect_message 'it was written by a newer staunch (its version is 99, this one knows 3): install that one: nothing was sent'
	expect_message 'no-ledger goes without'
	expect '.findings[0].revocation.state' pending
	expect_arrivals 1
	staunch ledger list --ledger "$LEDGER"
	expect_status 3
	expect_message 'newer staunch'
	# who only looks is told, and sees what there is to see
	staunch dir file --ledger "$LEDGER" -f json
	expect_status 1
	expect_message 'what earlier runs have settled is not known'
	staunch_sending dir file --yes --endpoint "$AT" --no-ledger
	expect_status 1
	expect_arrivals 2
}

@test "a locked ledger: nothing is sent, exit code 3" {
	local lock
	provider_start
	new_key >file
	sending dir file
	new_key >file
	mkfifo hold
	case $LEDGER in
	postgresql:*) psql -q "$LEDGER" <hold >locked 2>&1 3>&- & ;;
	*) sqlite3 "$LEDGER" <hold >locked 2>&1 3>&- & ;;
	esac
	lock=$!
	exec 9>hold
	case $LEDGER in
	postgresql:*) echo 'BEGIN; LOCK TABLE staunch.claims; SELECT 1;' >&9 ;;
	*) echo 'BEGIN EXCLUSIVE; SELECT 1;' >&9 ;;
	esac
	wait_for test -s locked
	sending dir file
	exec 9>&-
	wait "$lock"
	expect_status 3
	expect_message 'another process has had it locked for 10 seconds: nothing was sent'
	expect '.findings[0].revocation.state' pending
	expect_arrivals 1
	sending dir file
	expect_status 1
	expect_arrivals 2
}

# ---- reports from a ledger ----

@test "report --ledger: the findings with their places and how they were settled; the exit code of a scan" {
	local history file format
	provider_start
	history=$(created_key) file=$(created_key)
	make_repository
	printf 'x\nkey=%s\n' "$history" >app.env
	commit '2026-01-02T10:00:00Z'
	first=$commit
	git rm -q app.env
	commit '2026-01-03T10:00:00Z'
	cd ..
	mkdir -p files/deep
	printf '%s\n' "$file" >files/deep/config
	printf 'a\n%s\n' "$file" >files/other
	sending scan repo files
	expect_status 1
	jq -S '[.findings[] | {rule, confidence, secret, fingerprint, places: [.places[] | {kind, line, column, object, commit, author, date}]}] | sort_by(.fingerprint)' \
		"$OUT" >scanned
	rm -rf repo/.git # what the ledger holds is enough
	staunch report --ledger "$LEDGER" -f json
	expect_status 1
	jq -S '[.findings[] | {rule, confidence, secret, fingerprint, places: [.places[] | {kind, line, column, object, commit, author, date}]}] | sort_by(.fingerprint)' \
		"$OUT" | diff scanned -
	expect '[.findings[].revocation | [.state, .http_status, .attempts, .earlier]] | unique' '[["accepted",200,1,true]]'
	expect '.targets | map([.kind, .path]) | sort' "[[\"dir\",\"$PWD/files\"],[\"git\",\"$PWD/repo\"]]"
	expect "[.findings[] | select(.places[0].kind == \"file\") | .places[].path] | sort" "[\"$PWD/files/deep/config\",\"$PWD/files/other\"]"
	expect '[.findings[] | select(.places[0].kind == "blob") | .first_seen.commit]' "[\"$first\"]"
	expect '.summary | [.findings, .accepted, .pending]' '[2,2,0]'
	# every target that a place names is there, and the same ledger gives the same bytes
	expect '[.findings[].places[].target] | max' 1
	cp "$OUT" once
	staunch report --ledger "$LEDGER" -f json -f html:page.html -f sarif:a.sarif -f gitlab:b.json -f junit:c.xml -f csv:d.csv
	cmp once "$OUT"
	"$BATS_TEST_DIRNAME/../schemas/validate" sarif-2.1.0.json a.sarif
	"$BATS_TEST_DIRNAME/../schemas/validate" gitlab-secret-detection-15.2.1.json b.json
	for format in page.html a.sarif b.json c.xml d.csv; do grep -qF "$(shortened "$history")" $format; done
	staunch report --ledger "$LEDGER"
	expect_status 1
	expect_message 'by an earlier run: accepted (HTTP 200)' "$OUT"
	refute grep -q 'run again' "$OUT"
	staunch report --ledger "$LEDGER" --exit-zero
	expect_status 0
	# as much of it as is asked for
	staunch report --ledger "$LEDGER" -f json --repository "$PWD/files"
	expect_found "$file"
	staunch report --ledger "$LEDGER" -f json --state pending
	expect_status 0
	expect '.findings' '[]'
	staunch report --ledger "$LEDGER" -f json:/dev/full
	expect_status 3
}

@test "report --ledger: what is pending makes the exit code 3" {
	provider_start
	created_key >file
	faults '[{"status":400,"body":"{\"error\":{\"code\":\"bad_request\",\"message\":\"no\"}}"},{"status":503},{"status":503}]'
	sending dir file
	staunch report --ledger "$LEDGER" -f json
	expect_status 1
	expect '.findings[0].revocation | [.state, .earlier]' '["rejected",true]'
	created_key >second
	sending dir second --retries 0
	expect_status 3
	staunch report --ledger "$LEDGER" -f json
	expect_status 3
	expect '.summary | [.rejected, .pending]' '[1,1]'
	expect '.findings[] | select(.revocation.state == "pending") | .revocation.http_status' 503
	# a key that still works is no more settled
	sql "DELETE FROM claims WHERE state = 'pending'"
	sql "UPDATE claims SET state = 'accepted', verified = 'alive'"
	staunch report --ledger "$LEDGER" -f json
	expect_status 3
	expect '.findings[].revocation | [.state, .verified]' '["accepted","alive"]'
	sql "UPDATE claims SET verified = 'dead'"
	staunch report --ledger "$LEDGER" -f json --exit-zero
	expect_status 0
	# one that cannot be used, one that is not there, and what cannot be chosen
	staunch report --ledger "$LEDGER" --state settled
	expect_status 2
	sql "UPDATE claims SET places = '[{\"kind\":\"blob\"}]'"
	staunch report --ledger "$LEDGER" -f json
	expect_status 3
	expect_message 'has places that no report has: places[0].target: it is missing'
	staunch report --ledger "$T/nowhere.db"
	expect_status 2
	[ ! -s "$OUT" ]
	for arguments in report 'report file --ledger x' 'report file --state pending'; do
		staunch $arguments
		expect_status 2
	done
}
