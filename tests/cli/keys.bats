#!/usr/bin/env bats
# Goal: the team's own keys over the provider's API. A new key reaches standard output or a command and nothing else; the token reaches the
# provider and nothing else; a leaked key dies before its successor is born, and whatever ends a rotation half-way, a second one finishes it.

load helpers
load provider

setup() {
	begin_test
	export XDG_STATE_HOME=$T/state
	unset VERCEL_TEAM_ID
	TOKEN=tok_$(head -c 60 /dev/urandom | base64 -w0 | tr -dc A-Za-z0-9 | head -c 40)
	printf '%s\n' "$TOKEN" >>"$STAUNCH_TEST_OUTPUT/../keys"
	TEAM=team_a SENDING=() URL=
}

# remember: the keys on the last run's standard output are searched for like all others; what else it wrote is kept for that search
remember() {
	grep -aoE 'vck_[A-Za-z0-9_-]{56}' "$OUT" >>"$STAUNCH_TEST_OUTPUT/../keys" || true
	if grep -qaF vck_ "$OUT"; then OUT=/dev/null keep_output; else keep_output; fi
}

# keys ARG...: staunch keys at the local provider, with $TOKEN
keys() {
	[ -n "$URL" ] || { echo "no provider was started" >&2; return 1; }
	next_run
	status=0
	STAUNCH_DRY_RUN=${DRY_RUN-} VERCEL_TOKEN=$TOKEN "${WRAPPER[@]}" "$STAUNCH" keys "$@" --api-url "$URL" ${TEAM:+--team "$TEAM"} \
		>"$OUT" 2>"$ERR" 3>&- || status=$?
	remember
}

# rotate KEY ARG...: keys rotate of this key, reports going to the local provider too; --yes unless ASKING is set
rotate() {
	printf '%s\n' "$1" >"$T/leaked"
	keys rotate ${ASKING-"--yes"} --endpoint "$AT" --timeout 5 "${@:2}" <"$T/leaked"
}

# made ARG...: a key created over the provider's API, in $made, its id in $id
made() {
	keys create "$@"
	expect_status 0
	made=$(<"$OUT")
	id=$(sed -nE 's/^staunch: created (key_[A-Za-z0-9_-]+) .*/\1/p' "$ERR")
	[ -n "$id" ]
}

settings() { ask /_control/settings --data-binary "$1" >/dev/null; }

# listed FILTER: jq on what the provider lists for the team
listed() {
	ask "/v1/api-keys?teamId=$TEAM&purpose=ai-gateway" -H 'Authorization: Bearer x' | jq -rc ".apiKeys | $1"
}

# expect_listed VALUE FILTER
expect_listed() {
	local got
	got=$(listed "$2")
	[ "$got" = "$1" ] && return
	printf 'listed: %s\n  is   %s\n  want %s\n' "$2" "$got" "$1"
	head -c 4096 "$ERR"
	return 1
}

# expect_requests VALUE: "METHOD PATH" of the requests so far, ids as ID, without those of this file's own listed()
expect_requests() {
	local got
	got=$(ask /_control/requests | jq -rc 'map(select(.user_agent | startswith("staunch/")) | .method + " " + (.path | sub("/key_.*"; "/ID"))) | join(", ")')
	[ "$got" = "$1" ] && return
	printf 'requests:\n  are  %s\n  want %s\n' "$got" "$1"
	head -c 4096 "$ERR"
	return 1
}

forget_requests() { REQUESTS_BEFORE=$(ask /_control/requests | jq length); }
# new_requests: as expect_requests, since forget_requests
expect_new_requests() {
	local got
	got=$(ask /_control/requests | jq -rc ".[$REQUESTS_BEFORE:]"' | map(select(.user_agent | startswith("staunch/")) | .method + " " + (.path | sub("/key_.*"; "/ID"))) | join(", ")')
	[ "$got" = "$1" ] && return
	printf 'requests:\n  are  %s\n  want %s\n' "$got" "$1"
	head -c 4096 "$ERR"
	return 1
}

# expect_new_key FILE: exactly one line, a living key. It is left in $new
expect_new_key() {
	[ "$(wc -l <"$1")" = 1 ]
	new=$(<"$1")
	printf '%s\n' "$new" >>"$STAUNCH_TEST_OUTPUT/../keys"
	[[ $new =~ ^vck_[A-Za-z0-9_-]{56}$ ]]
	[ "$(gateway_status "$new")" = 200 ]
}

# ---- the token ----

@test "without a token nothing is sent, and the message says how to get one" {
	provider_start
	TOKEN=
	for verb in list create 'delete key_a --yes'; do
		keys $verb
		expect_status 2
		expect_message 'access token in the environment variable VERCEL_TOKEN'
		expect_message 'all arguments show in ps'
		[ ! -s "$OUT" ]
	done
	expect_requests ''
}

@test "a token among the arguments is refused, and not shown" {
	provider_start
	for argument in --token=abcdefgh --token --tokens=abcdefgh; do
		keys list "$argument"
		expect_status 2
		expect_message 'a token is no option'
		expect_nowhere abcdefgh "$ERR" "$OUT"
	done
	expect_requests ''
}

@test "a token that no header can hold is refused" {
	provider_start
	TOKEN=$'abc\r\nX-Injected: 1'
	keys list
	expect_status 2
	expect_message 'the token has a space, a control character'
	expect_requests ''
}

