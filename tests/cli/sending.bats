#!/usr/bin/env bats
# Goal: how reports travel. What a provider or something on the way does to a connection never sends a key elsewhere, never
# sends it more often than is said, and never keeps staunch from ending; a rule's limits and batches are kept to.

load helpers
load provider
EACH_RUN_IS_THE_FIRST=1 # what is looked at is how keys are sent, not which ones were before

# vercel_rule FILTER >FILE: the built-in rule, changed by jq
vercel_rule() {
	jq '.rules |= map(select(.id == "'$RULE'")) | .rules[0] |= ('"$1"')' "$BATS_TEST_DIRNAME/../../rules/vercel.json"
}

# send ARG...: what stands in the file keys, with a JSON report
send() {
	staunch_sending dir keys --yes --endpoint "$AT" -f json "$@"
}

# milliseconds since $began
took() { echo $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)); }

# ---- faults ----

@test "a redirect to another host is not followed, and nothing reaches that host" {
	local other elsewhere status_code
	provider_start
	elsewhere=$URL
	provider_start
	other=$URL
	new_key >keys
	for status_code in 301 302 303 307 308; do
		faults '[{"status":'$status_code',"redirect":"'"$elsewhere"'/external/compromised_secret"}]'
		send
		expect_status 3
		expect '.findings[0].revocation | [.state, .http_status, .attempts]' "[\"rejected\",$status_code,1]"
		expect '.findings[0].revocation.message' "HTTP $status_code: redirects are not followed"
	done
	URL=$elsewhere
	expect_arrivals 0
	URL=$other
	expect_arrivals 5
	# not even a connection is made
	python3 -c 'if True:
		import socket
		server = socket.create_server(("127.0.0.1", 0))
		print(server.getsockname()[1], flush=True)
		server.accept()
		print("connected", flush=True)' >listener 2>/dev/null 3>&- &
	PROVIDER_PROCESSES+=($!)
	wait_for test -s listener
	faults '[{"status":307,"redirect":"http://127.0.0.1:'"$(<listener)"'/"}]'
	send
	expect_status 3
	refute grep -q connected listener
	# which would have been noticed
	curl -s -m 1 -o /dev/null "http://127.0.0.1:$(<listener)/" || true
	wait_for grep -q connected listener
}

@test "an answer of 1 GB: the status counts, the rest is not waited for" {
	provider_start
	new_key >keys
	faults '[{"huge_body":1000000000}]'
	began=$EPOCHREALTIME
	send --timeout 20
	expect_status 1
	expect '.findings[0].revocation | [.state, .attempts]' '["accepted",1]'
	[ "$(took)" -lt 5000 ]
	# headers without end are no answer
	provider_reset
	faults '[{"raw":"HTTP/1.1 200 OK\r\nX: 0123456789012345678901234567890123456789\r\n","repeat":1},{"raw":"X: 0123456789012345678901234567890123456789\r\n","repeat":100000}]'
	send --retries 0
	expect_status 3
	expect '.findings[0].revocation.state' pending
}

@test "a connection closed in the middle of an answer's headers is tried again" {
	provider_start
	new_key >keys
	faults '[{"raw":"HTTP/1.1 200 OK\r\nContent-"}]'
	send
	expect_status 1
	expect '.findings[0].revocation | [.state, .attempts]' '["accepted",2]'
	expect_arrivals 2
}

@test "Retry-After as a date" {
	provider_start
	new_key >keys
	faults '[{"status":503,"retry_after":"'"$(date -u -d '+2 seconds' '+%a, %d %b %Y %H:%M:%S GMT')"'"}]'
	began=$EPOCHREALTIME
	send
	expect_status 1
	expect '.findings[0].revocation | [.state, .attempts]' '["accepted",2]'
	[ "$(took)" -ge 900 ]
	faults '[{"status":429,"retry_after":"'"$(date -u -d '+2 days' '+%a, %d %b %Y %H:%M:%S GMT')"'"}]'
	began=$EPOCHREALTIME
	send
	expect_status 3
	expect '.findings[0].revocation.message | contains("asked to wait 17")' true
	[ "$(took)" -lt 5000 ]
}

