#!/usr/bin/env bats
# Goal: rules decide what is found and where it is told; a rule with a mistake in it stops everything before a
# byte is read, and no rule can make staunch hang.

load helpers
load provider

# rule_file ID [FILTER]: print a rule file for tokens "acme_" + 12 digits; FILTER is a jq program on its rule
rule_file() {
	jq -n --arg id "$1" '{
		schema: 1, provider: "acme", name: "Acme",
		rules: [ {
			id: $id, name: "Acme token", literals: ["acme_"], pattern: "(?<![a-z])acme_[0-9]{12}(?![0-9])",
			revoke: { kind: "report", method: "POST", url: "https://acme.example.test/report",
			          json: { secret: { api_key: "{{secret}}" } }, accepted: [200], gone: [404] },
			examples: { match: ["acme_271828182845"], no_match: ["acme_12345"] }
		} ]
	} | .rules[0] |= ('"${2:-.}"')'
}

# refused WHERE WHAT ARG...: staunch with these arguments ends with 2, says "WHERE: …WHAT…" and nothing else
refused() {
	local where=$1 what=$2
	shift 2
	staunch "$@"
	expect_status 2
	[ ! -s "$OUT" ]
	[ -n "$where" ]
	expect_message "staunch: $where: "
	expect_message "$what"
}

# ---- rules list, check, test ----

@test "rules list: the rules in force" {
	staunch rules list
	expect_status 0
	expect_message "$RULE" "$OUT"
	expect_message 'built-in:vercel.json' "$OUT"
	[ "$(grep -cE '^vercel-ai-gateway-key +yes +report +vercel +built-in:vercel.json$' "$OUT")" = 1 ]
	rule_file acme-token >acme.json
	staunch rules list --rules acme.json --disable vercel
	expect_status 0
	[ "$(grep -cE '^vercel-ai-gateway-key +no ' "$OUT")" = 1 ]
	[ "$(grep -cE '^acme-token +yes +report +acme +acme.json$' "$OUT")" = 1 ]
	rule_file acme-token '.default = false | del(.revoke)' >acme.json
	staunch rules list --rules acme.json
	[ "$(grep -cE '^acme-token +no +finds only +acme +acme.json$' "$OUT")" = 1 ]
}

@test "rules check and test: the built-in rules, and those of a file" {
	staunch rules check
	expect_status 0
	staunch rules test
	expect_status 0
	expect_message ' 0 not' "$OUT"
	staunch rules test "$BATS_TEST_DIRNAME/../../rules/vercel.json"
	expect_status 0
	rule_file acme-token >acme.json
	staunch rules check acme.json
	expect_status 0
	staunch rules test acme.json
	expect_status 0
	staunch rules burn
	expect_status 2
	staunch rules
	expect_status 2
	staunch rules check missing.json
	expect_status 2
	expect_message missing.json
}

# expect_sound COUNT: the last run's answer of rules check
expect_sound() {
	expect_status 0
	grep -qE "^$1 rules? (is|are) sound" "$OUT" || { cat "$OUT"; return 1; }
}