@test "401 and 403 say which it is and what to do" {
	provider_start
	TOKEN=expired
	keys list
	expect_status 3
	expect_message 'HTTP 401 unauthorized'
	expect_message 'it is invalid or has expired; make a new one'
	TOKEN=bad
	keys list
	expect_status 3
	expect_message "may not do this for the team 'team_a' (HTTP 403 forbidden: Not authorized)"
	TEAM=
	keys list
	expect_status 3
	expect_message 'set VERCEL_TEAM_ID or --team'
	[ ! -s "$OUT" ]
	# told at once: nobody's load makes that better
	expect_requests 'GET /v1/api-keys, GET /v1/api-keys, GET /v1/api-keys'
}

@test "the provider's words are shown without the token in them" {
	provider_start
	ask /_control/faults --data-binary @- >/dev/null <<<"[{\"on\":\"GET /v1/api-keys\",\"status\":403,\"body\":\"{\\\"error\\\":{\\\"code\\\":\\\"forbidden\\\",\\\"message\\\":\\\"no $TOKEN\\\"}}\"}]"
	keys list
	expect_status 3
	expect_message 'forbidden: no [credential]'
	expect_nowhere "$TOKEN" "$ERR" "$OUT"
}

@test "neither the token nor a key stands in an argument list, an environment that others read, or the provider's address" {
	provider_start
	faults '[{"on":"POST /v1/api-keys","delay_ms":1500}]'
	next_run
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys create --api-url "$URL" --team team_a >"$OUT" 2>"$ERR" 3>&- &
	process=$!
	sleep 0.7
	tr '\0' '\n' <"/proc/$process/cmdline" >cmdline
	grep -q keys cmdline
	wait "$process"
	expect_new_key "$OUT"
	expect_nowhere "$TOKEN" cmdline "$ERR" "$OUT"
	ask /_control/requests >requests
	expect_nowhere "$TOKEN" requests
	[ "$(jq -rc 'map(select(.method == "POST")) | .[0] | [.authorization, .content_type, .team]' requests)" = '[true,"application/json","team_a"]' ]
	remember
}

# ---- list ----

@test "list: all pages, as a table and as JSON" {
	provider_start
	made --name 'ci key' --project prj_x --expires 2099-01-31 --budget 50 --refresh monthly --include-byok
	first=$made
	for i in 2 3 4 5; do made --name "key $i"; done
	TEAM=team_b; made --name other; TEAM=team_a
	[ "$(gateway_status "$first")" = 200 ] # it is in use now
	for size in 1 2 4 5 6 0; do
		settings "{\"page_size\":$size}"
		keys list -f json
		expect_status 0
		expect '[.keys[].name]' '["ci key","key 2","key 3","key 4","key 5"]'
	done
	expect .schema staunch-keys/1
	expect '.keys[0] | [.project, .expires, .leaked, .leaked_url, .partial_key]' "[\"prj_x\",\"2099-01-31T00:00:00Z\",null,null,\"${first: -6}\"]"
	expect '.keys[0].last_used | type' string
	expect '.keys[0].budget' '{"limit":50,"spent":12.5,"byok_spent":0.25,"include_byok":true,"refresh":"monthly","alert_thresholds":[]}'
	expect '.keys[1] | [.project, .expires, .last_used, .budget]' '[null,null,null,null]'
	keys list
	expect_status 0
	[ "$(wc -l <"$OUT")" = 6 ]
	[ ! -s "$ERR" ]
	head -n 1 "$OUT" | grep -qE '^ID +NAME +KEY +PROJECT +CREATED +LAST USED +EXPIRES +BUDGET +LEAKED$'
	grep -qE "^key_[A-Za-z0-9_-]{20}  ci key  …${first: -6}  prj_x +20[0-9-]+  20[0-9-]+ +2099-01-31  \\\$12.75 of \\\$50 monthly \+ BYOK  -$" "$OUT"
	grep -qE '  key 2 +…[A-Za-z0-9]{6}  all +20[0-9-]+  never +never +- +-$' "$OUT"
	TEAM=team_none
	keys list -f json
	expect_status 0
	expect '.keys' '[]'
}

@test "list: VERCEL_TEAM_ID names the team, --team wins over it" {
	provider_start
	made --name one
	TEAM=
	VERCEL_TEAM_ID=team_a keys list -f json
	expect '[.keys[].name]' '["one"]'
	VERCEL_TEAM_ID=team_b keys list -f json
	expect '[.keys[].name]' '[]'
	TEAM=team_a
	VERCEL_TEAM_ID=team_b keys list -f json
	expect '[.keys[].name]' '["one"]'
	TEAM='team/../x'
	keys list
	expect_status 2
	expect_message '--team is no id of a team'
}

@test "list: a list without an end, or whose next page is the first again, is an error and not a shorter list" {
	provider_start
	for i in 1 2 3; do made --name "key $i"; done
	for setting in '{"page_size":2,"endless":true}' '{"page_size":2,"endless":false,"ignores_cursor":true}'; do
		settings "$setting"
		keys list
		expect_status 3
		expect_message "the provider's list does not end"
		[ ! -s "$OUT" ]
	done
}

