#!/usr/bin/env bats
# A key in every form (write_forms has them), in every kind of source: found once, its place with the form and where the encoded text begins.

load helpers

# Write the forms of a new key into the folder `forms`, and into $table what is expected of each.
make_forms() {
	key=$(new_key)
	mkdir forms
	table=$("$BATS_TEST_DIRNAME/write_forms" forms <<<"$key")
	[ "$(wc -l <<<"$table")" -gt 40 ]
}

# expected PREFIX: the table as the query below gives it
expected() {
	local name forms line column offset
	while IFS='|' read -r name forms line column offset; do
		printf '%s|%s|%s|%s|%s\n' "$1$name" "$forms" "$line" "$column" "$offset"
	done <<<"$table" | sort
}

places='.findings[0].places[] | "\(.path)|\(.encoding // [] | join(","))|\(.line)|\(.column)|\(.offset)"'

# The places found are those of the table, and of this kind.
expect_table() {
	expect_status 1
	expect_found "$key"
	expect '.findings[0].confidence' certain
	expect '[.findings[0].places[].kind] | unique' "[\"$2\"]"
	diff <(expected "$1") <(jq -r "$places" "$OUT" | sort)
	expect '.incomplete' '[]'
}

@test "every form in files" {
	make_forms
	scan_json dir forms
	expect_table forms/ file
	expect '.findings[0].encoding' '[]' # json-beside has it plainly
	rm forms/json-beside
	scan_json dir forms
	expect '.findings[0].encoding' '["base64"]'
}

@test "every form in blobs of a packed history, made from others by deltas" {
	make_forms
	mv forms once
	make_repository
	mkdir forms
	for name in ../once/*; do seq 500 | sed "s/\$/ of ${name##*/}/" >"forms/${name##*/}"; done
	commit '2024-01-01T00:00:00 +0000'
	for name in ../once/*; do { seq 250; cat "$name"; echo; seq 251 500; } >"forms/${name##*/}"; done
	cp ../once/utf-16* forms # in the middle of other text nothing tells which order it is
	commit '2024-01-02T00:00:00 +0000'
	git rm -rqf forms
	commit '2024-01-03T00:00:00 +0000'
	git gc -q --aggressive
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '[.findings[0].places[].kind] | unique' '["blob"]'
	diff <(expected forms/ | cut -d'|' -f1,2) <(jq -r "$places" "$OUT" | cut -d'|' -f1,2 | sort)
	expect '[.findings[0].places[].reachable] | unique' '[true]'
}

@test "every form on standard input" {
	make_forms
	while IFS='|' read -r name forms line column offset; do
		scan_json stdin <"forms/$name"
		expect_status 1
		expect_found "$key"
		expect '.findings[0] | [.encoding, (.places | length)]' "[$(jq -Rc 'split(",")' <<<"$forms" | sed 's/^\[""\]$/[]/'),1]"
		expect '.findings[0].places[0] | [.line, .column, .offset]' "[$line,$column,$offset]"
	done <<<"$table"
}

@test "every form staged, and in what a range adds" {
	make_forms
	make_repository
	echo x >x
	git add x
	git commit -qm first
	mv ../forms .
	git add forms
	scan_json git --staged
	expect_table forms/ index
	git commit -qm second
	scan_json git --range HEAD~..HEAD
	expect_table forms/ blob
}

@test "a form in a commit's and a tag's message" {
	key=$(new_key)
	make_repository
	echo x >x
	git add x
	printf 'subject\n\n%s\n' "$(base64 -w0 <<<"$key")" | git commit -qF -
	printf '%s\n' "$(xxd -p <<<"$key")" | git tag -a -F - v1
	scan_json git # COMMIT_EDITMSG has it, too
	expect_found "$key"
	expect '[.findings[0].places[] | [.kind, .encoding]] | sort' '[["commit-message",["base64"]],["config",["base64"]],["tag-message",["hex"]]]'
}

@test "--decode-depth: 0 is the plain form alone, 1 one form, 2 what is in a form within a form, 3 one more" {
	key=$(new_key)
	for n in 1 2 3 4; do
		base64 -w0 <<<"$key" >"deep" && for ((i = 1; i < n; i++)); do base64 -w0 deep >next && mv next deep; done
		for depth in 0 1 2 3 4; do
			scan_json dir deep --decode-depth $depth
			expect_status $((depth >= n))
		done
	done
	scan_json dir deep
	expect_status 0
	staunch dir deep --decode-depth 5
	expect_status 2
	grep -q -- --decode-depth "$ERR"
}

@test "what is decoded is what is sent and settled, once, whatever its forms; reports show no form of it" {
	make_forms
	for format in human json jsonl sarif gitlab junit csv html github; do
		staunch dir forms -f $format
		expect_status 1
		! grep -qF "${key:8:20}" "$OUT"
		! grep -qF "$(base64 -w0 <<<"${key:9:15}" | cut -c1-18)" "$OUT"
	done
	staunch dir forms
	grep -q '(base64)' "$OUT"
}

@test "a mark on the line of an encoded key allows it; a fingerprint in .staunchignore does, in any form" {
	key=$(new_key)
	git init -q
	printf 'a: %s # staunch:allow\n' "$(base64 -w0 <<<"$key")" >a.yaml
	scan_json dir .
	expect_status 0
	expect '.summary.suppressed' 1
	printf 'a: %s\n' "$(base64 -w0 <<<"$key")" >a.yaml
	scan_json dir .
	expect_status 1
	printf '%s # a test\n' "$(fingerprint "$key")" >.staunchignore
	scan_json dir .
	expect_status 0
}
