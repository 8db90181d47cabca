#!/usr/bin/env bats
# Goal: whatever format a platform wants, it gets every key and every gap of the run, in a form that its schema holds for, and
# nothing that a stranger wrote becomes more than text in it. `staunch report` makes the same of a saved report.

load helpers
load provider

ALL_FORMATS=(json jsonl sarif gitlab junit csv html github human)

schema() { "$BATS_TEST_DIRNAME/../schemas/validate" "$@"; }

# in_all_formats ARG...: run staunch with a report of each format in out.FORMAT
in_all_formats() {
	local format arguments=()
	for format in "${ALL_FORMATS[@]}"; do arguments+=(-f "$format:out.$format"); done
	staunch "$@" "${arguments[@]}"
}

# counted FORMAT [FILE]: how many keys the report has
counted() {
	local file=${2:-out.$1}
	case $1 in
	json) jq '.findings | length' "$file" ;;
	jsonl) jq -s 'map(select(.type == "finding")) | length' "$file" ;;
	sarif) jq '[.runs[].results[]] | length' "$file" ;;
	gitlab) jq '.vulnerabilities | length' "$file" ;;
	junit) grep -cE '<(failure|skipped) message' "$file" ;;
	csv) grep -c '^key,' "$file" ;;
	html) grep -cE '^<tbody( hidden)? class="(open|settled|minor)"' "$file" ;;
	github) grep -cE '^::(error|warning|notice) .*title=Vercel' "$file" ;;
	human) sed -nE 's/^([0-9,]+) keys? in .*/\1/p' "$file" | tr -d , ;;
	esac
}

# expect_counts NUMBER: in each format
expect_counts() {
	local format got
	for format in "${ALL_FORMATS[@]}"; do
		got=$(counted "$format") || true
		[ "$got" = "$1" ] || { echo "$format has $got keys, not $1"; head -c 2000 "out.$format"; return 1; }
	done
}

# hostile_repository: four keys under names that are markup, commands, formulas or no UTF-8, one of them gone from HEAD
hostile_repository() {
	make_repository
	mkdir '<script>alert(1)<'
	new_key >$'<script>alert(1)</script>\n::error::x.txt'
	new_key >$'caf\xe9 [l](javascript:1)|`.txt'
	new_key >'=cmd|calc'
	commit '2026-01-01T10:00:00Z' 'first' --author '=1+1 "><img src=x onerror=alert(1)> <a@b>'
	git rm -q '=cmd|calc'
	new_key --loose >'plain.txt'
	commit '2026-01-02T10:00:00Z' 'second'
	cd "$T"
}

# ---- all of them ----

@test "every format of one run has the same keys" {
	local format
	hostile_repository
	in_all_formats scan repo
	expect_status 1
	expect_counts 4
	json '.findings[].fingerprint' out.json | sort >fingerprints
	[ "$(json '.runs[].results[].fingerprints[]' out.sarif | sort)" = "$(<fingerprints)" ]
	[ "$(json '.vulnerabilities[].identifiers[0].value' out.gitlab | sort)" = "$(<fingerprints)" ]
	for format in junit csv html; do
		[ "$(grep -o 'sha256:[0-9a-f]*' out.$format | sort)" = "$(<fingerprints)" ]
	done
}

@test "every format: nothing found" {
	echo nothing >file
	in_all_formats dir file
	expect_status 0
	schema sarif-2.1.0.json out.sarif
	schema gitlab-secret-detection-15.2.1.json out.gitlab
	expect '[(.runs | length), .runs[0].invocations[0].executionSuccessful, .runs[0].results]' '[1,true,[]]' out.sarif
	expect '[.scan.status, .vulnerabilities]' '["success",[]]' out.gitlab
	[ "$(wc -l <out.csv)" = 1 ]
	[ "$(<out.github)" = 'no credential found in 1 file (8 bytes).' ]
	expect_message '<testcase classname="staunch" name="no credential found" time="0"/>' out.junit
	expect_message 'No valid credential was found.' out.html
}

@test "every format: what was not scanned is in it" {
	local format
	make_repository
	echo content >file
	commit '2026-01-01T10:00:00Z'
	rm ".git/objects/$(git rev-parse HEAD:file | sed 's|^..|&/|')"
	cd "$T"
	in_all_formats git repo
	expect_status 3
	for format in "${ALL_FORMATS[@]}"; do expect_message 'missing-object' "out.$format"; done
	schema sarif-2.1.0.json out.sarif
	schema gitlab-secret-detection-15.2.1.json out.gitlab
	expect '.runs[0].invocations[0] | [.executionSuccessful, (.toolExecutionNotifications | length)]' '[false,1]' out.sarif
	expect '[.scan.status, (.scan.messages | length)]' '["failure",1]' out.gitlab
	expect_message 'errors="1"' out.junit
}