@test "list: 429, 500, 503 and broken answers are tried again, slow ones waited for" {
	provider_start
	made --name one
	for fault in '"status":500' '"status":502' '"status":503' '"status":504' '"status":429,"retry_after":"1","body":"{\"error\":{\"code\":\"rate_limited\",\"name\":\"x\",\"message\":\"slow down\",\"limit\":{}}}"' \
		'"reset":true' '"garbage":true' '"close_midway":true' '"raw":"HTTP/1.1 200 OK\r\nContent-Le"' '"delay_ms":900'; do
		faults "[{\"on\":\"GET /v1/api-keys\",$fault}]"
		before=$(date +%s%N)
		keys list -f json
		expect_status 0
		expect '[.keys[].name]' '["one"]'
		case $fault in *429* | *delay*) [ $((($(date +%s%N) - before) / 1000000)) -ge 900 ] ;; esac
	done
	# and in the end given up, with the provider's words
	faults '[{"on":"GET /v1/api-keys","status":503,"body":"{\"error\":{\"code\":\"busy\",\"message\":\"come back\"}}","times":-1}]'
	keys list --retries 1
	expect_status 3
	expect_message 'the provider could not answer: HTTP 503 busy: come back'
	provider_reset
	faults '[{"on":"GET /v1/api-keys","status":429,"retry_after":"86400","times":-1}]'
	keys list
	expect_status 3
	expect_message 'HTTP 429'
	provider_reset
	faults '[{"on":"GET /v1/api-keys","delay_ms":3000}]'
	keys list --timeout 1 --retries 0
	expect_status 3
	expect_message 'no answer'
}

@test "list: rubbish from the provider is an error, and harmless" {
	provider_start
	for body in '' '[]' '{}' 'null' '{"apiKeys":{}}' '{"apiKeys":[3]}' '{"apiKeys":[{}]}' '{"apiKeys":[{"id":7}]}' '{"apiKeys":[{"id":"a/b"}]}' \
		'{"apiKeys":[{"id":"k","name":{}}]}' '{"apiKeys":[{"id":"k","createdAt":"x"}]}' '{"apiKeys":[{"id":"k","expiresAt":-1}]}' \
		'{"apiKeys":[{"id":"k","leakedAt":1e300}]}' '{"apiKeys":[{"id":"k","quota":7}]}' '{"apiKeys":[{"id":"k","quota":{"limitAmount":"x"}}]}' \
		"{\"apiKeys\":[{\"id\":\"$(new_key --seed 7)\"}]}"; do
		jq -nc --arg body "$body" '[{on: "GET /v1/api-keys", status: 200, body: $body}]' >fault
		faults @fault
		keys list --retries 0
		expect_status 3
		[ ! -s "$OUT" ]
		grep -qE 'not a list of keys|is not as documented|is not a JSON object' "$ERR"
	done
	# what steers a terminal, or looks like a key, is not passed on
	key=$(new_key)
	jq -nc --arg key "$key" '[{on: "GET /v1/api-keys", status: 200, times: 2, body: ({apiKeys: [{id: "k1", name: ("a\u001b[31m\u202e" + $key), partialKey: $key, leakedUrl: "x\ny", leakedAt: 1}]} | tojson)}]' >fault
	faults @fault
	keys list
	expect_status 0
	expect_message 'a\x1b[31m\u{202e}' "$OUT"
	[ "$(wc -l <"$OUT")" = 2 ]
	expect_nowhere "$key" "$OUT" "$ERR"
	keys list -f json
	expect_status 0
	expect_nowhere "$key" "$OUT"
	refute grep -q $'\x1b' "$OUT"
}

@test "list: a page of a thousand keys" {
	provider_start
	jq -nc '[{on: "GET /v1/api-keys", status: 200, body: ({apiKeys: [range(1000) | {id: "key_\(.)", name: ("n" * 500), partialKey: "abcdef", createdAt: 1, activeAt: null}]} | tojson)}]' >fault
	faults @fault
	keys list -f json
	expect_status 0
	expect '.keys | length' 1000
	faults '[{"on":"GET /v1/api-keys","huge_body":1100000}]'
	keys list --retries 0
	expect_status 3
	expect_message 'broke off or is longer than 1048576 bytes'
}

@test "list: no answer to be had, a wrong certificate, a redirect" {
	provider_start
	elsewhere=$URL
	provider_start server
	keys list --retries 0 # signed by nobody that is trusted
	expect_status 3
	expect_message 'the certificate check failed'
	expect_requests ''
	keys list --ca-file "$CERTIFICATES/ca.pem" -f json
	expect_status 0
	faults "[{\"on\":\"GET /v1/api-keys\",\"redirect\":\"$elsewhere/v1/api-keys\"}]"
	keys list --ca-file "$CERTIFICATES/ca.pem"
	expect_status 3
	expect_message 'redirects are not followed'
	URL=$elsewhere
	expect_requests ''
	URL=http://127.0.0.1:1
	keys list --retries 0
	expect_status 3
	expect_message 'no answer'
}

@test "the API's address: https, or http to a loopback address" {
	provider_start
	for url in http://example.test https://user@127.0.0.1/ 'https://127.0.0.1/?x=y' ftp://127.0.0.1 127.0.0.1 ''; do
		next_run
		status=0
		VERCEL_TOKEN=$TOKEN "$STAUNCH" keys list --api-url "$url" >"$OUT" 2>"$ERR" 3>&- || status=$?
		expect_status 2
		expect_message '--api-url: cannot use the url'
	done
}

# ---- create ----

@test "create: the key on standard output alone, what it is on standard error" {
	provider_start
	made --name 'ci key' --project prj_x --expires 90d --budget 12.50 --refresh none
	expect_new_key "$OUT"
	[ "$new" = "$made" ]
	expect_message "created $id 'ci key' (…${made: -6}, project prj_x, expires 20"
	expect_message ', budget $12.5)'
	expect_listed '["ci key","prj_x",{"limit":12.5,"byok":false,"refresh":"none"}]' \
		'.[0] | [.name, .projectId, {limit: .quota.limitAmount, byok: .quota.includeByokInQuota, refresh: .quota.refreshPeriod}]'
	days=$((($(listed '.[0].expiresAt') / 1000 - $(date +%s)) / 86400))
	[ "$days" = 89 ] || [ "$days" = 90 ]
	made
	expect_listed '[null,null,null,false]' '.[1] | [.name, .projectId, .expiresAt, has("quota")]'
	keys create -q
	expect_status 0
	[ ! -s "$ERR" ]
	[ "$(wc -l <"$OUT")" = 1 ]
}

