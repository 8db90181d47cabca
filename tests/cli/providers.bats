#!/usr/bin/env bats
# Goal: the other providers' rules do what their documentation says and no more; a key that has to be used is used only where
# the user wants that; and what --verify says of a key is so.

load helpers
load provider
EACH_RUN_IS_THE_FIRST=1 # what is looked at is how keys are sent, not which ones were before

# with RULE PATH [VERIFY-PATH]: the options that send a rule's reports (and questions) to the emulator, in WITH
with() {
	WITH=(--yes --enable "$1" --endpoint "$1=$URL$2")
	[ $# -lt 3 ] || WITH+=(--verify --verify-endpoint "$1=$URL$3")
}

# arrived PATH FILTER: jq on the requests that arrived there
arrived() {
	ask /_control/requests | jq -rc "map(select(.path == \"$1\")) | $2"
}

# reported KEY PATH: a request about this key arrived there, once
reported() {
	[ "$(arrived "$2" 'map(.fingerprints[]) | map("sha256:" + .) | .[]')" = "$(fingerprint "$1")" ]
}

# ---- off by default ----

@test "the other rules are off: their keys are neither found nor sent" {
	local form
	for form in ghp gho ghr github_pat hf openai glpat xoxb vcp; do new_key --like $form; done >keys
	staunch dir keys -f json
	expect_status 0
	expect '.findings' '[]'
	staunch dir keys -f json --enable github --enable huggingface --enable openai --enable gitlab --enable slack --enable vercel
	expect_status 1
	expect '.findings | length' 9
	staunch dir keys -f json --enable github
	expect '[.findings[].provider] | unique' '["github"]'
	expect '.findings | length' 4
}

@test "every rule: each names its source, has examples of both kinds, and sends to its provider alone" {
	local file
	for file in "$BATS_TEST_DIRNAME"/../../rules/*.json; do
		jq -e '.rules | all(.source and (.examples.match | length > 0) and (.examples.no_match | length > 0))' "$file" >/dev/null
		jq -e '.rules | map(select(.id != "vercel-ai-gateway-key")) | all(.default == false)' "$file" >/dev/null
		# a key in an URL stands in the logs of everything on its way
		refute grep -q '"url": .*{{' "$file"
	done
	[ "$(jq -r '.rules[] | .revoke.url, .verify.url // empty' "$BATS_TEST_DIRNAME"/../../rules/*.json | cut -d/ -f3 | sort -u | paste -sd' ')" = \
		'ai-gateway.vercel.sh api.github.com api.openai.com api.vercel.com gitlab.com huggingface.co slack.com' ]
}

# ---- reports ----

@test "Hugging Face: a report takes all of them; --verify asks who it is" {
	local path=/huggingface/api/credentials/revoke
	provider_start
	new_key --like hf 3 >keys
	with huggingface-access-token $path /huggingface/api/whoami-v2
	staunch_sending dir keys "${WITH[@]}" -f json
	expect_status 1
	expect '[.findings[].revocation | [.state, .http_status, .attempts, .verified]] | unique' '[["accepted",202,1,"dead"]]'
	[ "$(arrived $path '[length, (.[0].fingerprints | length), .[0].authorization]')" = '[1,3,false]' ]
	[ "$(arrived /huggingface/api/whoami-v2 'map(.authorization) | [length, all]')" = '[3,true]' ]
}

@test "OpenAI: submitted, and no more than that is said" {
	local key path=/openai/external/compromised_secret
	provider_start
	key=$(new_key --like openai)
	printf '%s\n' "$key" >keys
	with openai-api-key $path
	staunch_sending dir keys "${WITH[@]}" -f human -f json:report.json
	expect_status 1
	reported "$key" $path
	expect_message 'reported to OpenAI: submitted (HTTP 200): what becomes of it is not documented' "$OUT"
	expect_message '1 key in 1 place: 1 submitted.' "$OUT"
	refute grep -qiE 'accepted|revoked|dead' "$OUT"
	expect '.findings[0].revocation | [.state, .meaning]' '["accepted","submitted"]' report.json
	with openai-api-key $path /openai/v1/models
	staunch_sending dir keys "${WITH[@]}"
	expect_status 1
	expect_message 'submitted (HTTP 200), and the key is dead' "$OUT"
}

# ---- keys that revoke themselves ----

# each line: form, rule, path, HTTP status when it is done, header that carries the key
SELF='glpat gitlab-personal-access-token /gitlab/api/v4/personal_access_tokens/self DELETE 204
xoxb slack-token /slack/api/auth.revoke POST 200
vcp vercel-personal-token /vercel/v3/user/tokens/current DELETE 200'

@test "a key that revokes itself: only with --own-keys, and it is said how" {
	local form rule path method http key
	while read -r form rule path method http; do
		echo "# $rule"
		provider_start
		key=$(new_key --like $form)
		printf '%s\n' "$key" >keys
		with $rule $path
		staunch_sending dir keys "${WITH[@]}" -f json -f human:text
		expect_status 1
		expect '.findings[0].revocation | [.state, .message]' \
			'["none","not revoked: it would have to revoke itself, which needs --own-keys"]'
		expect_message 'not reported: it would have to revoke itself, which needs --own-keys' text
		expect_arrivals 0
		staunch_sending revoke "${WITH[@]}" -f json <keys
		expect_status 3
		expect_arrivals 0

		staunch_sending dir keys "${WITH[@]}" --own-keys --dry-run -f human
		expect_status 1
		expect_message 'would revoke itself at' "$OUT"
		expect_arrivals 0

		staunch_sending dir keys "${WITH[@]}" --own-keys -f json -f human:text
		expect_status 1
		expect '.findings[0].revocation | [.state, .http_status, .attempts]' "[\"accepted\",$http,1]"
		expect_message 'revoking itself at' text
		reported "$key" $path
		[ "$(arrived $path '.[0].method')" = $method ]
		provider_stop
	done <<<"$SELF"
}

@test "a key that revoked itself already: Slack says so, the others refuse it" {
	local form rule path method http
	while read -r form rule path method http; do
		provider_start
		new_key --like $form >keys
		with $rule $path
		staunch_sending dir keys "${WITH[@]}" --own-keys -f json
		staunch_sending dir keys "${WITH[@]}" --own-keys -f json
		case $form in
		xoxb) expect_status 1; expect '.findings[0].revocation.state' gone ;;
		*) expect_status 3; expect '.findings[0].revocation.state' rejected ;;
		esac
		provider_stop
	done <<<"$SELF"
}

@test "Slack answers HTTP 200 whatever happened: the body decides" {
	local body state code
	provider_start
	new_key --like xoxb >keys
	with slack-token /slack/api/auth.revoke
	while IFS='|' read -r body state code; do
		faults '[{"on":"POST /slack/api/auth.revoke","status":200,"body":"'"${body//\"/\\\"}"'"}]'
		staunch_sending dir keys "${WITH[@]}" --own-keys --retries 0 -f json
		expect_status $code
		expect '.findings[0].revocation.state' $state
	done <<-'END'
	{"ok":true,"revoked":true}|accepted|1
	{"ok":true,"revoked":false}|rejected|3
	{"ok":true}|rejected|3
	{"ok":false,"error":"invalid_auth"}|rejected|3
	{"ok":false,"error":"token_revoked"}|gone|1
	<html>a page of something on the way</html>|pending|3
	{"ok":true,"revo|pending|3
	END
	expect_nowhere "$(cut -c 20-39 keys)" "$OUT" "$ERR"
}

# ---- --verify ----

# verify ARG...: what stands in the file keys, asked about afterwards
verify() {
	staunch_sending dir keys --yes --endpoint "$AT" --verify --verify-endpoint "$RULE=$URL/v1/credits" -f json -f human:text "$@"
}
questions() { arrived /v1/credits length; }

@test "--verify: dead" {
	provider_start
	created_key >keys
	verify -v
	expect_status 1
	expect '.findings[0].revocation | [.state, .http_status, .verified]' '["accepted",200,"dead"]'
	expect_message 'reported to Vercel: accepted (HTTP 200), and the key is dead' text
	[ "$(questions)" = 1 ]
	[ "$(arrived /v1/credits '.[0] | [.method, .authorization]')" = '["GET",true]' ]
}

@test "--verify: a key that still works is exit code 3, said on standard error and in the report; what it may be told is nowhere" {
	local began=$EPOCHREALTIME
	provider_start
	created_key >keys
	faults '[{"status":200,"times":-1}]'
	verify -v
	expect_status 3
	expect '.findings[0].revocation | [.state, .verified]' '["accepted","alive"]'
	expect_message 'staunch: 1 of the keys that were reported still work' "$ERR"
	expect_message 'accepted (HTTP 200), but the key still works' text
	expect_message 'still working after the report' text
	# a few times, and not for ever
	[ "$(questions)" = 4 ]
	[ $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) -lt 20000 ]
	# the answer had a balance in it
	refute grep -rqE '95\.50|balance' "$OUT" "$ERR" text
}

@test "--verify: a provider that takes a moment" {
	provider_start
	created_key >keys
	faults '[{"on":"GET /v1/credits","status":200},{"on":"GET /v1/credits","status":503}]'
	verify
	expect_status 1
	expect '.findings[0].revocation.verified' dead
	[ "$(questions)" = 3 ]
}

@test "--verify: no answer that says so is unknown, and exit code 3" {
	provider_start
	created_key >keys
	faults '[{"on":"GET /v1/credits","status":403,"body":"{\"balance\":\"95.50\"}","times":-1}]'
	verify -v
	expect_status 3
	expect '.findings[0].revocation | [.state, .verified, .message]' '["accepted","unknown","HTTP 403"]'
	expect_message '; whether the key is dead is not known: HTTP 403' text
	refute grep -rqE '95\.50|balance' "$OUT" "$ERR" text
}

@test "--verify: what was rejected is not asked about, nor anything in a dry run, nor without it" {
	provider_start
	created_key >keys
	verify --dry-run
	expect_status 1
	expect_arrivals 0
	[ "$(questions)" = 0 ]
	faults '[{"status":400}]'
	verify
	expect_status 3
	expect '.findings[0].revocation | [.state, .verified]' '["rejected",null]'
	staunch_sending dir keys --yes --endpoint "$AT" -f json
	expect_status 1
	expect '.findings[0].revocation.verified' null
	[ "$(questions)" = 0 ]
	# gone is asked about: the provider may be wrong about that
	faults '[{"status":404}]'
	verify
	expect_status 1
	expect '.findings[0].revocation | [.state, .verified]' '["gone","dead"]'
}

@test "--verify-endpoint: as --endpoint, and only with --verify" {
	new_key >keys
	staunch dir keys --verify-endpoint "$RULE=http://127.0.0.1:9/"
	expect_status 2
	expect_message '--verify-endpoint means nothing without --verify'
	staunch dir keys --verify --verify-endpoint "$RULE=http://192.0.2.1/"
	expect_status 2
	expect_message "--verify-endpoint '$RULE=http://192.0.2.1/': cannot use the url"
	staunch dir keys --verify --verify-endpoint "nobody=http://127.0.0.1:9/"
	expect_status 2
	expect_message "there is no rule 'nobody'"
	staunch dir keys --endpoint github-oauth-token=http://127.0.0.1:9/
	expect_status 1
}

@test "SIGINT while a key is asked about: accepted, of unknown life, exit code 130" {
	provider_start
	created_key >keys
	faults '[{"on":"GET /v1/credits","delay_ms":20000}]'
	next_run
	STAUNCH_DRY_RUN= "$STAUNCH" dir keys --yes --endpoint "$AT" --verify --verify-endpoint "$RULE=$URL/v1/credits" -f json \
		>"$OUT" 2>"$ERR" 3>&- &
	process=$!
	wait_for asked
	kill -INT "$process"
	status=0
	wait "$process" || status=$?
	expect_status 130
	expect '.findings[0].revocation | [.state, .verified]' '["accepted","unknown"]'
}
asked() { [ "$(questions)" = 1 ]; }