@test "a server that asks to be left alone is: what was not sent yet is not" {
	provider_start
	new_key 40 >keys
	vercel_rule '.revoke.limits = {concurrent: 4}' >rule.json
	faults '[{"status":429,"retry_after":"100000","times":-1}]'
	send --rules rule.json
	expect_status 3
	expect '[.findings[].revocation.state] | unique' '["pending"]'
	[ "$(reports length)" -le 4 ]
	expect '[.findings[].revocation | select(.attempts == null).message] | unique | length' 1
	expect '[.findings[].revocation | select(.attempts == null).message | startswith("not sent: asked to wait")] | all' true
}

@test "attempts: as many as the provider saw, also when a connection that was used before dies" {
	local seen
	provider_start
	new_key 30 >keys
	vercel_rule '.revoke.limits = {concurrent: 1}' >rule.json
	faults '[{"status":200},{"reset":true},{"status":200},{"raw":""},{"status":200},{"garbage":true},{"status":200},{"reset":true}]'
	send --rules rule.json
	expect_status 1
	seen=$(reports length)
	expect '[.findings[].revocation.attempts] | add' "$seen"
	[ "$seen" -eq 34 ]
}

@test "1,000 keys, 50 ms away: each is sent once, in at most 5 seconds" {
	local turn limit=5000
	provider_start
	new_key 1000 >keys
	! built_with_sanitizer || limit=60000
	# the best of three: what else this machine does is no part of it
	for turn in 1 2 3; do
		provider_reset
		faults '[{"delay_ms":50,"times":-1}]'
		began=$EPOCHREALTIME
		send
		took=$(took)
		expect_status 1
		[ "$(reports length)" = 1000 ]
		expect_reports 1000 'map(.fingerprint) | unique | length'
		expect '.summary.accepted' 1000
		expect '[.findings[].revocation.attempts] | unique' '[1]'
		echo "# $took ms"
		[ "$took" -gt "$limit" ] || return 0
	done
	return 1
}

@test "HTTP/2 where it is offered: many requests at once over one connection" {
	local port=$((20000 + RANDOM % 20000))
	command -v nghttpd >/dev/null || skip "nghttpd (package nghttp2-server) is not installed"
	nghttpd -v -a 127.0.0.1 --echo-upload -d . $port "$CERTIFICATES/server.key" "$CERTIFICATES/server.pem" >h2.log 2>&1 3>&- &
	PROVIDER_PROCESSES+=($!)
	wait_for curl -sk -o /dev/null https://127.0.0.1:$port/
	: >h2.log
	new_key 40 >keys
	AT=$RULE=https://localhost:$port/
	send --ca-file "$CERTIFICATES/ca.pem"
	expect_status 1
	expect '.summary.accepted' 40
	[ "$(grep -ac ':method: POST' h2.log)" = 40 ]
	[ "$(grep -aoE '\[id=[0-9]+\].*recv \(stream_id=[0-9]+\) :method' h2.log | cut -d']' -f1 | sort -u | wc -l)" = 1 ]
}

# ---- limits ----

@test "limits: no more at a time than the rule allows, the strictest of two rules for one host" {
	provider_start
	new_key 12 >keys
	new_key --like vcp 4 >>keys
	faults '[{"delay_ms":40,"times":-1}]'
	vercel_rule '.revoke.limits = {concurrent: 3}' >rule.json
	send --rules rule.json
	expect_status 1
	expect_reports 3 'map(.at_once) | max'
	# a second rule, for the same host
	provider_reset
	faults '[{"delay_ms":40,"times":-1}]'
	vercel_rule '.id = "second" | .literals = ["vcp_"] | .pattern |= sub("vck_"; "vcp_") | del(.loose_pattern, .verify, .examples)
		| .revoke.limits = {concurrent: 2}' >second.json
	send --rules rule.json --rules second.json --endpoint "second=$URL/external/compromised_secret" --retries 0
	expect '[.findings[] | select(.rule == "second")] | length' 4
	expect_reports 16 length
	expect_reports 2 'map(.at_once) | max'
}