@test "create: what cannot be is refused before anything is sent" {
	provider_start
	refused() {
		local text=$1
		shift
		keys create "$@"
		expect_status 2
		expect_message "$text"
		[ ! -s "$OUT" ]
	}
	for when in 0d 90 d 90m 1.5d -1d 2027-02-31 2001-01-01 2027-1-1x tomorrow '' 9999999d 2099-01-01T99:00:00Z; do refused "--expires '$when'" --expires "$when"; done
	for amount in 0 -5 x 1e3 5. .5 '' 5,0 nan inf 99999999999; do refused "--budget '$amount'" --budget "$amount"; done
	refused "--refresh 'hourly': want daily, weekly, monthly or none" --budget 5 --refresh hourly
	refused '--refresh goes with --budget' --refresh daily
	refused '--include-byok goes with --budget' --include-byok
	refused '--name: want 1 to 256 bytes' --name ''
	refused '--name: want 1 to 256 bytes' --name $'a\nb'
	refused '--name: want 1 to 256 bytes' --name $'a\xff'
	refused '--name: want 1 to 256 bytes' --name "$(printf '%0257d' 0)"
	refused '--name: that looks like a key' --name "$(new_key)"
	refused "--project 'a/b'" --project a/b
	refused '--yes means nothing to keys create' --yes
	refused '--format means nothing to keys create' -f json
	refused "keys create takes no arguments, and 'x' is one" x
	expect_requests ''
}

@test "create: a standard output that is closed or unread is noticed before a key is made" {
	provider_start
	next_run
	status=0
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys create --api-url "$URL" >&- 2>"$ERR" 3>&- || status=$?
	[ "$status" = 2 ]
	expect_message 'standard output is closed'
	mkfifo pipe
	exec 8<>pipe 9>pipe 8>&- # a pipe that nobody reads any more
	status=0
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys create --api-url "$URL" >&9 2>"$ERR" 3>&- || status=$?
	exec 9>&-
	[ "$status" = 2 ]
	expect_message 'nobody reads standard output'
	expect_requests ''
}

@test "create: a full disk costs the key, and its id is told" {
	provider_start
	next_run
	status=0
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys create --api-url "$URL" --team team_a >/dev/full 2>"$ERR" 3>&- || status=$?
	[ "$status" = 3 ]
	id=$(listed '.[0].id')
	expect_message 'the new key is lost: standard output did not take it: No space left on device'
	expect_message "  staunch keys delete $id"
}

@test "create: not repeated when a key may have been made, and told how to look" {
	provider_start
	for fault in '"raw":""' '"reset":true' '"status":500' '"status":502' '"status":503' '"status":504' '"status":200,"close_midway":true' '"raw":"HTTP/1.1 200 OK\r\nA: b\r\n"' \
		'"status":200,"body":"{}"' '"status":200,"body":"rubbish"' '"status":200,"body":"{\"apiKey\":{\"id\":\"k\"}}"' '"status":302,"redirect":"http://127.0.0.1:1/"'; do
		provider_reset
		faults "[{\"on\":\"POST /v1/api-keys\",\"after\":true,$fault}]"
		keys create --name mine
		expect_status 3
		[ ! -s "$OUT" ]
		expect_message "a key may have been made all the same"
		expect_message "called 'mine'"
		expect_requests 'POST /v1/api-keys'
		expect_listed 1 length
	done
	provider_reset
	faults '[{"on":"POST /v1/api-keys","delay_ms":2500}]'
	keys create --timeout 1
	expect_status 3
	expect_message 'a key may have been made all the same'
	expect_requests 'POST /v1/api-keys'
}

@test "create: repeated where none can have been made, and refusals told" {
	provider_start
	faults '[{"on":"POST /v1/api-keys","status":429,"retry_after":"1"},{"on":"POST /v1/api-keys","status":429}]'
	keys create
	expect_status 0
	expect_requests 'POST /v1/api-keys, POST /v1/api-keys, POST /v1/api-keys'
	expect_listed 1 length
	provider_reset
	for code in 400 401 403 409 410; do
		faults "[{\"on\":\"POST /v1/api-keys\",\"status\":$code,\"body\":\"{\\\"error\\\":{\\\"code\\\":\\\"c$code\\\",\\\"message\\\":\\\"words\\\"}}\"}]"
		keys create
		expect_status 3
		expect_message "HTTP $code c$code: words"
		refute grep -q 'may have been made' "$ERR"
		[ ! -s "$OUT" ]
	done
	URL=http://127.0.0.1:1
	keys create --retries 0
	expect_status 3
	refute grep -q 'may have been made' "$ERR"
}

@test "a dry run makes, deletes and rotates nothing" {
	provider_start
	made --name one
	forget_requests
	DRY_RUN=1 keys create --name two
	expect_status 1
	DRY_RUN=1 keys delete "$id" --yes
	expect_status 1
	expect_message "to be deleted: $id"
	DRY_RUN=1 rotate "$made"
	expect_status 1
	expect_message "$(shortened "$made")  certain  $id"
	expect_message 'nothing was reported, created or deleted'
	expect_new_requests 'GET /v1/api-keys/ID, GET /v1/api-keys'
	[ "$(gateway_status "$made")" = 200 ]
}

# ---- delete ----

