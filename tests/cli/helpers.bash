# What the command-line tests share. `load helpers` gives each test an empty folder $T (its working folder, kept when
# the test fails) and the functions below. Tests run through tests/run, which sets STAUNCH, TOOLS and the rest.
#
# Two rules:
#  - Keys are made by new_key. They may stand in shell variables, and go to programs through files and pipes only: an
#    argument list is for all to read. Builtins (printf, [) have none.
#  - staunch runs through staunch or staunch_sending, which keep a copy of all that it writes for
#    zz_no_secret_leaks.bats, and which never let it send anywhere but where a test says.

bats_require_minimum_version 1.5.0

setup() { begin_test; }
teardown() { end_test; }

# A test file with a setup or teardown of its own calls these from it.
begin_test() {
	[ -n "${STAUNCH:-}" ] && [ -n "${STAUNCH_TEST_OUTPUT:-}" ] || { echo "run this through tests/run" >&2; return 1; }
	T=$(mktemp -d "${TMPDIR:-/tmp}/${BATS_TEST_FILENAME##*/}.$BATS_TEST_NUMBER.XXXXXX")
	RUNS=0 WRAPPER=()
	cd "$T" || return 1
}

end_test() {
	cd / || return 1
	if [ "${BATS_TEST_COMPLETED:-}" = 1 ] || [ -n "${BATS_TEST_SKIPPED:-}" ]; then
		chmod -R u+rwX "$T" 2>/dev/null
		rm -rf "$T"
	else
		echo "# kept: $T"
	fi
}

# ---- keys ----

# new_key [--bad-checksum|--loose] [--seed N] [COUNT]: print new keys, one a line, and remember them for
# zz_no_secret_leaks.bats. Without a variant staunch is certain of them.
new_key() {
	"$TOOLS/make_key" "$@" | tee -a "$STAUNCH_TEST_OUTPUT/../keys"
}

# fingerprint KEY: as reports show it
fingerprint() {
	local digest
	digest=$(printf %s "$1" | sha256sum)
	printf 'sha256:%s\n' "${digest%% *}"
}

# shortened KEY: as reports show it
shortened() {
	printf '%s…%s\n' "${1:0:8}" "${1: -4}"
}

# ---- running staunch ----

# staunch ARG...: run it as a dry run. Leaves its exit code in $status, its output in the files $OUT and $ERR. Standard
# input is the caller's. A test may set STAUNCH_DRY_RUN itself, when it sees to it that there is nothing to send.
staunch() {
	local -x STAUNCH_DRY_RUN=${STAUNCH_DRY_RUN-1}
	run_and_keep "$@"
}

# staunch_sending ARG...: the same, and what it finds is sent: to a local emulator, with --endpoint RULE=URL among
# the arguments. In a file that sets EACH_RUN_IS_THE_FIRST the default ledger remembers no run before it.
staunch_sending() {
	local argument before= local=
	for argument; do
		case $before in
		--endpoint | --verify-endpoint)
			case $argument in
			*=http://127.0.0.1:* | *=https://127.0.0.1:* | *=https://localhost:*) local=$local$before ;;
			*) echo "staunch_sending elsewhere than to this machine: $argument" >&2; return 1 ;;
			esac
			;;
		esac
		before=$argument
	done
	case $local in *--endpoint*) ;; *) echo "staunch_sending without a local --endpoint" >&2; return 1 ;; esac
	case " $* " in *" --verify "*) case $local in *--verify-endpoint*) ;; *) echo "--verify without a local --verify-endpoint" >&2; return 1 ;; esac ;; esac
	local -x STAUNCH_DRY_RUN=
	[ -z "${EACH_RUN_IS_THE_FIRST:-}" ] || rm -rf "$HOME/.local/state/staunch"
	run_and_keep "$@"
}

# without_privileges: from here on run it without root's right to read everything; skips the test where that
# cannot be done
without_privileges() {
	[ "$(id -u)" = 0 ] || return 0
	WRAPPER=(setpriv --bounding-set=-dac_override,-dac_read_search)
	"${WRAPPER[@]}" true 2>/dev/null || skip "root reads everything, and setpriv cannot take that away here"
}

# built_with_sanitizer: AddressSanitizer or ThreadSanitizer is in this build, which makes calls of its own and takes its time
built_with_sanitizer() { grep -q -e __asan_init -e __tsan_init "$STAUNCH"; }

run_and_keep() {
	next_run
	status=0
	"${WRAPPER[@]}" "$STAUNCH" "$@" >"$OUT" 2>"$ERR" 3>&- || status=$?
	keep_output "$@"
}

