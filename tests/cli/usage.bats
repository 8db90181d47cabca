#!/usr/bin/env bats
# The command line: what is a mistake, what it says, and that --help tells all of it.

load helpers

# expect_mistake TEXT ARG...: exit code 2, nothing on standard output, one line on standard error that holds the text
expect_mistake() {
	local text=$1
	shift
	staunch "$@" </dev/null
	expect_status 2
	[ ! -s "$OUT" ]
	[ "$(wc -l <"$ERR")" = 1 ]
	grep -qF -- "staunch: $text" "$ERR" || { cat "$ERR"; return 1; }
}

@test "unknown options" {
	expect_mistake "unknown option '--no-such-option' (staunch --help lists what there is)" --no-such-option
	expect_mistake "unknown option '--no-such-option=3'" dir . --no-such-option=3
	expect_mistake "unknown option '-Z'" dir -Z .
	# the letter, wherever it stands among others
	expect_mistake "unknown option '-Z' (staunch" -nZ
	expect_mistake "unknown option '-Z' (staunch" -nZq dir .
	expect_mistake "unknown option '-Z' (staunch" -Z
	expect_mistake "unknown option '-Z' (staunch" dir . -Z -q
	expect_mistake "'-f' wants an argument, FMT[:FILE] (staunch" dir . -nf
}

@test "a mistyped option gets the nearest one" {
	expect_mistake "unknown option '--drry-run': did you mean --dry-run? (staunch" --drry-run
	expect_mistake "unknown option '--formta': did you mean --format? (staunch" dir . --formta json
	expect_mistake "unknown option '--min-confidance=likely': did you mean --min-confidence? (staunch" --min-confidance=likely
	expect_mistake "unknown option '--no': it could be --no-" --no
	for option in --no-repo-config --no-ledger --no-progress; do grep -qE -- "[ ,]$option[ ,]" "$ERR"; done
	expect_mistake "unknown option '--dry-run=no': --dry-run takes no argument (staunch" --dry-run=no
	# with one dash it is letters
	expect_mistake "unknown option '-d': did you mean --dry-run? (staunch" -dry-run
	expect_mistake "unknown option '-s': did you mean --staged? (staunch" git -n -staged
	# nothing is near: nothing is said
	expect_mistake "unknown option '--frobnicate' (staunch" --frobnicate
	expect_mistake "unknown option '--$(printf 'x%.0s' {1..500})' (staunch" "--$(printf 'x%.0s' {1..500})"
	# a beginning that is clear will do
	echo harmless >file
	staunch dir file --min-conf certain
	expect_status 0
}

@test "a mistyped command gets the nearest one, and so does a verb" {
	expect_mistake "cannot read 'gti': No such file or directory: did you mean the command 'git'?" gti
	expect_mistake "cannot read 'ledgr': No such file or directory: did you mean the command 'ledger'?" ledgr list
	expect_mistake "'frob' is no command, and there is no such file or folder (staunch --help lists what there is)" frob
	expect_mistake "cannot read './frob': No such file or directory" ./frob
	expect_mistake "cannot read 'frob': No such file or directory" dir frob
	expect_mistake "cannot read 'revok': No such file or directory: did you mean the command 'revoke'?" -n revok
	for arguments in 'scan gti' '-- gti' 'dir gti' './gti'; do
		expect_mistake "cannot read '${arguments##* }': No such file or directory" $arguments
		[ "$(grep -c 'did you mean' "$ERR")" = 0 ]
	done
	# one that is there is a path, whatever it is like
	echo harmless >gti
	staunch gti
	expect_status 0
	expect_mistake "rules wants one of list, check and test, not 'lst': did you mean list?" rules lst
	expect_mistake "hook wants one of install, uninstall and run, not 'instal': did you mean install?" hook instal
	expect_mistake "ledger wants one of list, export, verify and retry, not 'rerty': did you mean retry?" ledger rerty
	expect_mistake "keys wants one of list, create, delete and rotate, not 'rm' (staunch" keys rm
	expect_mistake 'keys wants one of list, create, delete and rotate (staunch' keys
	expect_mistake 'ledger wants one of list, export, verify and retry (staunch' ledger
	expect_mistake 'hook wants one of install, uninstall and run (staunch' hook
}

