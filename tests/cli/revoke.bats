#!/usr/bin/env bats
# Goal: a key that leaked is dead after one run, its provider hears of it once and of nothing else, and every
# way in which that can fail is told by state and exit code.

load helpers
load provider

# revoke KEY [OPTION...]: `staunch revoke` with a JSON report
revoke() {
	staunch_sending revoke --yes --endpoint "$AT" -f json "${@:2}" <<<"$1"
}

# ---- the story ----

@test "the story: committed, deleted, found, reported, dead" {
	local key
	provider_start
	key=$(created_key)
	[ "$(gateway_status "$key")" = 200 ]
	make_repository
	printf 'AI_GATEWAY_API_KEY=%s\n' "$key" >.env
	commit '2026-01-01T10:00:00Z' 'settings'
	git rm -q .env
	commit '2026-01-02T10:00:00Z' 'oops'

	staunch_sending git --yes --endpoint "$AT"
	expect_status 1
	[ "$(gateway_status "$key")" = 401 ]
	expect_sent "$key"
	expect_message "$(shortened "$key")" "$OUT"
	expect_message 'reported to Vercel: accepted (HTTP 200)' "$OUT"

	# the next run knows
	staunch_sending git --yes --endpoint "$AT" -f json
	expect_status 1
	expect_sent "$key"
	expect '.findings[0].revocation | [.state, .http_status, .attempts, .earlier]' '["accepted",200,1,true]'
	expect '.summary.accepted' 1
	expect '.dry_run' false
}

@test "the request is exactly the rule's" {
	local key
	provider_start
	key=$(created_key)
	revoke "$key"
	expect_status 1
	expect_arrivals 1
	expect_reports '["POST","application/json",false,null,true,null,null]' \
		'.[0] | [.method, .content_type, .authorization, .expect, .shape_ok, .reporter_email, .comment]'
	expect_reports true '.[0].user_agent | startswith("staunch/")'
}

@test "--reporter-email and --comment are sent along, whatever they hold" {
	local key email='"Ada" <ada@example.test>' comment=$'CI log, line 3: "quoted" \\ {{secret}} ünï\ttab'
	provider_start
	key=$(created_key)
	revoke "$key" --reporter-email "$email" --comment "$comment"
	expect_status 1
	expect_sent "$key"
	[ "$(reports '.[0].reporter_email')" = "$email" ]
	[ "$(reports '.[0].comment')" = "$comment" ]
}

@test "one key in 50 places is reported once" {
	local key number
	provider_start
	key=$(created_key)
	mkdir files
	for number in $(seq 25); do printf '%s %s\n' "$key" "$key" >"files/$number"; done
	staunch_sending dir files --yes --endpoint "$AT" -f json
	expect_status 1
	expect '[.findings[].places_total]' '[50]'
	expect_sent "$key"
}

@test "many keys: each is reported, once, and reported on in the order of the report" {
	provider_start
	new_key 40 >keys
	staunch_sending dir keys --yes --endpoint "$AT" -f json -f jsonl:lines
	expect_status 1
	expect_sent $(<keys)
	expect '[.findings[].revocation.state] | unique' '["accepted"]'
	[ "$(json 'select(.type == "finding") | .fingerprint' lines)" = "$(json '.findings[].fingerprint')" ]
}

# ---- what keeps it from sending ----

@test "a dry run sends nothing" {
	local key value
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	staunch_sending dir file --dry-run --yes --endpoint "$AT" -f json
	expect_status 1
	expect '.findings[0].revocation' '{"state":"dry-run"}'
	expect '.dry_run' true
	staunch_sending revoke -n --yes --endpoint "$AT" -f json <file
	expect_status 1
	expect '.findings[0].revocation.state' dry-run
	for value in 1 true no; do
		STAUNCH_DRY_RUN=$value staunch dir file --yes --endpoint "$AT" -f json
		expect_status 1
		expect '.dry_run' true
	done
	expect_arrivals 0
	[ "$(gateway_status "$key")" = 200 ]
	for value in '' 0; do
		provider_reset
		STAUNCH_DRY_RUN=$value staunch dir file --yes --endpoint "$AT" -f json
		expect_status 1
		expect_sent "$key"
	done
}