@test "limits: no more in a second than the rule allows" {
	provider_start
	new_key 31 >keys
	vercel_rule '.revoke.limits = {per_second: 20}' >rule.json
	send --rules rule.json
	expect_status 1
	expect_reports 31 length
	# any 22 of them in a row took a second: 20, and what the schedule lets be caught up on
	expect_reports true 'map(.at_ms) | sort | [range(0; length - 22) as $i | .[$i + 22] - .[$i]] | min >= 950'
}

@test "limits: those of a rule whose keys travel in another rule's batches hold" {
	provider_start
	new_key --like hf 3 >keys
	new_key --like ghp 1 >>keys
	batch_rule() { # ID LITERAL PATTERN LIMITS
		jq -n --arg id "$1" --arg literal "$2" --arg pattern "$3" --argjson limits "$4" '{schema: 1, provider: "p", name: "P", rules: [{id: $id, name: $id,
			literals: [$literal], pattern: $pattern, min_entropy: 2, revoke: {kind: "report", method: "POST", url: "https://example.test/x",
			json: {credentials: "{{secrets}}"}, batch: 2, accepted: [202], limits: $limits}, examples: {match: [], no_match: []}}]}'
	}
	batch_rule first hf_ 'hf_[A-Za-z0-9]{34}' '{"concurrent": 8}' >first.json
	batch_rule second ghp_ 'ghp_[A-Za-z0-9]{36}' '{"per_second": 0.5}' >second.json
	staunch_sending dir keys --yes --rules first.json --rules second.json -f json \
		--endpoint "first=$URL/huggingface/api/credentials/revoke" --endpoint "second=$URL/huggingface/api/credentials/revoke"
	expect_status 1
	[ "$(ask /_control/requests | jq 'map(.fingerprints | length)' -c)" = '[2,2]' ]
	[ "$(ask /_control/requests | jq '.[1].at_ms - .[0].at_ms >= 1900')" = true ]
}

# ---- batches ----

# github ARG...: the file keys, at GitHub's place in the emulator
GITHUB_RULES=(github-personal-access-token github-fine-grained-token github-oauth-token github-app-user-token github-app-refresh-token)
github() {
	local rule endpoints=()
	for rule in "${GITHUB_RULES[@]}"; do endpoints+=(--endpoint "$rule=$URL/github/credentials/revoke"); done
	staunch_sending dir keys --yes --enable github "${endpoints[@]}" -f json "$@"
}

# batches FILTER: jq on the requests that arrived at GitHub's place
batches() {
	ask /_control/requests | jq -rc "map(select(.path == \"/github/credentials/revoke\")) | $1"
}

@test "a batch: tokens of all kinds in one request, as GitHub documents it" {
	provider_start
	for form in ghp github_pat gho ghr ghp; do new_key --like $form; done >keys
	github
	expect_status 1
	expect '[.findings[].revocation | [.state, .http_status, .attempts]] | unique' '[["accepted",202,1]]'
	[ "$(batches length)" = 1 ]
	[ "$(batches '.[0] | [.method, .content_type, .accept, .authorization]')" = \
		'["POST","application/json","application/vnd.github+json",false]' ]
	[ "$(batches '.[0].fingerprints | map("sha256:" + .) | sort | .[]')" = "$(while read -r key; do fingerprint "$key"; done <keys | sort)" ]
}

@test "a batch: the bad one is rejected alone, the others are revoked" {
	local bad
	provider_start
	new_key --like ghp 12 >keys
	bad=$(new_key --like ghp --bad-checksum)
	printf '%s\n' "$bad" >>keys
	new_key --like github_pat 3 >>keys
	github
	expect_status 3
	expect '[.findings[] | select(.revocation.state == "rejected").fingerprint] | .[]' "$(fingerprint "$bad")"
	expect '[.findings[].revocation.state] | group_by(.) | map([.[0], length])' '[["accepted",15],["rejected",1]]'
	expect '.findings[] | select(.revocation.state == "rejected").revocation | .message' \
		'HTTP 422 validation_failed: Validation failed, or the endpoint has been spammed.'
	# 16, 8 and 8, 4 and 4, 2 and 2, 1 and 1
	[ "$(batches length)" = 9 ]
	expect '[.findings[].revocation.attempts] | max' 5
	expect '[.findings[].revocation.attempts] | add' "$(batches '[.[].fingerprints | length] | add')"
	# the emulator takes all of a batch or nothing: what was accepted was revoked in a request without the bad one
	[ "$(batches '[.[] | select(.fingerprints | index("'"$(fingerprint "$bad" | cut -c8-)"'") | not) | .fingerprints[]] | unique | length')" = 15 ]
}