@test "options out of place" {
	make_repository
	for line in '--staged scan' '--staged dir .' '--range=a..b stdin' '--name=x git' '--name=x dir .' '--ignored git' \
		'--ignored stdin' '-j2 revoke' '--jobs=2 rules list' '-n rules list' '-fjson rules list' '--staged revoke' \
		'--retries=1 rules list'; do
		staunch $line </dev/null
		expect_status 2
		[ ! -s "$OUT" ]
		grep -qE "^staunch: --[a-z-]+ means nothing to (scan|git|dir|stdin|revoke|rules) " "$ERR"
	done
	# without a command it is scan
	expect_mistake '--staged means nothing to scan' --staged
	expect_mistake '--range means nothing to scan' --range a..b
}

@test "options without their argument, and arguments without a use" {
	expect_mistake "'--format' wants an argument" dir . --format
	expect_mistake "'-f' wants an argument" dir . -f
	expect_mistake "'--range' wants an argument, A..B (staunch" git --range
	expect_mistake "unknown option '--dry-run=no'" dir . --dry-run=no
}

@test "numbers" {
	for value in 0 257 -1 +2 1x ' 2' '' 2.5 0x10 99999999999999999999; do
		expect_mistake "--jobs '$value': want a whole number from 1 to 256" dir . --jobs "$value"
	done
	for value in 0 3601 -1 ''; do
		expect_mistake "--timeout '$value': want a whole number from 1 to 3600" dir . --timeout "$value"
	done
	expect_mistake "--retries '21': want a whole number from 0 to 20" dir . --retries 21
	expect_mistake "--max-revocations '1000001': want a whole number from 0 to 1000000" dir . --max-revocations 1000001
	echo harmless >file
	for jobs in 1 256; do
		staunch dir file -j $jobs
		expect_status 0
	done
}

@test "words" {
	expect_mistake "--min-confidence 'high': want certain, likely or possible" dir . --min-confidence high
	expect_mistake "--color 'sometimes': want auto, always or never" dir . --color sometimes
	staunch dir . -f xml
	expect_status 2
	for format in human json jsonl; do grep -qw "$format" "$ERR"; done
	[ ! -s "$OUT" ]
	expect_mistake "--enable 'nosuchrule': there is no such rule or provider" dir . --enable nosuchrule
	expect_mistake "--disable 'nosuchrule': there is no such rule or provider" dir . --disable nosuchrule
	expect_mistake "--enable 'githb': there is no such rule or provider, did you mean 'github'?: staunch rules list shows them" dir . --enable githb
}

@test "operands" {
	expect_mistake "stdin takes no arguments, and 'file' is one" stdin file
	expect_mistake "revoke takes no arguments, and 'file' is one" revoke file
	expect_mistake "git takes one repository, and 'b' is a second" git a b
	expect_mistake 'dir wants a file or a folder' dir
	expect_mistake 'rules wants one of list, check and test' rules
	expect_mistake "rules wants one of list, check and test, not 'frobnicate'" rules frobnicate
	expect_mistake '--staged, --range and --ci exclude each other' git --staged --range a..b
}

@test "two reports to standard output" {
	new_key >file
	for formats in '-f json -f human' '-f json:- -f jsonl' '-f human -f human:-' '-f json -f json -f jsonl:x'; do
		staunch dir file $formats
		expect_status 2
		[ ! -s "$OUT" ]
		grep -qF 'reports would go to standard output: write the others to a file, as -f json:FILE' "$ERR"
		[ ! -e x ] # nothing of a report stays behind
	done
	# one there and others in files is what -f is for
	staunch dir file -f human -f json:out.json -f jsonl:out.jsonl
	expect_status 1
	expect '.findings | length' 1 out.json
	[ "$(jq -rc .type out.jsonl)" = $'finding\nsummary' ]
	# none there at all
	staunch dir file -f json:out.json
	expect_status 1
	[ ! -s "$OUT" ]
}

