#!/usr/bin/env bats
# One table of commands and options: what --help, the manual page, the completions and the README say is what it holds, each of it and
# nothing else; and the completions work in the shells themselves.

load helpers
load hooks

ROOT=$BATS_TEST_DIRNAME/../..

setup() {
	begin_test
	table=$ROOT/scanner/cli/options.c
	options=$(sed -nE "s/^	\{ ('.'|0), \"([a-z-]+)\", .*OPTION_.*/\2/p" "$table")
	letters=$(sed -nE "s/^	\{ '(.)', \"([a-z-]+)\", .*OPTION_.*/\1/p" "$table")
	commands=$(sed -nE 's/^	\{ "([a-z]+)", COMMAND_.*/\1/p' "$table")
	[ "$(wc -w <<<"$options")" -ge 50 ] && [ "$(wc -w <<<"$letters")" -ge 6 ] && [ "$(wc -w <<<"$commands")" -ge 10 ]
}

# same_words WORDS WORDS: whatever their order, each once
same_words() {
	diff <(tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort) <(tr ' ' '\n' <<<"$2" | sed '/^$/d' | sort)
}

@test "--help has the table's commands, options and letters, each once, and no others" {
	staunch --help
	same_words "$options" "$(sed -n '/^options:/,/^exit codes:/p' "$OUT" | sed -nE 's/^  (-.,|   ) --([a-z-]+).*/\2/p')"
	same_words "$letters" "$(sed -nE 's/^  -(.), --.*/\1/p' "$OUT")"
	same_words "$commands" "$(sed -n '/^usage:/,/^options:/p' "$OUT" | sed -nE 's/^  ([a-z]+) .*/\1/p')"
}

@test "the manual page has them, and the exit codes, the version and its date" {
	local page=$T/staunch.1
	staunch --man
	expect_status 0
	cp "$OUT" "$page"
	cmp "$page" "$BUILD/staunch.1"
	sed 's/\\-/-/g;s/\\f[BIR]//g' "$page" >plain
	same_words "$options" "$(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' plain | grep -A1 '^\.TP' | sed -nE 's/^(-., )?--([a-z-]+).*/\2/p')"
	same_words "$letters" "$(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' plain | sed -nE 's/^-(.), --.*/\1/p')"
	same_words "$commands" "$(sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/p' plain | grep -A1 '^\.TP' | sed -nE 's/^([a-z]+).*/\1/p')"
	same_words '0 1 2 3 130' "$(sed -n '/^\.SH EXIT/,/^\.SH ENV/p' plain | sed -nE 's/^\.B ([0-9]+)/\1/p')"
	# what it says in other places of options and commands is true
	same_words '' "$(grep -oE -- '(^|[^a-z-])--[a-z-]+' plain | sed 's/.*--//' | sort -u | grep -vxF "$options")"
	same_words '' "$(grep -oE '^(\.B )?staunch [a-z]+' plain | grep -v '^staunch looks' | sed 's/.*staunch //' | sort -u | grep -vxF "$commands")"
	expect_message "\"staunch $(sed -n 's/^VERSION *:= *//p' "$ROOT/Makefile")\"" "$page"
	sed -n 's/^DATE *:= *//p' "$ROOT/Makefile" | grep -qE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}$'
	grep -q "^\.TH STAUNCH 1 $(sed -n 's/^DATE *:= *//p' "$ROOT/Makefile") " "$page"
}

@test "man, groff and mandoc render the page without a word of complaint" {
	local line
	staunch --man
	expect_status 0
	man --warnings -E UTF-8 -l "$OUT" >page 2>complaints
	[ ! -s complaints ]
	[ "$(wc -l <page)" -gt 150 ]
	groff -man -ww -Tutf8 "$OUT" 2>&1 >/dev/null | tee complaints
	[ ! -s complaints ]
	mandoc -T lint "$OUT"
	# nothing of roff is left over, and each text is there whole
	refute grep -nE '\\(f|\(|-|e)|^\.' page
	MANWIDTH=400 man --no-hyphenation --no-justification -l "$OUT" | tr -s ' \n' ' ' >flat
	staunch --help
	sed -nE '/^usage:/,/^exit codes:/s/^  .{31} ([^ ].*)/\1/p' "$OUT" >texts
	[ "$(wc -l <texts)" -gt 60 ]
	while IFS= read -r line; do
		grep -qF -- "$line" flat || { echo "not there: $line"; return 1; }
	done <texts
}

@test "the README has them, and nothing that the table does not know" {
	local line
	# what stands there of other programs' options stands behind their names
	sed -E 's/`?(git (commit|cat-file|log|branch)|fsck|rg|chromium)[^`]*`?//' "$ROOT/README.md" >readme
	grep -oE -- '(^|[^a-zA-Z-])--[a-z][a-z-]*' readme | sed 's/.*--//' | sort -u >named
	same_words '' "$(grep -vxF "$options" named)"
	same_words '' "$(grep -vxF -f named <<<"$options" | grep -vx help)"
	# lines that explain an option say it as --help does
	staunch --help
	tr -s ' ' <"$OUT" >help
	while IFS= read -r line; do
		grep -qxF -- "$line" help || { echo "--help has it otherwise: $line"; return 1; }
	done < <(sed -n '/^## Where it looks/,/^History is read/p' "$ROOT/README.md" | grep -E '^ {4,6}(-., )?    ?--|^      (-., |    )--' | tr -s ' ')
	# commands: in code
	{ sed -n 's/^    //p' readme; grep -oE '`[^`]*`' readme; } | grep -oE '(^|[^a-z./-])staunch [a-z]+' | sed 's/.*staunch //' | sort -u >said
	same_words '' "$(grep -vxF "$commands" said | grep -vxE 'pre')"
	for line in $commands; do grep -qE "^    staunch \[?$line\]?( |$)" "$ROOT/README.md" || { echo "no $line"; return 1; }; done
}