@test "a batch of 1,001 is two, one after the other; trouble that passes is tried again for all of it" {
	provider_start
	new_key --like ghp 1001 >keys
	faults '[{"on":"POST /github/credentials/revoke","status":403},{"on":"POST /github/credentials/revoke","status":502}]'
	github --max-revocations 2000
	expect_status 1
	[ "$(batches '[.[].fingerprints | length] | unique')" = '[1,1000]' ]
	[ "$(batches length)" = 4 ]
	[ "$(batches 'map(.at_once) | max')" = 1 ]
	expect '.summary.accepted' 1001
	expect '[.findings[].revocation.attempts] | add' "$(batches '[.[].fingerprints | length] | add')"
}

@test "a batch that is rejected for another reason is not split" {
	provider_start
	new_key --like ghp 4 >keys
	faults '[{"on":"POST /github/credentials/revoke","status":401}]'
	github
	expect_status 3
	expect '[.findings[].revocation | [.state, .attempts]] | unique' '[["rejected",1]]'
	[ "$(batches length)" = 1 ]
}

@test "a batch whose answer quotes another of its keys shows neither" {
	local one other
	provider_start
	one=$(new_key --like ghp) other=$(new_key --like ghp)
	printf '%s\n%s\n' "$one" "$other" >keys
	printf '[{"on":"POST /github/credentials/revoke","status":401,"body":"{\\"error\\":{\\"message\\":\\"%s and %s\\"}}"}]' "$other" "$one" |
		ask /_control/faults --data-binary @- >/dev/null
	github -v -f human:text
	expect_status 3
	expect '[.findings[].revocation.message] | unique' '["HTTP 401: [credential] and [credential]"]'
	expect_nowhere "${one:8:20}" "$OUT" "$ERR" text
	expect_nowhere "${other:8:20}" "$OUT" "$ERR" text
}

# ---- proxies and certificates ----

# proxy_start: PROXY=host:port of a proxy that leads to the provider; its log is proxy.log
proxy_start() {
	perl "$BATS_TEST_DIRNAME/connect_proxy.pl" "${URL##*:}" proxy.port proxy.log >proxy.err 2>&1 3>&- &
	PROVIDER_PROCESSES+=($!)
	wait_for test -s proxy.port
	PROXY=127.0.0.1:$(<proxy.port)
	: >proxy.log
}

# through VARIABLE=VALUE... -- ARG...: send the file keys to a host that only a proxy knows, with these in the environment
FAR=https://wrong.example.test
through() {
	local settings=() STAUNCH_DRY_RUN=
	while [ "$1" != -- ]; do settings+=("$1"); shift; done
	shift
	WRAPPER=(env -u https_proxy -u HTTPS_PROXY -u all_proxy -u ALL_PROXY -u no_proxy -u NO_PROXY "${settings[@]}")
	export STAUNCH_DRY_RUN
	run_and_keep dir keys --yes --no-ledger --endpoint "$RULE=$FAR/external/compromised_secret" -f json --ca-file "$CERTIFICATES/ca.pem" "$@"
	WRAPPER=()
}