@test "every format: 5,000 keys" {
	local format
	new_key 5000 >keys
	in_all_formats dir keys
	expect_status 1
	expect_counts 5000
	for format in "${ALL_FORMATS[@]}"; do
		[ "$(grep -cF -f keys "out.$format" || true)" = 0 ]
		staunch report out.json -f "$format:again.$format"
		expect_status 0
		cmp "out.$format" "again.$format"
	done
	schema gitlab-secret-detection-15.2.1.json out.gitlab
}

@test "every format: a full disk is exit code 3, and a closed standard output is told before the scan" {
	local format
	new_key >key
	for format in "${ALL_FORMATS[@]}"; do
		staunch dir key -f "$format:/dev/full"
		expect_status 3
		expect_message 'cannot write the report'
		next_run
		status=0
		STAUNCH_DRY_RUN=1 "$STAUNCH" dir key -f "$format" >&- 2>"$ERR" || status=$?
		[ "$status" -eq 2 ]
	done
}

@test "the same input gives the same bytes in every format, whatever the number of threads" {
	local format
	hostile_repository
	in_all_formats scan repo -j 1
	for format in "${ALL_FORMATS[@]}"; do mv "out.$format" "first.$format"; done
	in_all_formats scan repo -j 5
	for format in "${ALL_FORMATS[@]}"; do
		cmp <(sed -E 's/2[0-9-]{9}T[0-9:]{8}|20[0-9-]{8} [0-9]{2}:[0-9]{2} UTC//g; s/ time="[0-9]+"//; s/data-d="[0-9]+"//' "first.$format") \
			<(sed -E 's/2[0-9-]{9}T[0-9:]{8}|20[0-9-]{8} [0-9]{2}:[0-9]{2} UTC//g; s/ time="[0-9]+"//; s/data-d="[0-9]+"//' "out.$format")
	done
}

# ---- one by one ----

@test "sarif: the official schema holds; a place has a path inside the repository" {
	hostile_repository
	in_all_formats scan repo
	schema sarif-2.1.0.json out.sarif
	schema gitlab-secret-detection-15.2.1.json out.gitlab
	expect '[.runs[0].results[].locations[0].physicalLocation.artifactLocation | .uri, .uriBaseId] | unique | .[]' "$(printf '%s\n' \
		'%3Cscript%3Ealert%281%29%3C/script%3E%0A%3A%3Aerror%3A%3Ax.txt' '%3Dcmd%7Ccalc' SRCROOT 'caf%E9%20%5Bl%5D%28javascript%3A1%29%7C%60.txt' plain.txt |
		LC_ALL=C sort)" out.sarif
	expect '[.runs[0].results[].level] | sort' '["error","error","error","note"]' out.sarif
	expect '.runs[0].tool.driver.rules | map([.id, .help.markdown != null, .properties["security-severity"]])' \
		'[["vercel-ai-gateway-key",true,"9.5"]]' out.sarif
	expect '.runs[0].results[] | select(.properties.atHead | not) | .properties.commit' "$(git -C repo rev-parse HEAD^)" out.sarif
}

@test "sarif and gitlab: what an alert is known by survives shifted lines and rebased commits" {
	local known='[.runs[].results[] | .partialFingerprints, .fingerprints], [.runs[].results[].ruleId]' before after
	make_repository
	echo one >other
	commit '2026-01-01T10:00:00Z' 'before'
	new_key >key.txt
	commit '2026-01-02T10:00:00Z' 'with a key'
	git checkout -qb side HEAD^
	echo two >other
	commit '2026-01-03T10:00:00Z' 'elsewhere'
	staunch git . -f "sarif:$T/a.sarif" -f "gitlab:$T/a.gitlab"
	expect_status 1
	git rebase -q side main
	{ printf '\n\n\n'; cat key.txt; } >shifted
	mv shifted key.txt
	commit '2026-01-04T10:00:00Z' 'three lines further down'
	git branch -qD side
	age_everything
	git gc -q --prune=now
	staunch git . -f "sarif:$T/b.sarif" -f "gitlab:$T/b.gitlab"
	expect_status 1
	before=$(json "$known" "$T/a.sarif")
	after=$(json "$known" "$T/b.sarif")
	[ -n "$before" ] && [ "$before" = "$after" ]
	[ "$(json '.vulnerabilities[].id' "$T/a.gitlab")" = "$(json '.vulnerabilities[].id' "$T/b.gitlab")" ]
	expect '.runs[0].results[0].locations[0].physicalLocation.region.startLine' 4 "$T/b.sarif"
}