@test "--help from everywhere" {
	for arguments in --help -h 'git --help' '--help dir' 'stdin -h'; do
		staunch $arguments
		expect_status 0
		[ ! -s "$ERR" ]
		grep -q '^usage: staunch' "$OUT"
		for code in 0 1 2 3 130; do grep -qE "^  $code +[a-z]" "$OUT"; done
	done
}

@test "--version --verbose: the libraries with their versions, and the sandbox" {
	staunch --version -v
	expect_status 0
	[ "$(head -n 1 "$OUT")" = "$("$STAUNCH" --version)" ]
	[ "$(sed -nE 's/^  ([A-Za-z0-9]+) +[0-9]+\.[0-9.]*[0-9]( .*)?$/\1/p' "$OUT" | tr '\n' ' ')" = \
		'libgit2 libdeflate zlib PCRE2 Vectorscan cJSON OpenSSL libseccomp libarchive libcurl SQLite libpq ' ]
	[ "$(awk '$1 == "libgit2" { print $2 }' "$OUT")" = "$(pkg-config --modversion libgit2)" ]
	[ "$(awk '$1 == "SQLite" { print $2 }' "$OUT")" = "$(pkg-config --modversion sqlite3)" ]
	[ "$(awk '$1 == "libcurl" { print $2 }' "$OUT")" = "$(curl --version | awk 'NR == 1 { print $2 }')" ]
	[ "$(tail -n 1 "$OUT" | cut -c1-9)" = 'sandbox: ' ]
	if staunch dir "$T" --sandbox require; then :; fi
	if [ "$status" -eq 0 ]; then
		staunch --version -v
		grep -qE '^sandbox: Landlock \(version [1-9][0-9]*\) and seccomp$' "$OUT"
	fi
	staunch --version -v --sandbox off
	grep -qxF 'sandbox: the sandbox was switched off: the scan process can do all that you can' "$OUT"
}