# next_run: name $OUT and $ERR for another run. Only for tests that start "$STAUNCH" themselves (in the
# background, in a pipe).
next_run() {
	RUNS=$((RUNS + 1))
	OUT=$T/stdout.$RUNS ERR=$T/stderr.$RUNS
}

# keep_output [ARG...]: copy what the run has written: $OUT, $ERR and the files of FMT:FILE arguments
keep_output() {
	local argument name="$STAUNCH_TEST_OUTPUT/${BATS_TEST_FILENAME##*/}.${BATS_TEST_NUMBER:-0}.$RUNS"
	local files=0
	for argument in "$OUT" "$ERR" "$@"; do
		case $argument in
		human:* | json:* | jsonl:* | sarif:* | gitlab:* | junit:* | csv:* | html:* | github:*) argument=${argument#*:} ;;
		"$OUT" | "$ERR") ;;
		*) continue ;;
		esac
		[ -f "$argument" ] || continue
		files=$((files + 1))
		cat "$argument" >"$name.$files"
	done
}

# ---- looking at what it wrote ----

# expect_status CODE: of the last run. Shows what it wrote when it is another.
expect_status() {
	[ "$status" -eq "$1" ] && return
	echo "exit code $status, not $1"
	echo "--- standard output"; head -c 8192 "$OUT"
	echo "--- standard error"; head -c 8192 "$ERR"
	return 1
}

# json FILTER [FILE]: jq on the last run's standard output, or on FILE; strings raw, one value a line
json() {
	jq -rc "$1" "${2:-$OUT}"
}

# expect FILTER VALUE [FILE]: the filter's output is exactly VALUE
expect() {
	local got
	got=$(json "$1" "${3:-$OUT}") || got="jq failed; $got"
	[ "$got" = "$2" ] && return
	printf '%s\n  is   %s\n  want %s\n' "$1" "$got" "$2"
	echo "--- the report"; head -c 8192 "${3:-$OUT}"
	echo "--- standard error"; head -c 8192 "$ERR"
	return 1
}

# expect_found KEY...: the report has exactly these findings, in any order
expect_found() {
	local key
	expect '[.findings[].fingerprint] | sort | .[]' "$(for key; do fingerprint "$key"; done | sort)"
}

# scan_json ARG...: staunch with a JSON report
scan_json() {
	staunch "$@" -f json
}

# same_but_times FILE FILE: two JSON reports that differ in nothing but when they were made
same_but_times() {
	cmp <(sed -E '/^ *"(started|finished)": /d' "$1") <(sed -E '/^ *"(started|finished)": /d' "$2")
}

# ---- repositories ----

# make_repository [FOLDER] [INIT-OPTION...]: a new repository (default: repo), and go there
make_repository() {
	local folder=${1:-repo}
	[ $# -gt 0 ] && shift
	git init -q "$@" "$folder"
	cd "$folder" || return 1
}

# dated DATE COMMAND...: with both of git's dates set
dated() {
	local -x GIT_AUTHOR_DATE=$1 GIT_COMMITTER_DATE=$1
	shift
	"$@"
}

# commit DATE [MESSAGE] [OPTION...]: everything in the working tree; leaves the commit's id in $commit
commit() {
	local date=$1 message=${2:-a commit}
	shift
	[ $# -gt 0 ] && shift
	git add -A
	printf '%s\n' "$message" | dated "$date" git commit -q --allow-empty --no-verify -F - "$@"
	commit=$(git rev-parse HEAD)
}

# age_everything: give up the reflogs, so that only references keep objects reachable
age_everything() {
	git reflog expire --expire=now --expire-unreachable=now --all
}

# unpack_everything: all objects loose
unpack_everything() {
	local folder pack
	folder=$(git rev-parse --git-path objects/pack)
	for pack in "$folder"/*.pack; do
		[ -f "$pack" ] || continue
		mv "$pack" "$T/unpacking"
		rm -f "${pack%.pack}".*
		git unpack-objects -q <"$T/unpacking"
		rm -f "$T/unpacking"
	done
}

# ---- Git LFS ----

# pointer ID SIZE: a pointer of Git LFS
pointer() { printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n' "$1" "$2"; }

# store: what comes on standard input goes into the store of the repository here; its id is in $id, its size in $size
store() {
	cat >"$T/large"
	id=$(sha256sum <"$T/large") id=${id%% *} size=$(wc -c <"$T/large")
	stored=.git/lfs/objects/${id:0:2}/${id:2:2}/$id
	mkdir -p "${stored%/*}"
	mv "$T/large" "$stored"
}