@test "junit is XML, csv has as many cells in each row and no formula" {
	hostile_repository
	in_all_formats scan repo
	python3 - out.junit out.csv <<-'END'
		import csv, sys, xml.etree.ElementTree as tree
		suite = tree.parse(sys.argv[1]).getroot()[0]
		assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "3", "1"), suite.attrib
		names = [case.get("file") for case in suite]
		assert "<script>alert(1)</script>\\x0a::error::x.txt" in names and "caf\\xe9 [l](javascript:1)|`.txt" in names, names
		text = open(sys.argv[2], newline="").read()
		assert text.endswith("\r\n") and text.count("\r\n") == text.count("\n") == 5
		rows = list(csv.reader(text.splitlines()))
		assert {len(row) for row in rows} == {24}, rows
		assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")], rows
		assert "'=cmd|calc" in [row[9] for row in rows] and [row for row in rows if row[13].startswith("'=1+1")], rows
	END
}

@test "github: a line is a command of ours, the job's summary is added to and shows markup as text" {
	local line
	hostile_repository
	echo 'of an earlier step' >summary
	GITHUB_STEP_SUMMARY=$T/summary staunch scan repo -f github
	expect_status 1
	while IFS= read -r line; do
		case $line in
		'::error file='* | '::notice file='* | '4 keys in '* | 'run again without --dry-run'*) ;;
		*) echo "this line: $line"; return 1 ;;
		esac
	done <"$OUT"
	expect_message 'file=<script>alert(1)</script>\x0a%3A%3Aerror%3A%3Ax.txt,line=1,col=1,' "$OUT"
	[ "$(head -n 1 summary)" = 'of an earlier step' ]
	[ "$(grep -c '^| <code>' summary)" = 4 ]
	refute grep -qE '<script|<img|\]\(' summary
	cp summary "$STAUNCH_TEST_OUTPUT/github-summary"
	GITHUB_STEP_SUMMARY=$T/missing/summary staunch scan repo -f github
	expect_status 2
	[ ! -s "$OUT" ]
	GITHUB_STEP_SUMMARY=/dev/full staunch scan repo -f github
	expect_status 3
}

@test "html: one file that fetches nothing" {
	hostile_repository
	staunch scan repo -f html:page.html
	expect_status 1
	refute grep -qiE '(src|href)="?[^"#]*(//|:)|@import|url\(' page.html
	expect_message "content=\"default-src 'none'; style-src 'sha256-" page.html
	[ "$(grep -c '<script' page.html)" = 1 ]
	refute grep -q '<img' page.html
}

# ---- report ----

@test "report: another format of a saved report, as the run itself would have written it" {
	local format
	hostile_repository
	in_all_formats scan repo
	# what is no UTF-8 in a name is not kept by JSON, so both sides start from a saved report
	staunch report out.json -f json:kept.json
	expect_status 0
	cmp out.json kept.json
	for format in "${ALL_FORMATS[@]}"; do
		staunch report kept.json -f "$format:again.$format"
		expect_status 0
		[ "$(counted "$format" "again.$format")" = 4 ]
	done
	schema sarif-2.1.0.json again.sarif
	staunch report kept.json
	expect_status 0
	expect_message '4 keys in ' "$OUT"
	staunch report - -f json <out.json
	expect_status 0
	cmp out.json "$OUT"
	staunch report out.json -f json:out.json # onto itself
	expect_status 0
	cmp out.json kept.json
}

@test "report: its exit codes" {
	new_key >key
	staunch dir key -f json:saved.json
	expect_status 1
	staunch report saved.json -f csv # what was found makes no difference
	expect_status 0
	staunch report saved.json -f csv:/dev/full
	expect_status 3
	staunch report saved.json -f csv:missing/file
	expect_status 3
	expect_message 'missing/file'
	staunch report
	expect_status 2
	staunch report saved.json saved.json
	expect_status 2
	staunch report missing.json
	expect_status 2
	expect_message "cannot read the report 'missing.json'"
	staunch report saved.json -f xml
	expect_status 2
	staunch report saved.json -f csv -f json
	expect_status 2
	staunch report saved.json --yes
	expect_status 2
	head -c 300 saved.json >cut.json
	staunch report cut.json
	expect_status 2
	expect_message "'cut.json' is no report of staunch: byte"
	[ ! -s "$OUT" ]
	staunch dir key -f jsonl:lines.jsonl
	staunch report lines.jsonl
	expect_status 2
}

@test "what only a range was looked at for is not said to have left HEAD" {
	local key
	key=$(new_key)
	make_repository
	echo a >a
	commit '2026-01-01T10:00:00Z'
	printf '%s\n' "$key" >b
	commit '2026-01-02T10:00:00Z'
	staunch git --range HEAD~1..HEAD -f github -f sarif:s.sarif -f csv:c.csv -f human:h.txt
	expect_status 1
	grep -q "in commit ${commit:0:10}%0Anext" "$OUT"
	refute grep -l 'longer in HEAD' "$OUT" s.sarif c.csv h.txt
	# of all of history it is known
	git rm -q b
	commit '2026-01-03T10:00:00Z'
	staunch git -f github -f sarif:s.sarif
	grep -q 'no longer in HEAD%0Anext' "$OUT"
	grep -q 'no longer in HEAD' s.sarif
}