@test "rules check and test: --rules and operands together" {
	local built_in all
	staunch rules check
	built_in=$(grep -oE '^[0-9]+' "$OUT")
	[ "$built_in" -ge 1 ]
	staunch rules list
	all=$(($(wc -l <"$OUT") - 1))
	rule_file acme-token >acme.json
	rule_file other-token >other.json
	staunch rules check --rules acme.json
	expect_sound $((built_in + 1))
	staunch rules check --rules acme.json other.json
	expect_sound $((built_in + 2))
	staunch rules test --rules acme.json other.json
	expect_status 0
	expect_message "of $((all + 2)) rules" "$OUT"
	# a mistake in either is one
	rule_file bad-token '.pattern = "acme_[0-9"' >bad.json
	refused "$(at bad.json '"acme_[0-9"')" 'pattern does not compile' rules check --rules bad.json
	refused "$(at bad.json '"acme_[0-9"')" 'pattern does not compile' rules check --rules bad.json acme.json
	refused "$(at bad.json '"acme_[0-9"')" 'pattern does not compile' rules test --rules acme.json bad.json
	rule_file bad-token '.examples.match += ["acme_1"]' >bad.json
	staunch rules test --rules bad.json
	expect_status 2
	expect_message "rule 'bad-token': examples.match number 2"
}

@test "rules check: --enable and --disable, of operands too" {
	local built_in off
	staunch rules check
	built_in=$(grep -oE '^[0-9]+' "$OUT")
	off=$(grep -oE '[0-9]+ switched off' "$OUT" | grep -oE '^[0-9]+')
	rule_file acme-token '.default = false | .pattern = "acme_[0-9"' >acme.json
	staunch rules check acme.json
	expect_sound "$built_in"
	expect_message ", $((off + 1)) switched off" "$OUT"
	refused "$(at acme.json '"acme_[0-9"')" 'pattern does not compile' rules check acme.json --enable acme-token
	refused "$(at acme.json '"acme_[0-9"')" 'pattern does not compile' rules check --rules acme.json --enable acme
	rule_file acme-token '.pattern = "acme_[0-9"' >acme.json
	refused "$(at acme.json '"acme_[0-9"')" 'pattern does not compile' rules check acme.json
	staunch rules check acme.json --disable acme
	expect_sound "$built_in"
	staunch rules check acme.json --disable nobody
	expect_status 2
	expect_message "--disable 'nobody': there is no such rule or provider"
	# test tries them all
	refused "$(at acme.json '"acme_[0-9"')" 'pattern does not compile' rules test acme.json --disable acme
}

@test "rules test: an example that does not do what it should, told by its number and not shown" {
	rule_file acme-token '.examples.match += ["see acme_14142135623"]' >acme.json
	staunch rules test acme.json
	expect_status 2
	expect_message "rule 'acme-token': examples.match number 2 is not found"
	expect_nowhere 14142135623 "$OUT" "$ERR"
	rule_file acme-token '.examples.no_match += ["acme_173205080756"]' >acme.json
	staunch rules test acme.json
	expect_status 2
	expect_message "rule 'acme-token': examples.no_match number 2 is found"
	expect_nowhere 173205080756 "$OUT" "$ERR"
	expect_message ' 1 not' "$OUT"
}

# ---- more rules ----

@test "--rules: a file or a folder beside the built-in rules" {
	local key
	key=$(new_key)
	printf '%s\nacme_314159265358\n' "$key" >file
	scan_json dir file
	expect '[.findings[].rule]' "[\"$RULE\"]"
	mkdir more
	rule_file acme-token >more/acme.json
	echo 'not a rule file' >more/README
	scan_json dir file --rules more/acme.json
	expect_status 1
	expect '.findings[0] | [.rule, .provider, .confidence, .secret]' \
		"[\"$RULE\",\"vercel\",\"certain\",\"$(shortened "$key")\"]"
	expect '.findings[1] | [.rule, .provider, .confidence, .secret]' \
		'["acme-token","acme","likely","acme_314…358"]'
	expect '.findings | length' 2
	cp "$OUT" first
	scan_json dir file --rules more
	same_but_times first "$OUT"
	staunch dir file --rules missing
	expect_status 2
	mkdir empty
	staunch dir file --rules empty
	expect_status 2
}

@test "--rules: a rule with a known id takes the place of the known one" {
	new_key >file
	echo acme_314159265358 >>file
	rule_file "$RULE" >acme.json
	scan_json dir file --rules acme.json
	expect_status 1
	expect '[.findings[] | .rule, .provider]' "[\"$RULE\",\"acme\"]"
}

@test "rules that lie in what is scanned are not used" {
	mkdir -p tree/rules tree/.staunch
	rule_file acme-token | tee tree/rules/acme.json tree/.staunch/acme.json >tree/acme.json
	echo acme_314159265358 >tree/file
	cd tree
	scan_json dir .
	expect_status 0
	expect '.findings' '[]'
}

@test "--enable and --disable: rules and providers, and only known ones" {
	new_key >file
	echo acme_314159265358 >>file
	rule_file acme-token '.default = false' >acme.json
	scan_json dir file --rules acme.json
	expect '[.findings[].rule]' "[\"$RULE\"]"
	scan_json dir file --rules acme.json --enable acme-token
	expect '[.findings[].rule] | sort' "[\"acme-token\",\"$RULE\"]"
	scan_json dir file --rules acme.json --enable acme --disable vercel
	expect '[.findings[].rule]' '["acme-token"]'
	scan_json dir file --disable "$RULE"
	expect_status 0
	expect '.findings' '[]'
	staunch dir file --enable no-such-rule
	expect_status 2
	[ ! -s "$OUT" ]
	expect_message "--enable 'no-such-rule': there is no such rule or provider"
	staunch dir file --disable no-such-rule
	expect_status 2
	expect_message "--disable 'no-such-rule'"
}

@test "a credential of a rule that nobody can be told of is found, and said not to be reported" {
	provider_start
	echo acme_314159265358 >file
	rule_file acme-token 'del(.revoke)' >acme.json
	staunch_sending dir file --rules acme.json --yes --endpoint "$AT" -f human -f json:report.json
	expect_status 1
	expect '.findings[0].revocation.state' none report.json
	expect_message 'not reported: Acme has no way to report it, revoke it by hand' "$OUT"
	expect_arrivals 0
}

@test "each rule's credentials go to its own provider and nowhere else" {
	local key vercel acme
	provider_start server
	acme=$URL
	provider_start
	vercel=$URL
	key=$(created_key)
	printf 'acme_314159265358 %s\n' "$key" >file
	rule_file acme-token ".revoke.url = \"$acme/external/compromised_secret\"" >acme.json
	URL=$acme faults '[{"status":200}]'
	staunch_sending dir file --rules acme.json --yes --endpoint "$AT" --ca-file "$CERTIFICATES/ca.pem" -f json
	expect_status 1
	expect '[.findings[] | .rule, .revocation.state]' "[\"$RULE\",\"accepted\",\"acme-token\",\"accepted\"]"
	expect_sent "$key"
	URL=$acme
	expect_sent acme_314159265358
	# and from the command line
	URL=$vercel provider_reset
	URL=$vercel faults '[{"status":200,"times":2}]'
	staunch_sending dir file --rules acme.json --yes --endpoint "$AT" \
		--endpoint "acme-token=$vercel/external/compromised_secret" -f json
	expect_status 1
	expect_sent acme_314159265358
	URL=$vercel
	expect_sent "$key" acme_314159265358
}

# ---- mistakes ----

# at FILE TEXT: "FILE:LINE:COLUMN" of where TEXT stands first
at() {
	local found before
	found=$(grep -nF -m 1 -- "$2" "$1")
	before=${found#*:}
	before=${before%%"$2"*}
	printf '%s:%d:%d\n' "$1" "${found%%:*}" $((${#before} + 1))
}

@test "a mistake in a rule file: file, line and column, exit code 2, and nothing is scanned" {
	new_key >key
	printf '{\n  "schema": 1,\n  "provider" "acme"\n}\n' >bad.json
	refused bad.json:3:14 '' dir key --rules bad.json
	: >bad.json
	refused bad.json:1:1 '' dir key --rules bad.json
	rule_file acme-token | jq '.schema = 2' >bad.json
	refused "$(at bad.json '2,')" 'made for a newer staunch' dir key --rules bad.json
	rule_file acme-token '.entropy = 3' >bad.json
	refused "$(at bad.json '"entropy"')" "unknown member 'entropy'" dir key --rules bad.json
	rule_file acme-token 'del(.pattern)' >bad.json
	refused bad.json:6:5 "'pattern'" dir key --rules bad.json
	rule_file acme-token '.revoke.url = "http://acme.example.test/"' >bad.json
	refused "$(at bad.json '"http://')" 'https://' dir key --rules bad.json
	rule_file acme-token '.revoke.url = "https://{{secret}}.example.test/"' >bad.json
	refused "$(at bad.json '"https://')" 'template in its host' dir key --rules bad.json
	rule_file acme-token '.revoke.json = {"key": "fixed"}' >bad.json
	refused bad.json:13:17 '{{secret}}' dir key --rules bad.json
	[ "$(sed -n 13p bad.json)" = '      "revoke": {' ]
	mkdir more
	cp bad.json more
	refused more/bad.json:13:17 '' dir key --rules more
	refused bad.json:13:17 '' rules check bad.json
	refused bad.json:13:17 '' rules list --rules bad.json
}

@test "a pattern that does not compile, or has not the checksum's groups: the same" {
	new_key >key
	rule_file acme-token '.pattern = "acme_[0-9"' >bad.json
	refused "$(at bad.json '"acme_[0-9"')" 'pattern does not compile' dir key --rules bad.json
	refused "$(at bad.json '"acme_[0-9"')" 'pattern does not compile' rules check bad.json
	rule_file acme-token '.checksum = {"algorithm": "crc32-base62", "of": "body", "equals": "sum"}' >bad.json
	refused bad.json:37:19 'no group of the pattern' dir key --rules bad.json
	[ "$(sed -n 37p bad.json)" = '      "checksum": {' ]
}

# ---- patterns that never end ----

# A runaway pattern without limits takes hours for this; a minute is enough for any machine and checker.
scan_in_time() {
	next_run
	status=0
	STAUNCH_DRY_RUN=1 timeout 60 "$STAUNCH" dir file --rules runaway.json -f json >"$OUT" 2>"$ERR" 3>&- || status=$?
	keep_output
}

@test "a pattern that runs away is given up: what it was tried on counts as not scanned" {
	local key began took
	key=$(new_key)
	{ printf 'zzz_'; head -c 200 /dev/zero | tr '\0' a; printf '! %s\n' "$key"; } >file
	rule_file runaway '.literals = ["zzz_"] | .pattern = "zzz_(?:a+)+(?:b|c)(?=$)" | del(.examples)' >runaway.json
	scan_in_time
	expect_status 3
	expect '[.incomplete[] | .what, .path]' '["match-limit","file"]'
	expect_found "$key"
	# again and again: the pattern is given up, the other rules are not
	yes 'zzz_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | head -n 20000 | tr '\n' ' ' >file
	printf '%s\n' "$key" >>file
	scan_in_time
	expect_status 3
	expect '[.incomplete[] | .what, .path]' '["match-limit","file"]'
	expect_found "$key"
}