@test "delete: several, with --yes; one that is not there is told, and the others go" {
	provider_start
	made --name one; one=$made one_id=$id
	made --name two; two_id=$id
	made --name three
	keys delete "$one_id" key_nosuch "$two_id" "$one_id" --yes
	expect_status 3
	expect_message "deleted $one_id"
	expect_message "cannot delete key_nosuch: there is no such key (HTTP 404 not_found: API key not found)"
	expect_message "deleted $two_id"
	expect_listed '["three"]' 'map(.name)'
	[ "$(gateway_status "$one")" = 401 ]
	TEAM=team_b
	keys delete "$id" --yes
	expect_status 3
	TEAM=team_a
	expect_listed '["three"]' 'map(.name)'
}

@test "delete: nobody there to answer, wrong ids, a key in place of an id" {
	provider_start
	made
	forget_requests
	keys delete "$id" </dev/null
	expect_status 2
	expect_message 'keys delete asks first, and nobody is there to answer: give --yes'
	keys delete --yes
	expect_status 2
	expect_message 'keys delete wants the ids of keys'
	keys delete --yes ../../v9/projects
	expect_status 2
	expect_message 'is no id of a key'
	keys delete --yes "$made"
	expect_status 2
	expect_message 'argument 1 is a key itself'
	expect_new_requests ''
}

@test "delete: an answer that got lost does not make it a failure" {
	provider_start
	made
	faults '[{"on":"DELETE /v1/api-keys/*","after":true,"raw":""}]'
	keys delete "$id" --yes
	expect_status 0
	expect_message "deleted $id"
	expect_listed 0 length
}

# on_a_terminal ANSWERS VERB ARG...: keys with a terminal for everything; standard output goes to $OUT through a file. A key is typed once it
# is asked for: what comes earlier, the terminal shows by itself
on_a_terminal() {
	local answers=$1 verb=$2 line
	shift
	next_run
	printf -v line '%q ' "$STAUNCH" keys "$@" --api-url "$URL" --team team_a
	status=0
	{ [ "$verb" != rotate ] || wait_for grep -q 'it is not shown' "$ERR"; printf '%s' "$answers"; } | STAUNCH_DRY_RUN= VERCEL_TOKEN=$TOKEN TERM=xterm script -qec "$line >$T/terminal.out" /dev/null >"$ERR" 2>&1 3>&- || status=$?
	mv "$T/terminal.out" "$OUT"
	remember
}

@test "delete and rotate on a terminal: only a clear yes is one" {
	provider_start
	made --name 'the name'
	for answer in $'\n' $'n\n' $'maybe\n' $'yy\n'; do
		on_a_terminal "$answer" delete "$id"
		expect_status 1
		expect_message "to be deleted: $id 'the name'"
		expect_listed 1 length
		on_a_terminal "$made"$'\n'"$answer" rotate --endpoint "$AT"
		expect_status 1
		expect_message 'To be rotated:'
		expect_sent
	done
	on_a_terminal "$made"$'\n'$'y\n' rotate --endpoint "$AT"
	expect_status 0
	expect_new_key "$OUT"
	expect_nowhere "${made:20:20}" "$ERR" # typed, and not shown
	[ "$(gateway_status "$made")" = 401 ]
	id=$(listed '.[1].id')
	on_a_terminal $'yes\n' delete "$id"
	expect_status 0
	expect_listed 1 length
}

# ---- rotate ----

@test "rotate: reported, seen to be gone, successor alike, handed to standard output" {
	provider_start
	made --name 'ci key' --project prj_x --expires 90d --budget 50 --refresh weekly --include-byok
	old=$(listed '.[0]')
	forget_requests
	rotate "$made"
	expect_status 0
	expect_new_requests 'GET /v1/api-keys, POST /external/compromised_secret, GET /v1/api-keys/ID, POST /v1/api-keys'
	expect_sent "$made"
	expect_new_key "$OUT"
	[ "$(gateway_status "$made")" = 401 ]
	same='[.name, .projectId, .expiresAt, .quota.limitAmount, .quota.refreshPeriod, .quota.includeByokInQuota]'
	[ "$(listed ".[1] | $same")" = "$(jq -c "$same" <<<"$old")" ]
	expect_message "rotated: the successor is $(listed '.[1].id') 'ci key'"
	# once more: nothing is left to do
	forget_requests
	rotate "$made"
	expect_status 0
	expect_message "rotated before, and nothing is left to do: its successor is $(listed '.[1].id')"
	[ ! -s "$OUT" ]
	expect_new_requests ''
}

@test "rotate: thresholds and metadata go to the successor" {
	provider_start
	old=$(ask '/v1/api-keys?teamId=team_a' -H 'Authorization: Bearer x' --data '{"purpose":"ai-gateway","name":"n","metadata":{"environment":"ci","spendAttribution":"team"},
		"aiGatewayQuota":{"limitAmount":9653.02,"alertThresholds":[50,100]}}' | jq -r .apiKeyString | tee -a "$STAUNCH_TEST_OUTPUT/../keys")
	rotate "$old" --expires 30d
	expect_status 0
	expect_listed '[9653.02,[50,100],{"environment":"ci","spendAttribution":"team"}]' '.[1] | [.quota.limitAmount, .quota.alertThresholds, .metadata]'
	expect_listed true '.[1].expiresAt > 0'
}

@test "rotate: a provider that lists a reported key no more" {
	provider_start
	settings '{"reported":"vanishes"}'
	made --name v --project prj_v
	rotate "$made"
	expect_status 0
	expect_new_key "$OUT"
	expect_listed '[["v","prj_v"]]' 'map([.name, .projectId])'
}

