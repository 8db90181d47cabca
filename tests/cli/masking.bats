#!/usr/bin/env bats
# Goal: a key is shown to nobody, wherever it stands: in a name that is no finding, in an argument that was
# mistyped, in a provider's answer. Arguments with a key in them are what this file is about; elsewhere none has.

load helpers
load provider

setup() {
	begin_test
	key=$(new_key)
	# without its prefix no rule knows it; the seed gives one with digits and letters of both cases
	foreign=$(new_key --seed 20)
	foreign=${foreign:4}
	listed=$(new_key)
}

# expect_hidden KEY FILE...: no file holds 20 characters of it behind the prefix, and one shows it shortened
expect_hidden() {
	local key=$1
	shift
	printf '%s\n' "${key#vck_}" |
		awk '{ for (i = 1; i + 19 <= length($0); i++) print substr($0, i, 20) }' >"$T/pieces"
	[ "$(wc -l <"$T/pieces")" -ge 37 ]
	if LC_ALL=C grep -laF -f "$T/pieces" -- "$@"; then
		echo "20 characters of a key are in these files"
		return 1
	fi
	grep -qF -e "$(shortened "$key")" -- "$@" || { echo "it is not there at all"; head -c 4096 "$@"; return 1; }
}

# expect_reports_hide KEY ARG...: in each format, on standard output and in a file
expect_reports_hide() {
	local hidden=$1 format
	shift
	for format in human json jsonl; do
		staunch "$@" -v -f "$format" -f "json:$T/report"
		[ "$status" -ne 2 ] || { cat "$ERR"; return 1; }
		expect_hidden "$hidden" "$OUT" "$ERR"
		expect_hidden "$hidden" "$T/report" "$ERR"
	done
}

# expect_mistake_hidden KEY ARG...: a usage error that names it
expect_mistake_hidden() {
	local hidden=$1
	shift
	staunch "$@" </dev/null
	expect_status 2
	[ ! -s "$OUT" ]
	[ "$(wc -l <"$ERR")" = 1 ]
	expect_hidden "$hidden" "$OUT" "$ERR"
}

# ---- names in a repository ----

@test "the name of a branch" {
	make_repository
	printf '%s\n' "$listed" >file
	commit 2026-01-01T00:00:00Z
	for name in "$key" "$foreign"; do
		printf '%s\n' "$commit" >".git/refs/heads/$name"
		expect_reports_hide "$name" git .
		expect '.findings[0].fingerprint' "$(fingerprint "$listed")" "$T/report"
		rm ".git/refs/heads/$name"
	done
}

@test "a path in a tree, and a file's on disk" {
	make_repository
	for name in "$key" "$foreign"; do
		mkdir -p "a/$name"
		printf '%s\n' "$listed" >"a/$name/file"
	done
	commit 2026-01-01T00:00:00Z
	for name in "$key" "$foreign"; do
		expect_reports_hide "$name" git .
		expect_reports_hide "$name" dir .
		expect_reports_hide "$name" dir "a/$name/file"
	done
}

@test "an author's name" {
	make_repository
	git config user.name "Author $foreign"
	printf '%s\n' "$listed" >file
	commit 2026-01-01T00:00:00Z
	expect_reports_hide "$foreign" git .
}