@test "--min-confidence: what is below it is reported to the user alone" {
	local certain likely loose
	provider_start
	certain=$(new_key) likely=$(new_key --bad-checksum) loose=$(new_key --loose)
	printf '%s\n' "$certain" "$likely" "$loose" >file

	staunch_sending dir file --yes --endpoint "$AT" -f json
	expect_status 1
	expect_sent "$certain" "$likely"
	expect '[.findings[] | .confidence, .revocation.state]' \
		'["certain","accepted","likely","accepted","possible","none"]'

	provider_reset
	staunch_sending dir file --yes --endpoint "$AT" -f json --min-confidence certain
	expect_status 1
	expect_sent "$certain"
	expect '[.findings[] | .confidence, .revocation.state]' \
		'["certain","accepted","likely","none","possible","none"]'

	provider_reset
	faults '[{"status":200,"times":3}]'
	staunch_sending dir file --yes --endpoint "$AT" -f json --min-confidence possible
	expect_status 1
	expect_sent "$certain" "$likely" "$loose"

	provider_reset
	printf '%s\n' "$loose" >file
	staunch_sending dir file --yes --endpoint "$AT" -f json
	expect_status 0
	expect '[.findings[].confidence]' '["possible"]'
	expect_arrivals 0
}

@test "--max-revocations: more than that, and none is sent" {
	provider_start
	new_key 3 >keys
	staunch_sending dir keys --yes --endpoint "$AT" --max-revocations 2 -f json
	expect_status 3
	expect_arrivals 0
	expect_message '3 keys would be sent, more than --max-revocations 2 allows: none was sent'
	expect '[.findings[].revocation.state] | unique' '["pending"]'
	# a dry run says so beforehand
	staunch dir keys --max-revocations 2
	expect_status 1
	expect_message '3 keys are more than --max-revocations 2 allows: a run that sends would send none of them'
	staunch dir keys --max-revocations 3
	refute grep -F 'max-revocations' "$ERR"
	staunch_sending dir keys --yes --endpoint "$AT" --max-revocations 0 -f json
	expect_status 3
	expect_arrivals 0
	staunch_sending dir keys --yes --endpoint "$AT" --max-revocations 3 -f json
	expect_status 1
	expect_sent $(<keys)
}

@test "--endpoint: plain http only to this machine, a known rule, an URL" {
	local url
	new_key >file
	for url in http://192.0.2.1/report http://example.test/report http://127.0.0.1.example.test/ \
		http://localhost.example.test/ http://2130706433/ http://127.1/ http://0x7f.1/ 'http://[::ffff:127.0.0.1]/' \
		ftp://127.0.0.1/ https://user:pw@127.0.0.1/ https:// file:///etc/hosts 127.0.0.1; do
		staunch dir file --endpoint "$RULE=$url"
		expect_status 2
		[ ! -s "$OUT" ]
		expect_message 'staunch: '
	done
	staunch dir file --endpoint "$RULE=http://192.0.2.1/report"
	expect_message 'plain http goes to a loopback address only'
	staunch dir file --endpoint "no-such-rule=http://127.0.0.1:9/"
	expect_status 2
	expect_message "there is no rule 'no-such-rule'"
	staunch dir file --endpoint "$RULE"
	expect_status 2
	expect_message 'want RULE=URL'
	for url in http://127.0.0.1:9/ http://localhost:9/ 'http://[::1]:9/' http://127.8.9.10/ \
		https://example.test/; do
		staunch dir file --endpoint "$RULE=$url"
		expect_status 1
	done
}

# ---- staunch revoke ----

@test "revoke: one credential a line, with the line ends and spaces that people have" {
	local one two three four
	provider_start
	one=$(created_key) two=$(created_key) three=$(created_key) four=$(created_key)
	printf '%s\r\n\n  %s \t\n\r\n%s\n%s' "$one" "$two" "$one" "$three" >lines
	staunch_sending revoke --yes --endpoint "$AT" -f json <lines
	expect_status 1
	expect_sent "$one" "$two" "$three"
	expect '[.findings[] | .places[] | .line] | sort' '[1,3,5,6]'
	[ "$(gateway_status "$three")" = 401 ]
	[ "$(gateway_status "$four")" = 200 ]
	staunch_sending revoke --yes --endpoint "$AT" </dev/null
	expect_status 0
}

@test "revoke: a line that is no credential is told by its number and not shown, the others are sent" {
	local key other=pa55word-of-somebody
	provider_start
	key=$(created_key)
	printf '%s\n%s\nkey=%s\n%s%s\n' "$other" "$key" "$key" "$key" A >lines
	staunch_sending revoke --yes --endpoint "$AT" -f json <lines
	expect_status 3
	expect_sent "$key"
	expect '[.incomplete[].what] | unique' '["unconfirmed-hit"]'
	expect_message 'line 1 of standard input is no credential that a rule knows'
	expect_message 'line 3 of standard input is no credential that a rule knows'
	expect_nowhere "$other" "$OUT" "$ERR"
	head -c 100000 /dev/zero | tr '\0' 'a' >lines
	staunch_sending revoke --yes --endpoint "$AT" <lines
	expect_status 3
	expect_sent "$key"
}