@test "--help and --version win over a call that would be wrong" {
	staunch git a b c --help
	expect_status 0
	grep -q '^usage: staunch' "$OUT"
	staunch --version
	expect_status 0
	[[ "$(cat "$OUT")" =~ ^staunch\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "README and --help name the same exit codes" {
	staunch --help
	readme=$BATS_TEST_DIRNAME/../../README.md
	sed -n '/^exit codes:/,$p' "$OUT" | sed -nE 's/^ +([0-9]+) +(.*)/\1 \2/p' >help
	[ "$(wc -l <help)" = 5 ]
	while read -r code text; do
		grep -qE "^    $code +${text:0:24}" "$readme"
	done <help
}

@test "-- ends the options; options may stand anywhere before it" {
	key=$(new_key)
	printf '%s\n' "$key" >-n
	printf '%s\n' "$key" >--help
	scan_json dir -- -n --help || true
	# -f json came behind --: those are names of files that are not there
	expect_status 2
	staunch dir -f json -- -n --help
	expect_status 1
	expect '[.findings[0].places[].path] | sort' '["--help","-n"]'
	mkdir git
	printf '%s\n' "$key" >git/file
	scan_json ./git
	expect_status 1
	expect '.targets[0].kind' dir
	staunch -f json dir git -j 2 -q
	expect_status 1
}

@test "-- : what stands behind it is no command" {
	key=$(new_key)
	mkdir git dir
	printf '%s\n' "$key" >git/file
	printf 'harmless\n' >dir/file
	staunch -f json -- git
	expect_status 1
	expect '.targets | map(.kind, .path)' '["dir","git"]'
	expect_found "$key"
	staunch -f json -- dir git
	expect_status 1
	expect '.targets | map(.path)' '["dir","git"]'
	# before it there may be one
	staunch dir -f json -- git
	expect_status 1
	expect '.targets | map(.kind, .path)' '["dir","git"]'
	staunch dir -f json dir -- git
	expect '.targets | map(.path)' '["dir","git"]'
	expect_mistake "cannot read 'rules'" -- rules list
	staunch rules -- list
	expect_status 0
	# POSIXLY_CORRECT changes nothing
	POSIXLY_CORRECT=1 staunch dir git -f json
	expect_status 1
	expect_found "$key"
}

@test "STAUNCH_DRY_RUN: anything but nothing and 0 is yes" {
	# below --min-confidence: whatever the answer, there is nothing to send
	new_key --bad-checksum >file
	for value in 1 yes true no 00 ' '; do
		STAUNCH_DRY_RUN=$value scan_json dir file --min-confidence certain
		expect '.dry_run' true
	done
	for value in 0 ''; do
		STAUNCH_DRY_RUN=$value scan_json dir file --min-confidence certain
		expect '.dry_run' false
		STAUNCH_DRY_RUN=$value scan_json dir file --min-confidence certain -n
		expect '.dry_run' true
	done
	# and with something to send
	new_key >file
	STAUNCH_DRY_RUN=1 scan_json dir file
	expect_status 1
	expect '[.dry_run, .findings[0].revocation.state]' '[true,"dry-run"]'
	STAUNCH_DRY_RUN=1 scan_json dir file --yes
	expect '[.dry_run, .findings[0].revocation.state]' '[true,"dry-run"]'
}

@test "--quiet and --verbose" {
	make_repository tree
	echo secret >.gitignore
	new_key >secret
	cd ..
	staunch dir tree/secret
	[ -s "$ERR" ]
	staunch dir tree/secret -q
	expect_status 0
	[ ! -s "$ERR" ]
	# errors are always told
	staunch dir nowhere -q
	expect_status 2
	[ -s "$ERR" ]
	staunch dir tree/secret --ignored -v
	expect_status 1
}

@test "--disable and --enable choose rules" {
	key=$(new_key)
	printf '%s\n' "$key" >file
	scan_json dir file --disable vercel-ai-gateway-key
	expect_status 0
	expect '.findings' '[]'
	scan_json dir file --disable vercel --enable vercel-ai-gateway-key
	[ "$status" -eq 0 ] || [ "$status" -eq 1 ]
	scan_json dir file --enable vercel
	expect_status 1
	expect_found "$key"
}

# on_a_terminal COMMAND: with standard output and error on one, 60 columns wide; what came there in $T/seen
on_a_terminal() {
	TERM=${TERM_NAME:-xterm} script -qec "stty cols 60 2>/dev/null; $1" /dev/null 2>&1 3>&- </dev/null | tr '\r' '\n' >"$T/seen"
}

@test "progress: how far the scan is, on a terminal, wiped at the end; quiet in a pipe and where it is not wanted" {
	for option in '' --no-progress --quiet; do
		on_a_terminal "{ sleep 1.5; echo harmless; } | '$STAUNCH' stdin $option"
		if [ -z "$option" ]; then
			grep -qE '[0-9]+ objects, 0.0 GB, 0 MB/s, 0 found' seen
			grep -aq "$(printf '^\033\\[K')no credential found" seen
		else
			refute_progress
		fi
	done
	TERM_NAME=dumb on_a_terminal "{ sleep 1.5; echo harmless; } | '$STAUNCH' stdin"
	refute_progress
	on_a_terminal "{ sleep 1.5; echo harmless; } | '$STAUNCH' stdin 2>piped"
	refute_progress
	[ ! -s piped ]
}

refute_progress() {
	if grep -a 'objects, ' seen; then return 1; fi
	grep -q 'no credential found' seen
}