@test "the file name of a pack" {
	local packs=.git/objects/pack
	make_repository
	printf '%s\n' "$listed" >file
	commit 2026-01-01T00:00:00Z
	git gc -q
	chmod u+w "$packs"/*
	for name in "$key" "$foreign"; do
		mv "$packs"/*.pack "$packs/pack-.$name.pack"
		rm -f "$packs"/*.idx "$packs"/*.rev "$packs"/*.bitmap
		printf 'no index' >"$packs/pack-.$name.idx"
		expect_reports_hide "$name" git .
		expect '[.incomplete[].what] | index("unreadable-pack") != null' true "$T/report"
	done
}

@test "a line of the alternates" {
	make_repository
	commit 2026-01-01T00:00:00Z
	for name in "$key" "$foreign"; do
		printf '/nowhere/%s\n' "$name" >.git/objects/info/alternates
		expect_reports_hide "$name" git .
		expect '.incomplete[0].path | startswith("/nowhere/")' true "$T/report"
	done
}

@test "the note that a path is ignored by git" {
	make_repository
	for name in "$key" "$foreign"; do
		printf '/%s\n' "$name" >.gitignore
		printf 'harmless\n' >"$name"
		staunch dir "./$name"
		expect_status 0
		expect_message 'is ignored by git'
		expect_hidden "$name" "$OUT" "$ERR"
	done
}

@test "a provider's words" {
	provider_start
	printf '%s\n' "$listed" >file
	for name in "$key" "$foreign"; do
		printf '[{"status":400,"body":"{\\"error\\":{\\"code\\":\\"no\\",\\"message\\":\\"not %s\\"}}"}]' "$name" |
			ask /_control/faults --data-binary @- >/dev/null
		staunch_sending dir file --yes --resend --endpoint "$AT" -f human -f "json:$T/report"
		expect_status 3
		expect_hidden "$name" "$OUT" "$ERR"
		expect_hidden "$name" "$T/report"
		expect '.findings[0].fingerprint' "$(fingerprint "$listed")" "$T/report"
	done
}

@test "the label of standard input" {
	printf '%s\n' "$listed" >file
	for name in "$key" "$foreign"; do
		for format in human json jsonl; do
			staunch stdin --name "$name" -f "$format" <file
			expect_status 1
			expect_hidden "$name" "$OUT" "$ERR"
		done
	done
}

# ---- arguments ----

@test "a key where a path, a repository or a range should be" {
	make_repository
	commit 2026-01-01T00:00:00Z
	for name in "$key" "x$foreign"; do
		expect_mistake_hidden "$name" "$name"
		expect_mistake_hidden "$name" dir "$name"
		expect_mistake_hidden "$name" dir -- "$name"
		expect_mistake_hidden "$name" git "$name"
		expect_mistake_hidden "$name" git . "$name"
		expect_mistake_hidden "$name" stdin "$name"
		expect_mistake_hidden "$name" revoke "$name"
		expect_mistake_hidden "$name" rules "$name"
		expect_mistake_hidden "$name" rules check "$name"
		expect_mistake_hidden "$name" git --range "$name"
		expect_mistake_hidden "$name" git --range "$name..."
		for range in "$name..HEAD" "HEAD..$name"; do
			staunch git --range "$range"
			expect_status 3
			expect_hidden "$name" "$OUT" "$ERR"
		done
	done
}

@test "a key where an option's argument should be" {
	printf '%s\n' "$listed" >file
	for name in "$key" "x$foreign"; do
		expect_mistake_hidden "$name" dir file -f "$name"
		expect_mistake_hidden "$name" dir file -f "$name:report"
		expect_mistake_hidden "$name" dir file -f "json:/nowhere/$name"
		expect_mistake_hidden "$name" dir file "--format=json:/nowhere/$name"
		expect_mistake_hidden "$name" dir file --endpoint "$name"
		expect_mistake_hidden "$name" dir file --endpoint "$name=https://localhost:1/"
		expect_mistake_hidden "$name" dir file --endpoint "$RULE=$name"
		expect_mistake_hidden "$name" dir file --endpoint "$RULE=http://x.test/$name"
		expect_mistake_hidden "$name" dir file --enable "$name"
		expect_mistake_hidden "$name" dir file --disable "$name"
		expect_mistake_hidden "$name" dir file --ca-file "$name"
		expect_mistake_hidden "$name" dir file --timeout "$name"
		expect_mistake_hidden "$name" dir file --jobs "$name"
		expect_mistake_hidden "$name" dir file --min-confidence "$name"
		expect_mistake_hidden "$name" dir file --color "$name"
		expect_mistake_hidden "$name" dir file --rules "$name"
	done
}

@test "a key where an option should be" {
	expect_mistake_hidden "$key" "--$key"
	expect_mistake_hidden "--$foreign" "--$foreign"
	for name in "$key" "x$foreign"; do
		expect_mistake_hidden "$name" "--dry-run=$name"
		expect_mistake_hidden "$name" dir . "--no-such-option=$name"
	done
	# of letters the first unknown one is told
	staunch "-Z$key" </dev/null
	expect_status 2
	expect_message "unknown option '-Z' ("
	[ "$(wc -l <"$ERR")" = 1 ]
}

@test "what is no key is told in full" {
	make_repository
	printf '%s\n' "$listed" >AbstractSingletonProxyFactoryBeanConfigurationTest
	commit 2026-01-01T00:00:00Z
	scan_json git .
	expect_status 1
	expect '.findings[0].places[0].path' AbstractSingletonProxyFactoryBeanConfigurationTest
	expect '.findings[0].places[0].commit' "$commit"
	expect '.findings[0] | [.fingerprint, .secret]' "[\"$(fingerprint "$listed")\",\"$(shortened "$listed")\"]"
	git update-ref refs/heads/gone "$commit"
	rm -rf .git/objects/pack .git/objects/??
	scan_json git .
	expect_status 3
	expect ".incomplete | map(.object) | contains([\"$commit\"])" true
	staunch dir "$commit"
	expect_message "cannot read '$commit': "
}
