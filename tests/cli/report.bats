#!/usr/bin/env bats
# Goal: a report has exactly the members of the documented format, goes whole to where it should or says that
# it did not, and no report or terminal gets to see what it should not.

load helpers
load provider

# one_of_each: a repository with two certain keys (one at HEAD, one removed), a likely and a possible one, in
# $T/repo; sets the four
one_of_each() {
	kept=$(new_key) removed=$(new_key) likely=$(new_key --bad-checksum) loose=$(new_key --loose)
	make_repository
	mkdir src
	printf 'first line\nAI_GATEWAY_API_KEY=%s\n' "$removed" >.env
	printf 'const key = "%s";\n' "$kept" >src/a.ts
	commit '2026-01-01T10:00:00Z' 'first'
	first_commit=$commit
	git rm -q .env
	printf '%s\n%s\n' "$likely" "$loose" >src/b.txt
	commit '2026-01-02T10:00:00Z' 'second'
	second_commit=$commit
	cd "$T"
}

# of KEY MEMBERS: the filter of these members of the key's finding
of() {
	printf '.findings[] | select(.fingerprint == "%s") | [%s]' "$(fingerprint "$1")" "$2"
}

# ---- json ----

@test "json: the members of each object, in their order" {
	local beginning='"rule","provider","confidence","secret","fingerprint","encoding","places","places_total"'
	local place='"target","kind","path","archive_path","line","column","offset"'
	local seen='"first_seen","last_seen","at_head"' state
	one_of_each
	provider_start
	faults '[{"status":400,"body":"{\"error\":{\"code\":\"no\",\"message\":\"no\"}}"}]'
	rm "repo/.git/objects/$(git -C repo rev-parse "HEAD:src/b.txt" | sed 's|^..|&/|')"
	printf 'key: %s' "$kept" >file
	staunch_sending scan repo file --yes --endpoint "$AT" -f json
	expect_status 3
	expect 'keys_unsorted' \
		'["schema","staunch","started","finished","dry_run","sandbox","targets","findings","incomplete","summary"]'
	expect '[.targets[] | keys_unsorted] | unique' '[["kind","path","commits","objects","bytes"]]'
	expect '[.findings[] | select(any(.places[]; .kind == "blob")) | keys_unsorted] | unique' \
		"[[$beginning,\"commits_total\",$seen,\"removed\",\"refs\",\"refs_total\",\"revocation\"]]"
	expect '[.findings[] | select(all(.places[]; .kind == "file")) | keys_unsorted] | unique' \
		"[[$beginning,$seen,\"revocation\"]]"
	expect '[.findings[].places[] | select(.kind == "blob") | keys_unsorted] | unique' \
		"[[$place,\"object\",\"commit\",\"author\",\"date\",\"reachable\"]]"
	expect '[.findings[].places[] | select(.kind == "file") | keys_unsorted] | unique' \
		"[[$place]]"
	expect '[.findings[] | .first_seen, .last_seen, .removed | select(. != null) | keys_unsorted] | unique' \
		'[["commit","date"]]'
	state='"state","http_status","attempts","at"'
	expect '[.findings[].revocation | select(.state == "rejected") | keys_unsorted]' "[[$state,\"message\"]]"
	expect '[.findings[].revocation | select(.state == "accepted") | keys_unsorted] | unique' "[[$state]]"
	expect '[.incomplete[] | keys_unsorted] | unique' '[["target","what","object","path","detail"]]'
	expect '.summary | keys_unsorted' \
		'["findings","accepted","gone","rejected","pending","suppressed","incomplete"]'
	expect '.summary | [.accepted, .gone, .rejected, .pending, .suppressed]' '[2,0,1,0,0]'
}

@test "json: the values" {
	local blob
	one_of_each
	scan_json git repo
	expect_status 1
	blob=$(git -C repo rev-parse "$first_commit:.env")
	expect '[.schema, .dry_run]' '["staunch-report/1",true]'
	expect '"staunch \(.staunch)"' "$("$STAUNCH" --version)"
	expect '[.started, .finished | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z$")]' \
		'[true,true]'
	expect '.targets | map([.kind, .path, .commits])' '[["git","repo",2]]'
	expect '.targets[0].objects' "$(git -C repo cat-file --batch-all-objects --batch-check | wc -l)"
	expect '[.findings[].confidence]' '["certain","certain","likely","possible"]'
	expect '[.findings[] | .rule, .provider] | unique' '["vercel","vercel-ai-gateway-key"]'
	expect_found "$kept" "$removed" "$likely" "$loose"
	expect "$(of "$removed" '.secret, .encoding, .at_head, .places_total, .commits_total')" \
		"[\"$(shortened "$removed")\",[],false,1,1]"
	expect "$(of "$removed" '.removed.commit, .refs, .refs_total')" \
		"[\"$second_commit\",[\"refs/heads/main\"],1]"
	expect "$(of "$removed" '.places[] | .target, .kind, .path, .archive_path, .line, .column, .offset')" \
		'[0,"blob",".env",[],2,20,30]'
	expect "$(of "$removed" '.places[] | .object, .commit, .author, .date, .reachable')" \
		"[\"$blob\",\"$first_commit\",\"Test Author <author@example.test>\",\"2026-01-01T10:00:00Z\",true]"
	expect "$(of "$kept" '.first_seen.commit, .last_seen.commit, .last_seen.date')" \
		"[\"$first_commit\",\"$second_commit\",\"2026-01-02T10:00:00Z\"]"
	expect "$(of "$kept" '.at_head, .commits_total, .removed')" '[true,2,null]'
	expect '.summary' '{"findings":4,"accepted":0,"gone":0,"rejected":0,"pending":0,"suppressed":0,"incomplete":0}'
}