@test "rotate: to a command's standard input; its status counts, and that it read the key" {
	provider_start
	made --name c
	rotate "$made" --to-command 'cat >taken; env >environment; ls /proc/self/fd >descriptors; tr "\0" " " </proc/$PPID/cmdline >cmdline'
	expect_status 0
	[ ! -s "$OUT" ]
	expect_new_key taken
	expect_nowhere "$new" environment cmdline "$ERR"
	[ "$(tr '\n' ' ' <descriptors)" = '0 1 2 3 ' ] # 3: ls itself, which reads the folder
	for command in 'exit 0' 'exec <&-' 'cat >/dev/null; exit 7' 'cat >/dev/null; kill -9 $$' 'no-such-command' 'head -c 10 >/dev/null'; do
		made --name "$command"
		rotate "$made" --to-command "$command"
		expect_status 3
		expect_message 'the successor was created and could not be handed over: the command'
		expect_message 'not handed over: key_'
		expect_listed 2 "map(select(.name == \"$command\")) | length"
		lost=$(listed "map(select(.name == \"$command\")) | .[1].id")
		# the second run deletes what nobody has, and makes another
		rotate "$made" --to-command 'cat >taken'
		expect_status 0
		expect_message "deleted what an earlier run had made: $lost"
		expect_new_key taken
		expect_listed 2 "map(select(.name == \"$command\")) | length"
		expect_listed 0 "map(select(.id == \"$lost\")) | length"
	done
	expect_reports 1 'map(.fingerprint) | group_by(.) | map(length) | max'
}

@test "rotate: a full disk in the place of standard output, and then again" {
	provider_start
	made
	printf '%s\n' "$made" >leaked
	next_run
	status=0
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys rotate --yes --endpoint "$AT" --api-url "$URL" --team team_a <leaked >/dev/full 2>"$ERR" 3>&- || status=$?
	[ "$status" = 3 ]
	expect_message 'standard output did not take it: No space left on device'
	rotate "$made"
	expect_status 0
	expect_new_key "$OUT"
	expect_listed 2 length
	expect_sent "$made"
}

# kill_rotation: start a rotation of $made, kill it once the command $* succeeds
kill_rotation() {
	printf '%s\n' "$made" >leaked
	next_run
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys rotate --yes --endpoint "$AT" --api-url "$URL" --team team_a <leaked >"$OUT" 2>"$ERR" 3>&- &
	process=$!
	wait_for "$@"
	kill -9 "$process"
	wait "$process" || true
	[ ! -s "$OUT" ]
}

