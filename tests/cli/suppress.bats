#!/usr/bin/env bats
# What is left out: .staunchignore, marks on the line, baselines. One place that is not allowed keeps the key, and what is left
# out is counted and never sent.

load helpers
load provider
load hooks

# expect_left COUNT KEY...: these are reported, and so many others are suppressed
expect_left() {
	local count=$1
	shift
	expect_found "$@"
	expect .summary.suppressed "$count"
	expect_status $(($# > 0))
}

@test "mark: staunch:allow and gitleaks:allow on the line, and nothing like them" {
	keys=($(new_key 8))
	{
		echo "a = ${keys[0]} # staunch:allow"
		echo "/* gitleaks:allow */ b = ${keys[1]};"
		printf 'c = %s //staunch:allow\r\n' "${keys[2]}"
		echo '# staunch:allow'
		echo "d = ${keys[3]}"
		echo "e = ${keys[4]} # staunch:allowed, staunch:allow-not, xstaunch:allow, staunch: allow"
		echo "f = ${keys[5]} $(printf '%20000s' '') staunch:allow"
		echo "g = ${keys[6]}"
		echo 'staunch:allow'
		printf 'h = %s' "${keys[7]} staunch:allow"
	} >file
	scan_json dir file
	expect_left 4 "${keys[3]}" "${keys[4]}" "${keys[5]}" "${keys[6]}"
	scan_json dir file --no-repo-config
	expect_left 0 "${keys[@]}"
	scan_json stdin <file
	expect_left 4 "${keys[3]}" "${keys[4]}" "${keys[5]}" "${keys[6]}"
}

@test "mark: at the border of windows, and in a file's name" {
	key=$(new_key)
	# a window ends at 1 MiB: the key before it, the mark behind it, and the other way round
	for size in 1048500 1048530 1048560 1048576 1043900 1043930 1043960; do
		{ head -c $size /dev/zero | tr '\0' '\n'; echo "$key # staunch:allow"; head -c 100000 /dev/zero; } >big
		scan_json dir big
		expect_left 1
	done
	rm big
	echo harmless >"$key staunch:allow"
	scan_json dir .
	expect_left 0 "$key"
}

@test "mark: one place with it does not hide another without" {
	key=$(new_key)
	make_repository
	echo "a = $key # staunch:allow" >marked
	commit '2024-01-01T00:00:00 +0000'
	scan_json .
	expect_left 1
	echo "a = $key" >unmarked
	commit '2024-01-02T00:00:00 +0000'
	git rm -q unmarked
	commit '2024-01-03T00:00:00 +0000'
	scan_json .
	expect_left 0 "$key"
	expect '.findings[0].places | map(.path)' '["unmarked"]'
	expect '.findings[0].places_total' 1
	# a commit that takes the mark away, or the file out of where it is allowed
	echo "a = $key" >marked
	git add marked
	scan_json git --staged
	expect_left 0 "$key"
	git mv marked dummy
	echo dummy >.staunchignore
	git add .staunchignore
	commit '2024-01-04T00:00:00 +0000'
	echo more >>dummy
	git add dummy
	scan_json git --staged
	expect_left 1
	git mv dummy real
	scan_json git --staged
	expect_left 0 "$key"
	git reset -q --hard
	rm .staunchignore
	git checkout -q --orphan other
	git rm -qrf .
	echo "a = $key" >file
	commit '2024-01-04T00:00:00 +0000'
	scan_json git --range main..other
	expect_left 0 "$key"
}

@test "mark: taken away or added in a version that is packed as a delta of another" {
	key=$(new_key)
	for marks in '# staunch:allow|' '|# staunch:allow'; do
		rm -rf "$T/packed"
		cd "$T"
		make_repository packed
		for mark in "${marks%|*}" "${marks#*|}"; do
			{ seq 400; echo "k = $key $mark"; seq 400; } >file
			commit "2024-01-0$((${#mark} ? 1 : 2))T00:00:00 +0000"
		done
		git repack -adfq
		[ "$(git verify-pack -v .git/objects/pack/*.idx | awk '$2 == "blob" && NF == 7' | wc -l)" -eq 1 ]
		scan_json git
		expect_left 0 "$key"
		expect '.findings[0] | [.places_total, .places[0].date]' '[1,"2024-01-02T00:00:00Z"]'
	done
}

@test ".staunchignore: a fingerprint, everywhere" {
	keys=($(new_key 2))
	make_repository
	printf '%s\n' "${keys[@]}" >file
	commit '2024-01-01T00:00:00 +0000' "and ${keys[0]}"
	printf '# what is known\n\n  %s  # revoked in May\n' "$(fingerprint "${keys[0]}")" >.staunchignore
	for arguments in scan git 'dir .' 'dir file'; do
		scan_json $arguments
		expect_left 1 "${keys[1]}"
	done
	scan_json scan --no-repo-config
	expect_left 0 "${keys[@]}"
	printf '%s\n' "$(fingerprint "${keys[1]}")" >>.staunchignore
	scan_json
	expect_left 2
	staunch
	expect_status 0
	grep -qF '2 known keys were left out' "$OUT"
}

@test ".staunchignore: paths as in gitignore, the same as git has them" {
	make_repository
	local files=(a b/a b/c/a b/c/d.txt b/d.log c/build/x build/y 'sp ace/f' doc/x/y/z.md doc/z.md '#hash' '!bang' deep/a/b/c/end 'br[1]' b1 star.txt é)
	local patterns=('a' '/a' 'b/' 'b' 'b/*' 'b/**' '**/a' 'b/**/a' 'build/' '/build' '*.log' '*.txt' '!b/c/d.txt' 'doc/**/z.md' 'doc/*/z.md'
		'sp ace' 'sp\ ace/' '\#hash' '\!bang' 'deep/**/end' 'deep/*/end' 'b[0-9]' 'br\[1\]' '[!a-d]*' '?' 'b/?' '**' '/**' 'star.*' 'é' 'x' 'y/' 'c/build'
		'b/c/' '/b/c/a' '*' '!*' 'b*/' 'no[' '')
	for file in "${files[@]}"; do
		mkdir -p "$(dirname "$file")"
		new_key >"$file"
	done
	expect_same() {
		cp .gitignore .staunchignore
		scan_json dir --ignored .
		expect '[.findings[].places[].path] | sort | .[]' \
			"$(printf '%s\n' "${files[@]}" | LC_ALL=C sort | while IFS= read -r file; do git check-ignore -q --no-index -- "./$file" || printf '%s\n' "$file"; done)"
	}
	for pattern in "${patterns[@]}"; do
		echo "# pattern '$pattern'"
		printf '%s\n' "$pattern" >.gitignore
		expect_same
	done
	# several, of which the last one counts
	for first in 'b/' 'b/*' '*.txt' '*' '/*'; do
		for second in '!b/c/' '!b/a' '!*.txt' '!/b' '!b/**'; do
			echo "# patterns '$first' '$second'"
			printf '%s\n%s\n' "$first" "$second" >.gitignore
			expect_same
		done
	done
}

@test ".staunchignore: paths count from the root, wherever the scan begins" {
	keys=($(new_key 2))
	make_repository
	mkdir -p src/test/fix
	printf '%s\n' "${keys[0]}" >src/test/fix/dummy
	printf '%s\n' "${keys[1]}" >src/real
	commit '2024-01-01T00:00:00 +0000'
	echo '/src/test/fix/   # dummies' >.staunchignore
	scan_json dir src
	expect_left 1 "${keys[1]}"
	scan_json dir "$PWD/src/"
	expect_left 1 "${keys[1]}"
	scan_json dir src/test/fix/dummy
	expect_left 1
	cd src/test
	scan_json dir . ..
	expect_left 1 "${keys[1]}"
	scan_json git
	expect_left 1 "${keys[1]}"
	cd "$T"
	scan_json dir repo/src
	expect_left 1 "${keys[1]}"
	scan_json repo
	expect_left 1 "${keys[1]}"
}

@test ".staunchignore: in history a path is left out, and the same content elsewhere is not" {
	key=$(new_key)
	make_repository
	mkdir fixtures
	printf '%s\n' "$key" >fixtures/dummy
	commit '2024-01-01T00:00:00 +0000'
	echo fixtures >.staunchignore
	commit '2024-01-02T00:00:00 +0000'
	scan_json git
	expect_left 1
	cp fixtures/dummy real
	commit '2024-01-03T00:00:00 +0000'
	git rm -q real
	commit '2024-01-04T00:00:00 +0000'
	scan_json git
	expect_left 0 "$key"
	expect '.findings[0].places | map(.path)' '["real"]'
	# commits and pushes
	printf '%s\n' "$(new_key)" >fixtures/other
	git add fixtures
	scan_json git --staged
	expect_left 1
	commit '2024-01-05T00:00:00 +0000'
	scan_json git --range HEAD~..HEAD
	expect_left 1
}

@test ".staunchignore: which one counts: the working tree's, in a bare repository that of HEAD" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >file
	fingerprint "$key" >.staunchignore
	commit '2024-01-01T00:00:00 +0000'
	git clone -q --bare . ../bare
	scan_json git ../bare
	expect_left 1
	rm .staunchignore
	scan_json git
	expect_left 0 "$key"
	git rm -q --cached .staunchignore
	commit '2024-01-02T00:00:00 +0000'
	git push -q ../bare main
	scan_json git ../bare
	expect_left 0 "$key"
	cd "$T"
	mkdir plain
	cp repo/file plain/
	scan_json dir plain
	expect_left 0 "$key"
	fingerprint "$key" >plain/.staunchignore
	scan_json dir plain
	expect_left 1
	scan_json dir plain/file
	expect_left 1
}

@test ".staunchignore: until: an expired entry counts as none, and is said" {
	keys=($(new_key 2))
	printf '%s\n' "${keys[0]}" >file
	printf '%s\n' "${keys[1]}" >other
	today=$(date -u +%F) yesterday=$(date -u -d '-1 day' +%F) tomorrow=$(date -u -d '+1 day' +%F)
	for date in "$today" "$tomorrow" 2999-12-31; do
		echo "file # a reason until=$date" >.staunchignore
		scan_json dir .
		expect_left 1 "${keys[1]}"
		[ ! -s "$ERR" ]
	done
	for date in "$yesterday" 2000-01-01; do
		printf '# first\nfile # a reason, until=%s and more\n' "$date" >.staunchignore
		scan_json dir .
		expect_left 0 "${keys[@]}"
		expect_message "/.staunchignore:2: 'file': expired, so it counts as none"
		[ "$(grep -c expired "$ERR")" -eq 1 ]
	done
	for date in '' tomorrow 2999-1-1 2999-02-30 2999-13-01 99999-01-01 2999-01-01x; do
		echo "file # until=$date" >.staunchignore
		scan_json dir .
		expect_left 0 "${keys[@]}"
		expect_message 'its date is none'
	done
	# a date that somebody meant and misspelled does not make an entry for ever; a reason may hold the word
	for comment in "until $yesterday" 'until: 2999-12-31' 'UNTIL: 2999-12-31' 'Until2999-12-31' 'until=2999-12-31 (until 2000-01-01)'; do
		echo "file # a reason, $comment" >.staunchignore
		scan_json dir .
		expect_left 0 "${keys[@]}"
		expect_message 'its date is none'
	done
	echo "file # until=2999-12-31 until=$yesterday" >.staunchignore
	scan_json dir .
	expect_left 0 "${keys[@]}"
	expect_message 'expired'
	for comment in 'kept until the test is gone' "Until=$tomorrow" until; do
		echo "file # $comment" >.staunchignore
		scan_json dir .
		expect_left 1 "${keys[1]}"
	done
	printf '%s # until=%s\n' "$(fingerprint "${keys[0]}")" "$yesterday" >.staunchignore
	scan_json dir .
	expect_left 0 "${keys[@]}"
}

@test ".staunchignore: what is none, hostile or unreadable allows nothing and hides nothing" {
	key=$(new_key)
	mkdir repo
	cd repo
	printf '%s\n' "$key" >file
	for line in "sha256:" "sha256:1234" "$(fingerprint "$key")0" "sha256:$(fingerprint "$key" | cut -d: -f2 | tr a-f A-F)" 'fi[' 'fil[[:lower:]]' "$(printf '%2000s' x | tr ' ' y)"; do
		printf '%s\n' "$line" >.staunchignore
		scan_json dir file
		expect_left 0 "$key"
		expect_message 'counts as none'
	done
	# a pattern made to be slow
	printf '%sb\n' "$(printf '*a%.0s' {1..400})" >.staunchignore
	mkdir "$(printf 'a%.0s' {1..200})"
	cp file "$(printf 'a%.0s' {1..200})/"
	timeout 20 "$STAUNCH" dir . --dry-run >/dev/null || [ $? -eq 1 ]
	head -c 2000000 /dev/zero | tr '\0' 'x' >.staunchignore
	scan_json dir file
	expect_left 0 "$key"
	rm .staunchignore
	mkfifo .staunchignore
	scan_json dir file
	expect_left 0 "$key"
	rm .staunchignore
	fingerprint "$key" >"$T/elsewhere"
	ln -s "$T/elsewhere" .staunchignore
	scan_json dir file
	expect_left 0 "$key"
	rm .staunchignore
	mkdir .staunchignore
	scan_json dir file
	expect_left 0 "$key"
}

@test "baseline: written sorted, read back, and merged with another's" {
	keys=($(new_key 3))
	printf '%s\n' "${keys[@]}" >file
	staunch dir file --write-baseline known
	expect_status 1
	[ "$(wc -l <known)" -eq 3 ]
	for key in "${keys[@]}"; do
		printf '%s  # vercel-ai-gateway-key %s\n' "$(fingerprint "$key")" "$(shortened "$key")"
	done | sort | cmp - known
	scan_json dir file --baseline known
	expect_left 3
	# moved, renamed, indented
	{ echo; printf '   %s\n' "${keys[@]}"; } >renamed
	rm file
	more=$(new_key)
	printf '%s\n' "$more" >>renamed
	scan_json dir renamed --baseline known
	expect_left 3 "$more"
	# what the other knows stays, with what a person wrote behind it
	sed -i '1s/#.*/a word from Ann/' known
	sort -R known >shuffled
	printf '\n# a comment\n' >>shuffled
	rm renamed
	printf '%s\n' "$more" >file
	staunch dir file --baseline shuffled --write-baseline known
	expect_status 1
	[ "$(wc -l <known)" -eq 4 ]
	sort -c known
	grep -q 'a word from Ann' known
	grep -qF "$(fingerprint "$more")" known
}

@test "baseline: a report of an earlier run, json or jsonl" {
	keys=($(new_key 2))
	printf '%s\n' "${keys[0]}" >file
	staunch dir file -f json:report.json -f jsonl:report.jsonl
	printf '%s\n' "${keys[1]}" >>file
	for report in report.json report.jsonl; do
		scan_json dir file --baseline $report
		expect_left 1 "${keys[1]}"
	done
	# a path that looks like a member of a report
	printf '{"findings":[{"path":"\\"fingerprint\\": \\"%s\\""}]}\n' "$(fingerprint "${keys[1]}")" >fake.json
	scan_json dir file --baseline fake.json
	expect_left 0 "${keys[@]}"
}

@test "baseline: one that cannot be read, or is none, is a mistake: nothing is scanned and nothing sent" {
	key=$(new_key)
	printf '%s\n' "$key" >file
	provider_start
	for text in x 'sha256:12' "$(fingerprint "$key")0"; do
		printf '%s\n' "$text" >known
		staunch_sending dir file --baseline known --endpoint "$AT"
		expect_status 2
		expect_message 'known:1: want a fingerprint'
	done
	for file in none . /dev/null; do
		staunch_sending dir file --baseline $file --endpoint "$AT"
		expect_status 2
	done
	expect_sent
}

@test "baseline: --write-baseline sends nothing, replaces the file as a whole or not at all" {
	key=$(new_key)
	printf '%s\n' "$key" >file
	provider_start
	echo 'sha256:0000000000000000000000000000000000000000000000000000000000000000' >known
	chmod 640 known
	staunch_sending dir file --write-baseline known --endpoint "$AT"
	expect_status 1
	expect_sent
	[ "$(stat -c %a known)" = 640 ]
	grep -qF "$(fingerprint "$key")" known
	[ "$(ls)" = "$(printf 'file\nknown')" ] || ls
	staunch dir file --write-baseline none/known
	expect_status 3
	expect_message "cannot write the baseline 'none/known'"
	[ "$(ls -A | grep -c known)" -eq 1 ]
}

@test "left out is not sent: by a mark, a fingerprint, a path, a baseline" {
	keys=($(new_key 5))
	mkdir work
	cd work
	echo "${keys[0]} # staunch:allow" >a
	echo "${keys[1]}" >b
	echo "${keys[2]}" >c
	echo "${keys[3]}" >d
	echo "${keys[4]}" >e
	printf '%s\nc\n' "$(fingerprint "${keys[1]}")" >.staunchignore
	fingerprint "${keys[3]}" >"$T/known"
	provider_start
	staunch_sending dir . --baseline "$T/known" --endpoint "$AT" -f json
	expect_sent "${keys[4]}"
	expect_left 4 "${keys[4]}"
	provider_reset
	staunch_sending dir . --no-repo-config --endpoint "$AT" -f json
	expect_sent "${keys[@]}"
}

@test "suppressed in a hook: staunch:allow, .staunchignore, --baseline" {
	keys=($(new_key 3))
	make_repository
	install_hook
	echo "${keys[0]} # staunch:allow" >a
	git add a
	git_runs commit -qm marked
	expect_passed
	echo "${keys[1]}" >b
	git add b
	git_runs commit -qm key
	expect_stopped 'commit stopped'
	grep -o 'sha256:[0-9a-f]*' "$ERR" >.staunchignore
	git_runs commit -qm key
	expect_passed
	echo "${keys[2]}" >c
	git add c
	fingerprint "${keys[2]}" >"$T/known"
	staunch hook run pre-commit --baseline "$T/known"
	expect_status 0
	staunch hook run pre-commit
	expect_status 1
	grep -qF 'staunch:allow' "$OUT"
	staunch hook run pre-commit --no-repo-config
	expect_status 1
	refute grep -qF 'staunch:allow' "$OUT"
}