@test "a proxy from the environment: reports go through it, and it sees no key and no header of theirs" {
	local variable
	provider_start wrong_host
	proxy_start
	new_key >keys
	for variable in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
		: >proxy.log
		through $variable="http://someone:pa55word@$PROXY" -- -v
		expect_status 1
		expect '.findings[0].revocation.state' accepted
		expect_message 'CONNECT wrong.example.test:443 HTTP/1.1' proxy.log
		expect_message 'Proxy-Authorization: Basic' proxy.log
		expect_nowhere 'pa55word' "$OUT" "$ERR"
		expect_nowhere "$(cut -c 5-24 keys)" proxy.log
		refute grep -qi 'content-type' proxy.log
	done
	# NO_PROXY: then nobody knows the host
	: >proxy.log
	through https_proxy="http://$PROXY" no_proxy=.example.test -- --retries 0
	expect_status 3
	expect '.findings[0].revocation.state' pending
	[ ! -s proxy.log ]
	# http_proxy is not for https
	through http_proxy="http://$PROXY" -- --retries 0
	expect_status 3
	[ ! -s proxy.log ]
}

@test "a proxy's certificate and password: the provider's name is checked through it, its password is in no message" {
	local proxy
	provider_start server
	proxy_start
	new_key >keys
	through https_proxy="http://someone:pa55word@$PROXY" -- -v -f human:text
	expect_status 3
	expect '.findings[0].revocation.message | startswith("the certificate check failed: ")' true
	[ "$(ask /_control/requests -k)" = '[]' ]
	for proxy in "gopher://someone:pa55word@$PROXY" "http://someone:pa55word@127.0.0.1:1" "http://someone:pa55 word@[::" \
		"http://someone:pa55word@proxy.example.test:99999" "http://someone:pa55word@nowhere.example.test:80"; do
		through https_proxy="$proxy" -- -v -f human:text --retries 0
		expect_status 3
		expect '.findings[0].revocation.state' pending
		expect_nowhere 'pa55' "$OUT" "$ERR" text
	done
}

@test "no proxy for this machine" {
	provider_start
	proxy_start
	new_key >keys
	https_proxy=http://$PROXY http_proxy=http://$PROXY ALL_PROXY=http://$PROXY send
	expect_status 1
	[ ! -s proxy.log ]
	expect_arrivals 1
}

@test "certificates from the environment: CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR; --ca-file before them" {
	provider_start server
	new_key >keys
	mkdir folder
	cp "$CERTIFICATES/ca.pem" "folder/$(openssl x509 -hash -noout -in "$CERTIFICATES/ca.pem").0"
	SSL_CERT_FILE=$CERTIFICATES/ca.pem send
	expect_status 1
	CURL_CA_BUNDLE=$CERTIFICATES/ca.pem SSL_CERT_FILE=$CERTIFICATES/other_ca.pem send
	expect_status 1
	SSL_CERT_DIR=$PWD/folder send
	expect_status 1
	expect_arrivals 3
	CURL_CA_BUNDLE=$CERTIFICATES/other_ca.pem SSL_CERT_FILE=$CERTIFICATES/ca.pem send
	expect_status 3
	SSL_CERT_FILE=$CERTIFICATES/ca.pem send --ca-file "$CERTIFICATES/other_ca.pem"
	expect_status 3
	SSL_CERT_FILE=$PWD/missing.pem send
	expect_status 3
	expect_message "cannot read the certificates in '$PWD/missing.pem' (SSL_CERT_FILE)"
	expect '.findings[0].revocation | [.state, .attempts]' '["pending",null]'
	expect_arrivals 3
}

@test "SSLKEYLOGFILE: no file that would let somebody read along" {
	provider_start server
	new_key >keys
	SSLKEYLOGFILE=$PWD/log send --ca-file "$CERTIFICATES/ca.pem"
	expect_status 1
	[ ! -e log ]
}

@test "a rule's host is fixed: nothing in what is scanned changes where a key goes" {
	provider_start
	printf '%s\n' "$(new_key)" "https_proxy=http://evil.example.test" "--endpoint $RULE=https://evil.example.test/" >keys
	printf '{"endpoint": "https://evil.example.test/"}\n' >keys.json
	mkdir -p .staunch
	cp "$BATS_TEST_DIRNAME/../../rules/vercel.json" .staunch/rules.json
	staunch_sending dir . --yes --endpoint "$AT" -f json
	expect_status 1
	expect '.summary.accepted' 1
	expect_arrivals 1
}