@test "revoke: what looks only possible is not sent, and that is no success" {
	provider_start
	staunch_sending revoke --yes --endpoint "$AT" -f json < <(new_key --loose)
	expect_arrivals 0
	expect '[.findings[] | .confidence, .revocation.state]' '["possible","none"]'
	expect_status 3
}

# ---- answers ----

# each line: the faults, further options, then state, HTTP status and exit code that follow
@test "every answer has its state and exit code" {
	local key fault options state http code
	provider_start
	key=$(new_key)
	while IFS='|' read -r fault options state http code; do
		provider_reset
		faults "$fault"
		echo "fault $fault"
		revoke "$key" --retries 0 $options
		expect_status "$code"
		expect '.findings[0].revocation | [.state, .http_status // 0]' "[\"$state\",$http]"
		expect_arrivals 1
	done <<-END
	[]||accepted|200|1
	[{"status":201}]||accepted|201|1
	[{"status":202}]||accepted|202|1
	[{"status":204}]||accepted|204|1
	[{"status":200,"body":"this is no JSON"}]||accepted|200|1
	[{"status":200,"http10":true}]||accepted|200|1
	[{"huge_body":3000000}]||accepted|200|1
	[{"close_midway":true}]||accepted|200|1
	[{"drip":true}]|--timeout 1|accepted|200|1
	[{"status":404}]||gone|404|1
	[{"status":410}]||gone|410|1
	[{"status":400}]||rejected|400|3
	[{"status":401}]||rejected|401|3
	[{"status":403}]||rejected|403|3
	[{"status":422}]||rejected|422|3
	[{"redirect":"$URL/stolen"}]||rejected|307|3
	[{"status":301,"redirect":"$URL/stolen"}]||rejected|301|3
	[{"status":408}]||pending|408|3
	[{"status":425}]||pending|425|3
	[{"status":429}]||pending|429|3
	[{"status":500}]||pending|500|3
	[{"status":502}]||pending|502|3
	[{"status":503}]||pending|503|3
	[{"status":504}]||pending|504|3
	[{"reset":true}]||pending|0|3
	[{"garbage":true}]||pending|0|3
	[{"raw":"HTTP/1.1 200"}]||pending|0|3
	[{"delay_ms":3000}]|--timeout 1|pending|0|3
	END
}

@test "nobody listens: pending" {
	local key
	provider_start
	key=$(new_key)
	provider_stop
	wait_for refused
	revoke "$key" --retries 1
	expect_status 3
	expect '.findings[0].revocation | [.state, .attempts]' '["pending",2]'
	expect '.summary | [.accepted, .pending]' '[0,1]'
}
refused() { ! curl -s -o /dev/null "$URL"; }

@test "a rejection shows the provider's code and words" {
	provider_start
	faults '[{"status":400,"body":"{\"error\":{\"code\":\"bad_request\",\"message\":\"no\\u001b[31mt today\"}}"}]'
	revoke "$(new_key)" -f human:text
	expect_status 3
	expect_message 'bad_request' text
	expect_message 'what was rejected may still be valid' text
	expect_nowhere $'\e' text
	expect '.findings[0].revocation.message | startswith("HTTP 400 bad_request: no")' true
}

@test "a provider that echoes the key does not get it into any report" {
	local key
	provider_start
	key=$(new_key)
	printf '%s\n' "$key" >file
	faults '[{"echo_secret":true,"times":3}]'
	staunch_sending dir file --yes --endpoint "$AT" -v -f human -f json:report.json -f jsonl:report.jsonl
	expect_status 3
	expect_message '[credential]' "$OUT"
	expect_message '[credential]' report.json
	expect_message '[credential]' report.jsonl
	expect_nowhere "${key:4:20}" "$OUT" "$ERR" report.json report.jsonl
	expect_nowhere "${key:20:20}" "$OUT" "$ERR" report.json report.jsonl
}

@test "trouble that passes: tried again, accepted" {
	local key
	provider_start
	key=$(created_key)
	faults '[{"reset":true},{"status":503}]'
	revoke "$key"
	expect_status 1
	expect '.findings[0].revocation | [.state, .http_status, .attempts, .message]' '["accepted",200,3,null]'
	expect_sent "$key" "$key" "$key"
	[ "$(gateway_status "$key")" = 401 ]
}