@test "json: nothing found" {
	echo nothing >file
	scan_json dir file
	expect_status 0
	expect '[.findings, .incomplete, .summary.findings]' '[[],[],0]'
}

@test "json: one key in many places: the first and the newest, and how many there were" {
	new_key >key
	sed -n "$(printf 'p;%.0s' {1..250})" key >file
	scan_json dir file
	expect '.findings[0] | [(.places | length), .places_total]' '[100,250]'
	expect '.findings[0].places | [.[0].line, .[1].line, .[99].line]' '[1,152,250]'
}

@test "the same input gives the same bytes, whatever the number of threads" {
	local number jobs
	one_of_each
	mkdir files
	for number in $(seq 40); do new_key 3 >"files/$number"; done
	scan_json scan repo files -j 1
	cp "$OUT" first
	for jobs in 1 2 5; do
		scan_json scan repo files -j $jobs
		same_but_times first "$OUT"
	done
}

# ---- jsonl ----

@test "jsonl: a line for each finding and a summary at the end" {
	one_of_each
	staunch git repo -f jsonl -f json:whole.json
	expect_status 1
	[ "$(wc -l <"$OUT")" = 5 ]
	[ "$(json .type | tr '\n' ' ')" = 'finding finding finding finding summary ' ]
	[ "$(json 'select(.type == "finding") | del(.type)')" = "$(json '.findings[]' whole.json)" ]
	[ "$(tail -n 1 "$OUT" | jq -rc 'keys_unsorted | join(" ")')" = \
		'type schema staunch started finished dry_run sandbox targets incomplete summary' ]
	[ "$(tail -n 1 "$OUT" | jq -c '.summary')" = "$(json '.summary' whole.json)" ]
	echo nothing >empty
	staunch dir empty -f jsonl
	expect_status 0
	[ "$(json .type)" = summary ]
}

# ---- where reports go ----

@test "-f is repeatable, each to a file of its own" {
	new_key >key
	staunch dir key -f json:a.json -f jsonl:b.jsonl -f human:c.txt -f json
	expect_status 1
	same_but_times a.json "$OUT"
	[ "$(wc -l <b.jsonl)" = 2 ]
	expect_message 'would be reported to Vercel' c.txt
	staunch dir key -f json:a.json
	expect_status 1
	[ ! -s "$OUT" ]
	staunch dir key -f json:-
	expect_status 1
	expect '.findings | length' 1
	staunch dir key
	expect_message 'would be reported to Vercel' "$OUT"
	[ -z "$(find . -name '*.tmp')" ]
}

@test "-f: what cannot be is said before anything is read" {
	local format
	for format in xml json: :file JSON ''; do
		staunch dir . -f "$format"
		expect_status 2
		[ ! -s "$OUT" ]
	done
	staunch dir . -f xml
	expect_message 'human, json, jsonl, sarif, gitlab, junit, csv, html, github'
	staunch dir . -f json -f human
	expect_status 2
	expect_message '2 reports would go to standard output'
	staunch dir . -f json:a -f jsonl:- -f human
	expect_status 2
	[ ! -e a ]
}

@test "a report in a folder that is not there: exit code 2, and nothing is sent" {
	provider_start
	new_key >key
	staunch_sending dir key --yes --endpoint "$AT" -f json:missing/report.json
	expect_status 2
	expect_message "missing/report.json"
	expect_arrivals 0
	mkdir folder
	staunch_sending dir key --yes --endpoint "$AT" -f human -f json:folder
	expect_status 2
	expect_arrivals 0
}

@test "a report that cannot be written: exit code 3, and the key is revoked all the same" {
	local key
	provider_start
	key=$(created_key)
	printf '%s\n' "$key" >file
	staunch_sending dir file --yes --endpoint "$AT" -f json:/dev/full
	expect_status 3
	expect_message 'cannot write the report'
	expect_sent "$key"
	next_run
	status=0
	STAUNCH_DRY_RUN=1 "$STAUNCH" dir file >/dev/full 2>"$ERR" || status=$?
	expect_status 3
	expect_message 'cannot write the report to standard output'
	STAUNCH_DRY_RUN=1 "$STAUNCH" dir file -f json 2>"$ERR" | true
	status=${PIPESTATUS[0]}
	[ "$status" -eq 3 ] || [ "$status" -eq 1 ] # a reader that leaves early, or had it all
	status=0
	"$STAUNCH" --help >/dev/full 2>"$ERR" || status=$?
	expect_status 3
}