asked_for() { [ "$(ask /_control/requests | jq -r ".[$REQUESTS_BEFORE:] | map(.method + \" \" + .path) | index(\"$1\") != null")" = true ]; }

@test "rotate: killed at every step, finished by a second run, with one report and one living successor" {
	provider_start
	for reported in marked vanishes; do
		settings "{\"reported\":\"$reported\"}"
		for step in 'GET /v1/api-keys' 'POST /external/compromised_secret' 'GET /v1/api-keys/*' 'POST /v1/api-keys'; do
			made --name "$reported $step"
			path=${step/\*/$id}
			faults "[{\"on\":\"$path\",\"after\":true,\"status\":200,\"drip\":true}]"
			forget_requests
			kill_rotation asked_for "$path"
			sleep 0.1
			rotate "$made"
			expect_status 0
			expect_new_key "$OUT"
			[ "$(gateway_status "$made")" = 401 ]
			expect_listed 1 "map(select(.name == \"$reported $step\" and .activeAt != null)) | length"
			if [ "$step" = 'POST /v1/api-keys' ]; then
				expect_message 'perhaps made in vain by an earlier run, and never used: key_'
				expect_message '  staunch keys delete key_'
			fi
			if [ "$step" != 'POST /external/compromised_secret' ]; then expect_reports 1 "map(select(.fingerprint == \"$(fingerprint "$made" | cut -d: -f2)\")) | length"; fi
		done
	done
}

@test "rotate: killed while the key is handed over" {
	provider_start
	made --name k
	status=0
	rotate "$made" --to-command 'kill -9 $PPID; cat >/dev/null'
	[ "$status" = 137 ]
	lost=$(listed '.[1].id')
	rotate "$made"
	expect_status 0
	expect_message "deleted what an earlier run had made: $lost"
	expect_new_key "$OUT"
	expect_listed 2 length
}

@test "rotate: a successor that is in use is not touched, whatever the earlier run said" {
	provider_start
	made --name u
	rotate "$made" --to-command 'cat >taken; exit 1'
	expect_status 3
	expect_new_key taken # which uses it
	rotate "$made"
	expect_status 0
	expect_message 'rotated before: its successor is in use: key_'
	[ ! -s "$OUT" ]
	[ "$(gateway_status "$new")" = 200 ]
	expect_listed 2 length
}

@test "rotate: without the record, a person decides about a key that looks like a successor" {
	provider_start
	made --name w
	rotate "$made" --to-command 'cat >/dev/null; exit 1'
	expect_status 3
	lost=$(listed '.[1].id')
	rm -r state
	rotate "$made"
	expect_status 3
	expect_message "perhaps a successor already, never used so far: $lost"
	expect_message "  staunch keys delete $lost"
	expect_listed 2 length
	on_a_terminal "$made"$'\ny\ny\n' rotate --endpoint "$AT"
	expect_status 0
	expect_new_key "$OUT"
	expect_listed 0 "map(select(.id == \"$lost\")) | length"
	# and when it is in use (expect_new_key has used it), nothing is left to do
	rm -r state
	forget_requests
	rotate "$made"
	expect_status 0
	expect_message 'its successor is in use'
	expect_new_requests 'GET /v1/api-keys'
	expect_sent "$made"
}

@test "rotate: no match, or more than one: nothing is sent" {
	provider_start
	made --name one
	forget_requests
	rotate "$(new_key)"
	expect_status 3
	expect_message "none of the team's 1 keys ends like the leaked one"
	key=$(new_key)
	for tail in "${key: -6}" "${key: -3}"; do
		jq -nc --arg tail "$tail" '[{on: "GET /v1/api-keys", status: 200, body: ({apiKeys: [{id: "k1", partialKey: $tail}, {id: "k2", partialKey: $tail[-3:]}]} | tojson)}]' >fault
		faults @fault
		rotate "$key"
		expect_status 3
		expect_message "2 of the team's keys end like the leaked one"
		expect_message 'ends like the leaked one: k2 (…'
	done
	# too short a tail is none
	jq -nc --arg tail "${key: -2}" '[{on: "GET /v1/api-keys", status: 200, body: ({apiKeys: [{id: "k1", partialKey: $tail}, {id: "k2", partialKey: ""}, {id: "k3"}]} | tojson)}]' >fault
	faults @fault
	rotate "$key"
	expect_status 3
	expect_message "none of the team's 3 keys ends"
	expect_new_requests 'GET /v1/api-keys, GET /v1/api-keys, GET /v1/api-keys, GET /v1/api-keys'
	[ ! -s "$OUT" ]
}

@test "rotate: a key that ends alike by chance is not touched, and no successor is made for it" {
	provider_start
	settings '{"partial_length":3}'
	made --name innocent
	key=$(new_key)
	# the provider's list says that the innocent one ends like the leaked one
	listed . | jq -c --arg tail "${key: -3}" '[{on: "GET /v1/api-keys", status: 200, body: ({apiKeys: (.[0].partialKey = $tail)} | tojson)}]' >fault
	faults @fault
	rotate "$key"
	expect_status 3
	expect_message 'the provider took the report and does not show the key as leaked so far, so no successor was created'
	expect_message "  staunch keys delete $id"
	[ "$(gateway_status "$made")" = 200 ]
	expect_listed 1 length
}

@test "rotate: a provider that does not show the key as leaked: one report, and no successor before it does" {
	provider_start
	settings '{"reported":"stays"}'
	made
	for run in 1 2; do
		rotate "$made"
		expect_status 3
		expect_message 'does not show the key as leaked so far'
		expect_message "  staunch keys delete $id"
		expect_listed 1 length
	done
	expect_sent "$made"
	keys delete "$id" --yes
	rotate "$made"
	expect_status 0
	expect_new_key "$OUT"
	expect_sent "$made"
}

@test "rotate: a report that is not taken stops it, and a second run sends it" {
	provider_start
	made
	forget_requests
	faults '[{"status":403,"body":"no"},{"status":503,"times":2}]'
	rotate "$made"
	expect_status 3
	expect_message 'the report is rejected: HTTP 403: no; no successor was created'
	rotate "$made" --retries 1
	expect_status 3
	expect_message 'the report is pending: HTTP 503'
	expect_listed 1 length
	rotate "$made"
	expect_status 0
	expect_new_key "$OUT"
	expect_listed 2 length
}

@test "rotate: the provider fails at each call, and a second run finishes" {
	provider_start
	for call in 'GET /v1/api-keys' 'GET /v1/api-keys/*' 'POST /v1/api-keys'; do
		for fault in '"status":403' '"status":500' '"status":429,"retry_after":"86400"' '"garbage":true' '"status":200,"body":"rubbish"'; do
			made --name "$call $fault"
			faults "[{\"on\":\"$call\",$fault}]"
			rotate "$made" --retries 0
			expect_status 3
			[ ! -s "$OUT" ]
			rotate "$made"
			expect_status 0
			expect_new_key "$OUT"
			expect_reports 1 "map(select(.fingerprint == \"$(fingerprint "$made" | cut -d: -f2)\")) | length"
		done
	done
}

@test "rotate: what is no key, two keys, none, a test dummy" {
	provider_start
	refused() {
		printf '%s' "$1" >in
		keys rotate --yes --endpoint "$AT" <in
		expect_status 2
		expect_message "$2"
	}
	refused '' 'and there is nothing'
	refused $'\n \n' 'and there is nothing'
	refused "$(new_key 2)" 'and there is more than one line'
	refused 'hello' 'is no Vercel AI Gateway key'
	refused "$(new_key --loose)" 'is no Vercel AI Gateway key'
	refused "$(printf '%05000d' 0)" 'the line is too long'
	printf '%s\n' "$(new_key)" >in
	keys rotate --endpoint "$AT" <in
	expect_status 2
	expect_message 'keys rotate asks first, and nobody is there to answer: give --yes'
	keys rotate --yes --disable vercel-ai-gateway-key <in
	expect_status 2
	expect_message "needs the rule 'vercel-ai-gateway-key', which is switched off"
	keys rotate --yes --endpoint nosuch=http://127.0.0.1:1/ <in
	expect_status 2
	keys rotate --yes --to-command '' <in
	expect_status 2
	expect_message '--to-command is empty'
	expect_requests ''
	# blanks round it and blank lines are none of it
	made
	printf '\n  %s \r\n\n' "$made" >in
	keys rotate --yes --endpoint "$AT" <in
	expect_status 0
}

@test "rotate: a key that has expired wants another expiry for its successor" {
	provider_start
	made --expires 1h
	listed . | jq -c '[{on: "GET /v1/api-keys", status: 200, times: 2, body: ({apiKeys: (.[0].expiresAt = 1000)} | tojson)}]' >fault
	faults @fault
	forget_requests
	rotate "$made"
	expect_status 2
	expect_message 'say with --expires until when'
	rotate "$made" --expires 30d
	expect_status 0
	expect_listed true '.[1].expiresAt > 0'
}

@test "rotate: a record that cannot be kept, or read, stops it before anything is sent" {
	provider_start
	made
	forget_requests
	: >state
	rotate "$made"
	expect_status 3
	expect_message 'cannot make the folder'
	rm state
	mkdir -p state/staunch/rotations
	printf '{"schema":"staunch-rotation/9"}' >"state/staunch/rotations/$(fingerprint "$made" | cut -d: -f2).json"
	rotate "$made"
	expect_status 3
	expect_message 'is not a record of a rotation that this staunch can read'
	expect_new_requests ''
	rm state/staunch/rotations/*
	without_privileges
	chmod 500 state/staunch/rotations
	rotate "$made"
	expect_status 3
	expect_message 'cannot write the record of the rotation'
	expect_sent
	chmod 700 state/staunch/rotations
	rotate "$made"
	expect_status 0
	[ "$(stat -c %a state/staunch/rotations/*.json)" = 600 ]
	expect_nowhere "$made" state/staunch/rotations/*.json
	expect_nowhere "$(<"$OUT")" state/staunch/rotations/*.json
}

@test "rotate: a report is a report: claimed, recorded, and not made when another run made it" {
	provider_start
	made --name one
	rotate "$made" --ledger "$T/ledger.db"
	expect_status 0
	[ "$("$STAUNCH" ledger list --ledger "$T/ledger.db" -f json | jq -c '.records | map([.state, .sources, (.attempts | length)])')" = '[["accepted",[{"kind":"stdin","path":null}],1]]' ]
	[ ! -e "$XDG_STATE_HOME/staunch/ledger.db" ]
	# reported by a scan, and not shown as leaked so far
	made --name two
	settings '{"reported":"stays"}'
	printf '%s\n' "$made" >file
	staunch_sending dir file --yes --endpoint "$AT"
	expect_status 1
	forget_requests
	rotate "$made"
	expect_status 3
	expect_message 'reported to Vercel by another run: accepted (HTTP 200)'
	expect_new_requests 'GET /v1/api-keys, GET /v1/api-keys/ID, GET /v1/api-keys/ID, GET /v1/api-keys/ID, GET /v1/api-keys/ID, GET /v1/api-keys/ID'
	rm -r "$XDG_STATE_HOME"
	rotate "$made" --no-ledger
	expect_message 'reported to Vercel: accepted (HTTP 200)'
	[ ! -e "$XDG_STATE_HOME/staunch/ledger.db" ]
	# no claim, no report
	settings '{"reported":"marked"}'
	rm -r "$XDG_STATE_HOME"
	mkdir -p "$XDG_STATE_HOME/staunch"
	echo 'not a ledger, and long enough to be seen to be none: what stands here is no header of SQLite, whatever it is' >"$XDG_STATE_HOME/staunch/ledger.db"
	made --name three
	forget_requests
	rotate "$made"
	expect_status 3
	expect_message 'nothing was sent. --ledger names another, --no-ledger goes without'
	expect_message 'the report is pending: the ledger'
	expect_new_requests 'GET /v1/api-keys'
	[ "$(gateway_status "$made")" = 200 ]
	keys list --ledger x
	expect_status 2
	expect_message '--ledger means nothing to keys list'
}

@test "rotate: a scan at the same time has claimed it: one report" {
	provider_start
	made
	printf '%s\n' "$made" >file
	forget_requests
	faults '[{"delay_ms":1500}]'
	next_run
	STAUNCH_DRY_RUN= "$STAUNCH" dir file --yes --endpoint "$AT" >"$OUT" 2>"$ERR" 3>&- &
	process=$!
	wait_for asked_for 'POST /external/compromised_secret'
	rotate "$made"
	expect_status 0
	expect_message 'reported to Vercel by another run: accepted'
	wait "$process" || [ $? = 1 ]
	expect_sent "$made"
}

@test "rotate: two at once: one does it, the other says that it waits for its end" {
	provider_start
	made
	printf '%s\n' "$made" >leaked
	faults '[{"delay_ms":1500}]'
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys rotate --yes --endpoint "$AT" --api-url "$URL" --team team_a <leaked >first 2>first.err 3>&- &
	wait_for asked "POST /external/compromised_secret"
	rotate "$made"
	expect_status 3
	expect_message 'another rotation is under way'
	wait $!
	expect_new_key first
	expect_listed 2 length
	expect_sent "$made"
}
asked() { [ "$(ask /_control/requests | jq -r "map(.method + \" \" + .path) | index(\"$1\") != null")" = true ]; }

@test "interrupted: exit code 130, and a second run goes on" {
	provider_start
	made
	printf '%s\n' "$made" >leaked
	faults '[{"on":"GET /v1/api-keys/*","delay_ms":60000}]'
	next_run
	VERCEL_TOKEN=$TOKEN "$STAUNCH" keys rotate --yes --endpoint "$AT" --api-url "$URL" --team team_a <leaked >"$OUT" 2>"$ERR" 3>&- &
	process=$!
	wait_for asked "GET /v1/api-keys/$id"
	kill -TERM "$process"
	status=0
	wait "$process" || status=$?
	[ "$status" = 130 ]
	expect_message interrupted
	rotate "$made"
	expect_status 0
	expect_new_key "$OUT"
	expect_sent "$made"
}