@test "trouble that stays: --retries attempts more, then pending" {
	provider_start
	faults '[{"status":500,"times":-1}]'
	revoke "$(new_key)" --retries 2
	expect_status 3
	expect '.findings[0].revocation | [.state, .http_status, .attempts]' '["pending",500,3]'
	expect_arrivals 3
}

@test "Retry-After: waited for when it is short, pending at once when it is not" {
	local began took
	provider_start
	faults '[{"status":429,"retry_after":"1"}]'
	began=$EPOCHREALTIME
	revoke "$(new_key)"
	took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	expect_status 1
	expect '.findings[0].revocation | [.state, .attempts]' '["accepted",2]'
	[ "$took" -ge 1000 ]
	provider_reset
	faults '[{"status":429,"retry_after":"100000"}]'
	began=$EPOCHREALTIME
	revoke "$(new_key)"
	took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	expect_status 3
	expect '.findings[0].revocation | [.state, .attempts]' '["pending",1]'
	expect '.findings[0].revocation.message | contains("asked to wait")' true
	[ "$took" -lt 5000 ]
}

# ---- TLS ----

@test "https: with the authority's certificate, and to localhost by name" {
	local key
	provider_start server
	key=$(created_key)
	revoke "$key" --ca-file "$CERTIFICATES/ca.pem"
	expect_status 1
	expect_sent "$key"
	AT=${AT/127.0.0.1/localhost}
	revoke "$key" --ca-file "$CERTIFICATES/ca.pem" # another address, so another claim
	expect_status 1
	expect_sent "$key" "$key"
}

@test "https: a certificate that does not hold: pending, and nothing was sent" {
	local certificate key
	key=$(new_key)
	for certificate in wrong_host expired self_signed; do
		provider_start $certificate
		revoke "$key" --ca-file "$CERTIFICATES/ca.pem"
		expect_status 3
		expect '.findings[0].revocation | [.state, .http_status]' '["pending",null]'
		expect '.findings[0].revocation.message | startswith("the certificate check failed: ")' true
		[ "$(ask /_control/requests -k)" = '[]' ]
	done
	provider_start server
	revoke "$key"
	expect_status 3
	expect '.findings[0].revocation.state' pending
	revoke "$key" --ca-file "$CERTIFICATES/other_ca.pem"
	expect_status 3
	expect '.findings[0].revocation.state' pending
	expect_arrivals 0
}

@test "https: --ca-file that is not there, and one that holds no certificate" {
	local key
	provider_start server
	key=$(new_key)
	revoke "$key" --ca-file missing.pem
	expect_status 2
	[ ! -s "$OUT" ]
	expect_message missing.pem
	echo nothing >empty.pem
	revoke "$key" --ca-file empty.pem
	expect_status 3
	expect '.findings[0].revocation.state' pending
	expect_arrivals 0
}

# ---- the question ----

# on_terminal ANSWER ARG...: staunch on a terminal of its own, with ANSWER typed into it. What the terminal
# showed is in $ERR.
on_terminal() {
	local answer=$1 argument line
	shift
	next_run
	printf -v line '%q ' env STAUNCH_DRY_RUN= TERM=xterm "$STAUNCH" "$@"
	status=0
	printf "$answer" | script -qec "$line" /dev/null >"$ERR" 2>&1 3>&- || status=$?
	: >"$OUT"
	keep_output "$@"
}

@test "the question: anything but yes sends nothing" {
	local key answer
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	for answer in 'n\n' '\n' 'yup\n' 'nyes\n' '\004'; do
		on_terminal "$answer" dir file --endpoint "$AT" -f json:report.json
		expect_status 1
		expect_message 'Revoke this key now? [y/N]'
		expect_message "$(shortened "$key")"
		expect '.findings[0].revocation | [.state, .message]' \
			'["dry-run","not sent: the question was not answered with yes"]' report.json
		expect '.dry_run' true report.json
	done
	expect_arrivals 0
	[ "$(gateway_status "$key")" = 200 ]
}

