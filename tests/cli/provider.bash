# The provider of the tests: the emulator of tests/emulator, on a port of its own for each test that starts
# it. `load helpers` first.

RULE=vercel-ai-gateway-key

# provider_start [NAME]: start it, with https and the certificate $CERTIFICATES/NAME.pem when NAME is given.
# Sets URL (to it) and AT (the value of --endpoint that sends there). It ends with the test.
provider_start() {
	local port_file=$T/port.$RANDOM scheme=http tls=()
	[ $# -eq 0 ] || { scheme=https; tls=(--tls "$CERTIFICATES/$1.pem" "$CERTIFICATES/$1.key"); }
	"$EMULATOR" --port-file "$port_file" --lifetime 300 "${tls[@]}" >"$port_file.log" 2>&1 3>&- &
	PROVIDER_PROCESSES+=($!)
	wait_for test -s "$port_file"
	URL=$scheme://127.0.0.1:$(<"$port_file")
	AT=$RULE=$URL/external/compromised_secret
}

provider_stop() {
	local process
	for process in "${PROVIDER_PROCESSES[@]}"; do kill "$process" 2>/dev/null || true; done
	PROVIDER_PROCESSES=()
}

setup() { begin_test; }
teardown() { provider_stop; end_test; }

# wait_for COMMAND...: until it succeeds, at most 10 seconds
wait_for() {
	local turn
	for ((turn = 0; turn < 500; turn++)); do
		"$@" 2>/dev/null && return
		sleep 0.02
	done
	echo "waited in vain for: $*"
	return 1
}

# ask PATH [CURL-OPTION...]: the provider's answer
ask() {
	curl -sS --fail-with-body --cacert "$CERTIFICATES/ca.pem" "$URL$1" "${@:2}"
}

# provider_reset / faults JSON: forget everything, also what the default ledger remembers / what is to go wrong with
# the next reports
provider_reset() { ask /_control/reset -X POST >/dev/null; ledger_forget; }
ledger_forget() { rm -rf "$HOME/.local/state/staunch"; }
faults() { ask /_control/faults --data-binary "$1" >/dev/null; }

# created_key: a key made over the provider's API
created_key() {
	ask '/v1/api-keys?teamId=team_test' -H 'Authorization: Bearer token' --data '{"purpose":"ai-gateway"}' |
		jq -r .apiKeyString | tee -a "$STAUNCH_TEST_OUTPUT/../keys"
}

# gateway_status KEY: what the gateway answers to somebody who uses it
gateway_status() {
	printf 'Authorization: Bearer %s\n' "$1" |
		curl -sS -o /dev/null -w '%{http_code}' -H @- --cacert "$CERTIFICATES/ca.pem" "$URL/v1/credits"
}

# reports FILTER: jq on the list of the reports that arrived
reports() {
	ask /_control/requests | jq -rc "map(select(.path == \"/external/compromised_secret\")) | $1"
}

# expect_reports VALUE FILTER
expect_reports() {
	local got
	got=$(reports "$2")
	[ "$got" = "$1" ] && return
	printf 'the reports that arrived: %s\n  is   %s\n  want %s\n' "$2" "$got" "$1"
	echo "--- standard error"; head -c 8192 "$ERR"
	return 1
}

# expect_sent [KEY...]: a report of each of these arrived exactly once, and no other
expect_sent() {
	local key
	expect_reports "$(for key; do fingerprint "$key"; done | sort)" 'map("sha256:" + .fingerprint) | sort | .[]'
}

# expect_arrivals COUNT: so many requests arrived, whatever they asked for, beside the tests' own
expect_arrivals() {
	local got
	got=$(ask /_control/requests | jq 'map(select(.path | IN("/v1/api-keys", "/v1/credits") | not)) | length')
	[ "$got" -eq "$1" ] && return
	echo "$got requests arrived, not $1"
	return 1
}

# expect_message TEXT [FILE]: standard error (or FILE) holds it
expect_message() {
	grep -qF -- "$1" "${2:-$ERR}" && return
	printf 'no "%s" in:\n' "$1"
	head -c 8192 "${2:-$ERR}"
	return 1
}

# refute COMMAND...: it fails. (A test goes on after "! command", whatever becomes of it.)
refute() {
	if "$@"; then
		echo "this succeeded: $*"
		return 1
	fi
}

# expect_nowhere TEXT FILE...: none of the files holds it. It may be a part of a key, so it stands in no
# argument list.
expect_nowhere() {
	local text=$1
	shift
	if grep -F -f <(printf '%s\n' "$text") -c -- "$@" >"$T/holders"; then
		echo "here is what should be nowhere:"
		cat "$T/holders"
		return 1
	fi
}
