# What the tests of git's hooks share. `load helpers` first. Here git itself runs staunch: as a dry run, whatever a test
# forgets, because STAUNCH_DRY_RUN is set for it.

# git_runs GIT-ARGUMENT...: run git with hooks; its exit code in $status, what it and its hooks wrote in $OUT and $ERR
git_runs() {
	local -x STAUNCH_DRY_RUN=1
	next_run
	status=0
	git "$@" >"$OUT" 2>"$ERR" 3>&- || status=$?
	keep_output
}

# expect_stopped WORDS: git refused, and the hook said so
expect_stopped() {
	[ "$status" -ne 0 ] || { echo "git went on"; cat "$ERR"; return 1; }
	expect_message "staunch: $1" "$ERR"
}

# expect_passed: git went on, and the hook said nothing
expect_passed() {
	expect_status 0
	refute grep -F 'staunch:' "$OUT" "$ERR"
}

# expect_message TEXT [FILE]: standard error (or FILE) holds it
expect_message() {
	grep -qF -- "$1" "${2:-$ERR}" && return
	printf 'no "%s" in:\n' "$1"
	head -c 8192 "${2:-$ERR}"
	return 1
}

# refute COMMAND...: it fails. (A test goes on after "! command", whatever becomes of it.)
refute() {
	if "$@"; then
		echo "this succeeded: $*"
		return 1
	fi
}

# install_hook ARGUMENT...: staunch hook install, which must succeed
install_hook() {
	staunch hook install "$@"
	expect_status 0
}
