#!/usr/bin/env bats
# Goal: a key is found in every place where one can stand (design section 8): once, as what it is, where it is. hiding_places has the list.

load helpers

setup_file() {
	T=$BATS_FILE_TMPDIR RUNS=0 WRAPPER=()
	cd "$T"
	new_key 120 >keys
	"$BATS_TEST_DIRNAME/hiding_places" hidden keys
}

# found [OPTION...]: scan, and write each place of each key as a line of hidden/places
found() {
	cd "$BATS_FILE_TMPDIR/hidden"
	scan_json scan repo "$@"
	expect '.incomplete' '[]'
	jq -r '.findings[] | .fingerprint as $key | .places[] |
		[ $key, .kind, .path // "-", .line, .commit // "-", (if has("reachable") then .reachable else true end) ] | @tsv' "$OUT" | sort >"$T/found"
}

# wanted [OPTION]: the same from the list, of the rows that need no option but this one
wanted() {
	local section place kind path line commit reachable option key
	while IFS=$'\t' read -r section place kind path line commit reachable option key; do
		case $option in -|"${1:--}") ;; *) continue ;; esac
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(fingerprint "$key")" "$kind" "$path" "$line" "$commit" "$reachable"
	done <"$BATS_FILE_TMPDIR/hidden/places" | sort >"$T/wanted"
}

# table: a line for each section, with the places of it that were found
table() {
	local section place kind path line commit reachable option key last= row=
	while IFS=$'\t' read -r section place kind path line commit reachable option key; do
		grep -q "^$(fingerprint "$key")" "$T/found" || continue
		[ "$section" = "$last" ] || { [ -z "$last" ] || printf '| %s | %s |\n' "$last" "$row"; last=$section row=; }
		row="${row:+$row; }$place"
	done <"$BATS_FILE_TMPDIR/hidden/places"
	printf '| %s | %s |\n' "$last" "$row"
}

@test "each place is found once, as its kind, with its path, line, commit and reachability; and README's table says so" {
	found --ignored
	expect_status 1
	wanted --ignored
	diff "$T/wanted" "$T/found"
	table >"$T/table"
	sed 's/^/# /' "$T/table" >&3
	sed -n '/^| place | found |$/,/^$/p' "$BATS_TEST_DIRNAME/../../README.md" | sed '1,2d;/^$/d' | diff - "$T/table"
}

@test "on one thread and on sixteen the report is the same; without --ignored an ignored file is left out" {
	found -j1
	cp "$OUT" "$T/reference"
	wanted
	diff "$T/wanted" "$T/found"
	found -j16
	same_but_times "$T/reference" "$OUT"
}

@test "--no-submodules leaves out submodules, and nothing else" {
	found --no-submodules --ignored
	wanted --ignored
	while IFS=$'\t' read -r section place kind path line commit reachable option key; do
		case $section/$place in submodules/* | */'history of a submodule') fingerprint "$key" ;; esac
	done <"$BATS_FILE_TMPDIR/hidden/places" >"$T/left_out"
	[ "$(wc -l <"$T/left_out")" -eq 11 ]
	grep -vFf "$T/left_out" "$T/wanted" | diff - "$T/found"
}

@test "from within a linked working tree: the same repository, its files and its index" {
	cd "$BATS_FILE_TMPDIR/hidden/linked"
	scan_json scan
	expect_status 1
	expect '.incomplete' '[]'
	expect '[.findings[].places[] | select(.path == "linked.env" or .path == "notes.txt") | [.kind, .path]] | sort' \
		'[["file","notes.txt"],["index","linked.env"]]'
	expect '[.findings[].places[] | select(.kind == "reflog") | .path] | any(endswith("/repo/.git/worktrees/detached/logs/HEAD"))' true
	expect '[.findings[].places[] | select(.path == "removed.env")] | length' 1
}

@test "without a sandbox it finds the same" {
	found --ignored
	cp "$OUT" "$T/reference"
	found --ignored --sandbox off
	diff <(jq '.findings' "$T/reference") <(jq '.findings' "$OUT")
}