@test "each completion has all commands and options" {
	local shell word
	for shell in bash zsh fish; do
		staunch --completion $shell
		expect_status 0
		cmp "$OUT" "$BUILD/completion.$shell"
		for word in $options; do
			case $shell in fish) word="-l $word" ;; *) word=--$word ;; esac
			grep -qE -- "$word([^a-z-]|$)" "$OUT" || { echo "$shell: no $word"; return 1; }
		done
		for word in $commands; do grep -qw -- "$word" "$OUT"; done
	done
	staunch --completion tcsh
	expect_status 2
	expect_message "want bash, zsh or fish"
}

# what was typed, and the arguments that it becomes
TYPED=('staunch led\tex\t' '<ledger><export>' 'staunch git --sta\t' '<git><--staged>'
	'staunch -n git --ran\t' '<-n><git><--range>' 'staunch git --color al\t' '<git><--color><always>'
	'staunch git --color=al\t' '<git><--color=always>' 'staunch stdin -f cs\t' '<stdin><-f><csv>'
	'staunch report a\t-f html:pa\t' '<report><a file.json><-f><html:page.html>'
	'staunch hook install pre-p\t' '<hook><install><pre-push>' 'staunch --baseline pa\t' '<--baseline><page.html>'
	'staunch git --enable huggingface-access\t' '<git><--enable><huggingface-access-token>' 'staunch dir pa\t' '<dir><page.html>'
	'staunch --sandbox r\t--verb\t' '<--sandbox><require><--verbose>' 'staunch keys cr\t--refresh mon\t' '<keys><create><--refresh><monthly>')

@test "bash and zsh complete what is typed" {
	local shell i keys=()
	touch page.html 'a file.json'
	for ((i = 0; i < ${#TYPED[@]}; i += 2)); do keys+=("${TYPED[i]}"); done
	for shell in bash zsh; do
		PATH=$BUILD:$PATH "$BATS_TEST_DIRNAME/type_in" $shell "$BUILD/completion.$shell" "${keys[@]}" >typed 3>&-
		for ((i = 1; i < ${#TYPED[@]}; i += 2)); do echo "${TYPED[i]}"; done | diff - typed
	done
	# an option that means nothing to the command is not offered
	PATH=$BUILD:$PATH "$BATS_TEST_DIRNAME/type_in" bash "$BUILD/completion.bash" 'staunch stdin --stag\t' >typed 3>&-
	[ "$(cat typed)" = '<stdin><--stag>' ]
}

# fish_offers LINE: what fish would put there
fish_offers() {
	PATH=$BUILD:$PATH fish --no-config -c "source $BUILD/completion.fish; complete -C '$1'" 3>&- | cut -f1
}

@test "fish completes" {
	touch page.html 'a file.json'
	[ "$(fish_offers 'staunch led')" = ledger ]
	[ "$(fish_offers 'staunch ledger ex')" = export ]
	[ "$(fish_offers 'staunch git --sta')" = --staged ]
	[ "$(fish_offers 'staunch -n git --ran')" = --range ]
	[ "$(fish_offers 'staunch git --color al')" = always ]
	[ "$(fish_offers 'staunch git --color=al')" = --color=always ]
	[ "$(fish_offers 'staunch -f html:pa')" = html:page.html ]
	[ "$(fish_offers 'staunch hook install pre-p')" = pre-push ]
	[ "$(fish_offers 'staunch --enable hugg')" = huggingface-access-token ]
	[ "$(fish_offers 'staunch dir pa')" = page.html ]
	[ "$(fish_offers 'staunch report a')" = 'a file.json' ]
	[ -z "$(fish_offers 'staunch stdin --stag')" ]
	# what follows a verb is not offered as a verb
	[ -z "$(fish_offers 'staunch hook inst' | grep -v '^install$')" ]
}

@test "make install puts the page and the completions where man and the shells look; uninstall takes all of it away" {
	local folder=$T/root
	make -s -C "$ROOT" BUILD="$BUILD" place DESTDIR="$folder" PREFIX=/usr >/dev/null
	MANPATH=$folder/usr/share/man man -w staunch
	cmp "$BUILD/staunch.1" "$folder/usr/share/man/man1/staunch.1"
	cmp "$BUILD/completion.bash" "$folder/usr/share/bash-completion/completions/staunch"
	cmp "$BUILD/completion.zsh" "$folder/usr/share/zsh/site-functions/_staunch"
	cmp "$BUILD/completion.fish" "$folder/usr/share/fish/vendor_completions.d/staunch.fish"
	"$folder/usr/bin/staunch" --version
	make -s -C "$ROOT" BUILD="$BUILD" uninstall DESTDIR="$folder" PREFIX=/usr >/dev/null
	[ -z "$(find "$folder" -type f)" ]
}