@test "an earlier report survives a run that is killed" {
	local process
	echo 'the earlier report' >report.json
	mkfifo lines
	exec 9<>lines
	next_run
	STAUNCH_DRY_RUN=1 "$STAUNCH" stdin -f json:report.json <lines >"$OUT" 2>"$ERR" 3>&- 9>&- &
	process=$!
	new_key >&9
	wait_for pgrep -P "$process"
	[ "$(cat report.json)" = 'the earlier report' ]
	kill -KILL "$process"
	wait "$process" || true
	exec 9>&-
	[ "$(cat report.json)" = 'the earlier report' ]
	new_key >key
	chmod 640 report.json
	ln -s report.json link.json
	staunch dir key -f json:link.json
	expect_status 1
	[ -L link.json ]
	expect '.findings | length' 1 report.json
	[ "$(stat -c %a report.json)" = 640 ]
}

# ---- human ----

@test "human: what stands where" {
	one_of_each
	staunch git repo
	expect_status 1
	expect_message "$(shortened "$kept")  certain  Vercel AI Gateway API key" "$OUT"
	expect_message "$(shortened "$likely")  likely  Vercel AI Gateway API key" "$OUT"
	expect_message 'would be reported to Vercel' "$OUT"
	expect_message '.env:2:20' "$OUT"
	expect_message 'src/a.ts:1:14' "$OUT"
	expect_message '2026-01-01' "$OUT"
	expect_message 'Test Author' "$OUT"
	expect_message "$(shortened "$loose")  src/b.txt:2:1" "$OUT"
	expect_message '4 keys in 4 places: 3 would be reported, 1 possible only.' "$OUT"
	expect_message 'run again without --dry-run to have them revoked' "$OUT"
	echo nothing >file
	staunch dir file
	expect_status 0
	expect_message 'no credential found in 1 file (8 bytes).' "$OUT"
}

@test "human: file names with control characters are made harmless, and a name that holds the key is shortened" {
	local key
	key=$(new_key)
	mkdir folder
	printf '%s\n' "$key" >folder/$'a\e]0;title\a\nb\x9b31m\u202e.txt'
	printf '%s\n' "$key" >"folder/$key.txt"
	staunch dir folder
	expect_status 1
	refute env LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae|\x9b31m' "$OUT"
	expect_message '\x1b]0;title\x07' "$OUT"
	expect_message "folder/$(shortened "$key").txt" "$OUT"
	scan_json dir folder
	expect '[.findings[0].places[].path] | any(contains("'"$(shortened "$key")"'"))' true
	jq -e . "$OUT" >/dev/null
}

# ---- colours ----

has_colour() { grep -qE $'\e\\[[0-9;]*m' "$1"; }

# show ARG...: staunch on a terminal; what it showed is in $OUT
show() {
	local line
	next_run
	printf -v line '%q ' env "$@"
	STAUNCH_DRY_RUN=1 TERM=xterm script -qec "$line" /dev/null >"$OUT" 2>&1 3>&- </dev/null || true
	: >"$ERR"
	keep_output
	expect_message 'would be reported' "$OUT"
}

@test "colours: on a terminal only, and as NO_COLOR and --color have it" {
	new_key >key
	staunch dir key -v
	expect_nowhere $'\e' "$OUT" "$ERR"
	staunch dir key --color always -f human -f human:file.txt
	has_colour "$OUT"
	has_colour file.txt
	NO_COLOR=1 staunch dir key --color always
	has_colour "$OUT"
	show "$STAUNCH" dir key
	has_colour "$OUT"
	show NO_COLOR=1 "$STAUNCH" dir key
	refute has_colour "$OUT"
	show NO_COLOR= "$STAUNCH" dir key
	has_colour "$OUT"
	show TERM=dumb "$STAUNCH" dir key
	refute has_colour "$OUT"
	show "$STAUNCH" dir key --color never
	refute has_colour "$OUT"
	show "$STAUNCH" dir key -f human:file.txt -f human
	refute has_colour file.txt
	staunch dir key -f json --color always
	refute has_colour "$OUT"
	staunch dir key --color sometimes
	expect_status 2
}

# ---- how much is said ----

@test "--exit-zero, --quiet: the exit code and standard error, never the findings" {
	new_key >key
	staunch dir key --exit-zero
	expect_status 0
	expect_message 'would be reported' "$OUT"
	staunch dir key missing --exit-zero
	expect_status 2
	mkdir folder
	new_key >folder/key
	staunch dir folder --quiet
	expect_status 1
	[ ! -s "$ERR" ]
	expect_message 'would be reported' "$OUT"
	provider_start
	faults '[{"status":400}]'
	staunch_sending dir key --yes --endpoint "$AT" --exit-zero
	expect_status 3
}