@test "the question: yes sends; --yes and --dry-run do not ask; without a terminal nobody is asked" {
	local key answer
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	for answer in y YES; do
		on_terminal "$answer\n" dir file --endpoint "$AT" -f json:report.json
		expect_status 1
		expect_message 'Revoke this key now? [y/N]'
		expect '.findings[0].revocation.state' accepted report.json
		expect_sent "$key"
		provider_reset
	done
	on_terminal '' dir file --yes --endpoint "$AT" -f json:report.json
	expect_status 1
	expect_sent "$key"
	expect_nowhere 'y/N' "$ERR"
	on_terminal '' dir file --dry-run --endpoint "$AT" -f json:report.json
	expect_status 1
	expect_sent "$key"
	expect_nowhere 'y/N' "$ERR"
	staunch_sending dir file --resend --endpoint "$AT" </dev/null
	expect_status 1
	expect_sent "$key" "$key"
	expect_nowhere 'y/N' "$ERR"
}

# ---- processes and signals ----

# start ARG...: staunch in the background, reading what start reads; its process in $process
start() {
	next_run
	STAUNCH_DRY_RUN= "$STAUNCH" "$@" <&0 >"$OUT" 2>"$ERR" 3>&- 9>&- &
	process=$!
}

# finish ARG...: wait for it; its exit code in $status
finish() {
	status=0
	wait "$process" || status=$?
	keep_output "$@"
}

children() { pgrep -P "$process"; }

@test "two processes: one scans, the other one waits for it; when it is killed, what it had found is kept and sent" {
	local key
	provider_start
	key=$(created_key)
	mkfifo lines
	exec 9<>lines
	start stdin --yes --endpoint "$AT" -f json <lines
	wait_for children
	[ "$(children | wc -l)" = 1 ]
	[ "$(readlink "/proc/$process/exe")" = "$(readlink "/proc/$(children)/exe")" ]
	ls -l "/proc/$(children)/fd" >files
	expect_nowhere socket: files
	# a window of text, so that what stands in it is searched
	{ printf '%s\n' "$key"; yes 'nothing of interest in this line' | head -c 40000000; } >&9
	kill -KILL "$(children)"
	exec 9>&-
	finish
	expect_status 3
	expect '[.incomplete[].what]' '["scan-process"]'
	expect_sent "$key"
	[ "$(gateway_status "$key")" = 401 ]
}

@test "the key stands in no command line and no environment, whichever process" {
	local key child
	provider_start
	key=$(created_key)
	mkfifo lines
	exec 9<>lines
	faults '[{"delay_ms":1500}]'
	start stdin --yes --endpoint "$AT" -f json <lines
	printf '%s\n' "$key" >&9
	wait_for children
	child=$(children)
	look "$process" "$child"
	exec 9>&-
	wait_for under_way
	look "$process"
	finish
	expect_status 1
	expect_sent "$key"
}
under_way() { [ "$(reports length)" = 1 ]; }
look() {
	local one
	for one; do
		tr '\0' '\n' <"/proc/$one/cmdline" >seen
		[ -s seen ]
		tr '\0' '\n' <"/proc/$one/environ" >>seen 2>/dev/null || true # not even ours to read unless we are root
		expect_nowhere "${key:4:16}" seen
		grep -q '^Max core file size  *0 ' "/proc/$one/limits"
	done
}

@test "SIGINT while an answer is awaited: it is waited for a little, reported, and the exit code is 130" {
	provider_start
	faults '[{"delay_ms":700}]'
	new_key >key
	start dir key --yes --endpoint "$AT" -f json
	wait_for under_way
	kill -INT "$process"
	finish
	expect_status 130
	expect '[.interrupted, .interrupted_while]' '[true,"sending"]'
	expect '.findings[0].revocation.state' accepted
	# everything was scanned, and nobody says otherwise, also later
	staunch report "$OUT" -f human
	expect_message 'interrupted while sending. 1 key in 1 place: 1 accepted.' "$OUT"
	refute grep -q 'not everything was scanned' "$OUT"

	provider_reset
	faults '[{"delay_ms":20000}]'
	start dir key --yes --endpoint "$AT" -f json
	wait_for under_way
	kill -INT "$process"
	finish
	expect_status 130
	expect '[.findings[0].revocation | .state, .message]' '["pending","interrupted, the answer is not known"]'
}

@test "SIGINT while scanning: what was found is reported, and nothing is sent" {
	local key
	provider_start
	key=$(created_key)
	mkfifo lines
	exec 9<>lines
	start stdin --yes --endpoint "$AT" -f json <lines
	wait_for children
	{ printf '%s\n' "$key"; yes 'nothing of interest in this line' | head -c 40000000; } >&9
	kill -INT "$process"
	sleep 0.1
	exec 9>&-
	finish
	expect_status 130
	expect '.interrupted' true
	expect '[.findings[0].revocation | .state, .message]' '["pending","interrupted before it was sent"]'
	expect_arrivals 0
}
