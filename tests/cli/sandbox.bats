#!/usr/bin/env bats
# Goal: the scan process cannot get out of its sandbox, whatever it is made to do; the broker believes nothing it says and holds no more of
# it than it must; the run says what was in force; and what is legitimately read is still read.
# staunch_hostile is staunch with a scan process that was taken over (tests/cli/staunch_hostile.c).

load helpers
load provider

# hostile DEED [ARG...]: as scan_json, with the scan process doing DEED. It is under a time limit.
hostile() {
	local deed=$1
	shift
	next_run
	status=0
	STAUNCH_DRY_RUN=${STAUNCH_DRY_RUN-1} STAUNCH_TEST_SCAN=$deed STAUNCH_TEST_FILE=${FILE:-} STAUNCH_TEST_RULE=$(rule_number) \
		timeout 120 "$TOOLS/staunch_hostile" dir "$@" -f json inside >"$OUT" 2>"$ERR" 3>&- || status=$?
	keep_output
}

# rule_number: the place of $RULE among the rules of those files that have one which is on: others are not loaded for a scan
rule_number() {
	"$STAUNCH" rules list | awk -v rule="$RULE" 'NR > 1 { name[NR] = $1; file[NR] = $NF; if ($2 == "yes") on[$NF] = 1 }
		END { for (i = 2; i <= NR; i++) if (on[file[i]]) { if (name[i] == rule) print number + 0; number++ } }'
}

# what the hostile scan process told, or how it ended
outcome() { json '.incomplete[].detail'; }

# shut WAY...: each is answered with an error, or ends the process; nothing of it succeeds
shut() {
	local way
	for way; do
		hostile "$way"
		expect_status 3
		case $(outcome) in
		"$way: refused ("*) ;;
		*"signal 31 (Bad system call): it made a call that its sandbox forbids"*) ;;
		*) echo "$way is open: $(outcome)"; return 1 ;;
		esac
	done
}

# open_without WAY...: without a sandbox each succeeds, so that the tests above cannot pass for another reason
open_without() {
	local way
	for way; do
		hostile "$way" --sandbox off
		[ "$(outcome | head -1)" = "$way: SUCCEEDED" ] || { echo "$way: $(outcome)"; return 1; }
	done
}

need_landlock() {
	[ "$("$STAUNCH" dir -n -f json /dev/null | jq .sandbox.landlock_abi)" != null ] || skip "this kernel has no Landlock"
}

# AddressSanitizer and ThreadSanitizer make calls that the list otherwise forbids
need_a_plain_build() {
	! built_with_sanitizer || skip "this build's sanitizer needs the call itself"
}

begin_inside() {
	mkdir inside
	new_key >key
	KEY=$(<key)
	cp key inside/key
}

@test "a file outside of what is scanned cannot be opened, listed, or reached by a link" {
	need_landlock
	begin_inside
	mkdir other
	echo secret >other/file
	ln -s "$T/other/file" inside/link
	FILE=$T/other/file shut read read-openat2
	FILE=$T/other shut list
	FILE=$T/inside/link shut read
	FILE=/etc/passwd shut read
	FILE=$HOME/.netrc
	echo x >"$FILE"
	shut read
	FILE=$T/other/file open_without read read-openat2
}

@test "nothing can be written, made, renamed, removed or changed, inside or outside" {
	begin_inside
	echo before >outside
	for FILE in "$T/inside/key" "$T/outside"; do
		before=$(stat -c '%n %s %a %u %Y %Z' "$FILE"; ls)
		shut write write-by-reading truncate rename remove chmod chown utimes setxattr symlink link mkdir mkfifo
		[ "$(stat -c '%n %s %a %u %Y %Z' "$FILE"; ls | grep -v '^std')" = "$(grep -v '^std' <<<"$before")" ]
	done
	FILE=$T/inside/new shut create
	[ ! -e inside/new ]
	FILE=$T/outside open_without write chmod symlink rename
}

@test "no network: TCP, UDP, a socket in the file system" {
	begin_inside
	provider_start
	FILE=${URL##*:} shut connect-tcp datagram
	FILE=${URL##*:} open_without connect-tcp datagram
	expect_arrivals 0
	FILE=$T/socket shut connect-unix
}

@test "no other program and no other process" {
	need_a_plain_build
	begin_inside
	shut exec fork
	open_without fork
}

@test "the broker: not traced, not read, not written, not signalled, not limited" {
	begin_inside
	shut ptrace read-memory write-memory open-memory open-environment open-descriptor kill tgkill prlimit pidfd own-signals
	open_without kill prlimit
}

@test "no large door into the kernel" {
	begin_inside
	FILE=$T/key shut io-uring mount unshare bpf keyring type
}

@test "no new executable memory" {
	need_a_plain_build
	begin_inside
	shut mprotect-exec mmap-exec
	open_without mprotect-exec mmap-exec
}

@test "what the program was started with is closed: descriptors, standard input; standard output leads nowhere" {
	begin_inside
	echo confidential >secret
	exec 9<secret
	shut inherited
	exec 9<&-
	hostile stdin <secret
	[ "$(outcome)" = "stdin: refused (ENODATA)" ]
	# a forged line would make the report no JSON
	hostile stdout
	expect '.targets | length' 1
	refute grep -q FORGED "$OUT"
}

@test "tokens in the environment are not in the scan process" {
	need_landlock
	need_a_plain_build # reads /proc/self
	begin_inside
	export VERCEL_TOKEN=confidential GIT_CONFIG_PARAMETERS="'http.extraheader=TOKEN'"
	shut environment
}

@test "messages of the scan process cannot fill the disk" {
	begin_inside
	hostile messages
	[ "$(stat -c %s "$ERR")" -le $((17 << 20)) ]
	truncate -s 0 "$ERR"
}

@test "a scan process that dies: what it had found is revoked, and the exit code is 3" {
	provider_start
	begin_inside
	FILE=$T/inside/key
	STAUNCH_DRY_RUN='' hostile signal --yes --endpoint "$AT"
	expect_status 3
	expect_sent "$KEY"
	expect '.findings[0].revocation.state' accepted
	expect '.incomplete[].what' scan-process
	expect_message 'the scan process was ended by signal 11 (Segmentation fault): what it had found until then is kept'
	for deed in abort silent; do
		provider_reset
		STAUNCH_DRY_RUN='' hostile $deed --yes --endpoint "$AT"
		expect_status 3
		expect_sent "$KEY"
	done
}

@test "a scan process that is killed for a forbidden call keeps what it had found" {
	begin_inside
	FILE=$T/inside/key hostile forbidden
	expect_status 3
	expect_found "$KEY"
	expect_message 'ended by signal 31 (Bad system call): it made a call that its sandbox forbids'
}

@test "out of memory: the limit is named, the key is kept" {
	need_a_plain_build
	begin_inside
	FILE=$T/inside/key hostile memory
	expect_status 3
	expect_found "$KEY"
	outcome | grep -Eq '^the scan process ran out of memory at its limit of [0-9]+ MB: what it had found until then is kept$'
}

@test "--cpu-limit ends a scan that does not" {
	begin_inside
	FILE=$T/inside/key hostile work --cpu-limit 1
	expect_status 3
	expect_found "$KEY"
	expect '.incomplete[].detail' 'the scan process used up its 1 seconds of processor time (--cpu-limit): what it had found until then is kept'
	staunch dir --cpu-limit 0 inside
	expect_status 2
}

@test "a scan process that never ends, nor stops when asked, is ended" {
	begin_inside
	next_run
	STAUNCH_DRY_RUN=1 STAUNCH_TEST_SCAN=never STAUNCH_TEST_FILE=$T/inside/key STAUNCH_TEST_RULE=$(rule_number) \
		"$TOOLS/staunch_hostile" dir -f json inside >"$OUT" 2>"$ERR" 3>&- &
	broker=$!
	wait_for pgrep -P $broker >/dev/null # by then the broker takes signals
	sleep 1
	kill -TERM $broker
	status=0
	wait $broker || status=$?
	keep_output
	expect_status 130
	expect_found "$KEY"
}

@test "garbage, a hit of 4 GiB, what is no key: nothing is sent but the one key" {
	provider_start
	begin_inside
	FILE=$T/inside/key
	for deed in garbage 4-gib no-key targets; do
		provider_reset
		STAUNCH_DRY_RUN='' hostile $deed --yes --endpoint "$AT"
		expect_status 3
		expect_sent "$KEY"
	done
}

@test "a million hits: the broker's memory is bounded, and it sends none of them unasked" {
	! built_with_sanitizer || skip "the memory measured would be the sanitizer's"
	provider_start
	begin_inside
	new_key >inside/seed
	STAUNCH_DRY_RUN='' STAUNCH_TEST_SCAN=million STAUNCH_TEST_FILE=$T/inside/seed STAUNCH_TEST_RULE=$(rule_number) \
		"$BUILD/tests/bench/measure" "$TOOLS/staunch_hostile" dir --yes --endpoint "$AT" inside >measured 2>/dev/null 3>&-
	read -r _ _ kilobytes code <measured
	[ "$code" -eq 3 ]
	# what COLLECT_BYTES_MAX allows, and as much again for the program
	[ "$kilobytes" -lt $((1 << 20)) ]
	expect_arrivals 0
}

@test "hundreds of megabytes of what could not be scanned are counted, and the first thousand kept" {
	begin_inside
	hostile incomplete
	expect_status 3
	expect .summary.incomplete 50000
	expect '.incomplete | length' 1001
	: >"$OUT"
}

# ---- what is in force, and what the user is told ----

@test "the report says what was in force; the human one only with -v" {
	need_landlock
	begin_inside
	scan_json dir inside
	expect '.sandbox | keys_unsorted' '["mode","landlock_abi","seccomp"]'
	expect '.sandbox | [.mode, .landlock_abi > 0, .seccomp]' '["auto",true,true]'
	staunch dir inside
	refute grep -qi -e landlock -e seccomp "$OUT" "$ERR"
	staunch dir -v inside
	expect_message 'the scan process was under Landlock (version ' "$OUT"
	staunch dir --sandbox require inside
	expect_status 1
}

@test "--sandbox off: said in every report" {
	begin_inside
	scan_json dir --sandbox off inside
	expect_status 1
	expect .sandbox '{"mode":"off","landlock_abi":null,"seccomp":false}'
	staunch dir --sandbox off inside
	expect_message 'the sandbox was switched off: the scan process can do all that you can' "$OUT"
	refute grep -q sandbox "$ERR"
	staunch dir --sandbox maybe inside
	expect_status 2
}

@test "a kernel without Landlock or seccomp: auto says so once and goes on, require refuses" {
	begin_inside
	# ENOSYS: not built in; EOPNOTSUPP: switched off at start; EINVAL: seccomp not built in
	while read -r layer number words; do
		WRAPPER=("$TOOLS/without_call" $layer $number)
		scan_json scan inside
		expect_status 1
		expect_found "$KEY"
		[ "$(grep -c "^staunch: this kernel has no $words" "$ERR")" -eq 1 ]
		expect ".sandbox | [.landlock_abi == null, .seccomp == false]" "$([ $layer = landlock ] && echo '[true,false]' || echo '[false,true]')"
		staunch dir inside
		expect_message "this kernel has no $words" "$OUT"
		staunch dir -q inside
		[ ! -s "$ERR" ]
		scan_json dir --sandbox require inside
		expect_status 2
		[ ! -s "$OUT" ]
		expect_message "--sandbox require: this kernel has no $words"
		expect_message 'nothing was scanned'
		staunch dir --sandbox off inside
		expect_status 1
	done <<-END
		landlock 38 Landlock: the scan process can read every file that you can
		landlock 95 Landlock: the scan process can read every file that you can
		seccomp 38 seccomp: the scan process can make every call that needs no file
		seccomp 22 seccomp: the scan process can make every call that needs no file
	END
}

@test "without Landlock seccomp alone shuts writing, the network and other processes out" {
	begin_inside
	WRAP=("$TOOLS/without_call" landlock 38)
	for way in write create chmod rename connect-tcp exec fork ptrace read-memory kill tgkill; do
		# what sanitizers need themselves is open then, and a broker that is traced stops for good
		built_with_sanitizer && case $way in exec | fork | ptrace | read-memory) continue ;; esac
		next_run
		STAUNCH_DRY_RUN=1 STAUNCH_TEST_SCAN=$way STAUNCH_TEST_FILE=$T/key timeout 120 "${WRAP[@]}" "$TOOLS/staunch_hostile" dir -f json inside \
			>"$OUT" 2>"$ERR" 3>&- || true
		outcome | grep -q -e "^$way: refused (" -e 'signal 31' || { echo "$way: $(outcome)"; return 1; }
	done
}

# ---- what is read all the same ----

@test "alternates outside of the repository: as objects, and only those" {
	make_repository
	key=$(new_key)
	printf '%s\n' "$key" >file
	commit '2024-01-01T00:00:00 +0000'
	cd ..
	git clone -q --shared repo borrower
	scan_json git borrower
	expect_status 1
	expect_found "$key"
	expect .incomplete '[]'
	# loose and packed, in a folder of any name
	cp -r repo/.git/objects store
	git clone -q repo other
	rm -rf other/.git/objects/pack/* other/.git/objects/??
	echo "$T/store" >other/.git/objects/info/alternates
	scan_json git other
	expect_status 1
	expect_found "$key"
	expect .incomplete '[]'
}

@test "an alternate that is no folder of objects opens nothing" {
	need_landlock
	begin_inside
	mkdir -p private/pack
	echo secret >private/file
	git init -q inside/repo
	echo "$T/private" >inside/repo/.git/objects/info/alternates
	# the way out is tried with the repository around the target as what is read
	next_run
	STAUNCH_DRY_RUN=1 STAUNCH_TEST_SCAN=read STAUNCH_TEST_FILE=$T/private/file "$TOOLS/staunch_hostile" git -f json inside/repo \
		>"$OUT" 2>"$ERR" 3>&- || true
	[ "$(outcome)" = 'read: refused (EACCES)' ]
	ln -s "$T/private" inside/store
	mkdir inside/objects
	ln -s "$T/private" inside/objects/pack
	echo "$T/inside/objects" >inside/repo/.git/objects/info/alternates
	next_run
	STAUNCH_DRY_RUN=1 STAUNCH_TEST_SCAN=read STAUNCH_TEST_FILE=$T/private/file "$TOOLS/staunch_hostile" git -f json inside/repo \
		>"$OUT" 2>"$ERR" 3>&- || true
	[ "$(outcome)" = 'read: refused (EACCES)' ]
}

@test "a .git file, a commondir or a configuration cannot open what is not git's" {
	need_landlock
	mkdir -p private inside/.git
	echo secret >private/file
	printf '[core]\n\texcludesFile = %s/private/file\n[include]\n\tpath = %s/private/file\n' "$T" "$T" >inside/.git/config
	for way in config pointer common worktrees; do
		rm -rf inside/repo
		git init -q inside/repo
		case $way in
		config) cat inside/.git/config >>inside/repo/.git/config ;;
		pointer) rm -rf inside/repo/.git; echo "gitdir: $T/private" >inside/repo/.git ;;
		common) echo "$T/private" >inside/repo/.git/commondir ;;
		worktrees) mkdir -p inside/repo/.git/worktrees/x; echo "$T/private/file" >inside/repo/.git/worktrees/x/gitdir ;;
		esac
		next_run
		STAUNCH_DRY_RUN=1 STAUNCH_TEST_SCAN=read STAUNCH_TEST_FILE=$T/private/file \
			"$TOOLS/staunch_hostile" dir -f json inside/repo >"$OUT" 2>"$ERR" 3>&- || true
		[ "$(outcome)" = 'read: refused (EACCES)' ] || { echo "$way: $(outcome)"; return 1; }
	done
}

@test "a working tree whose repository lies elsewhere: its own target, or left out and said so" {
	need_landlock
	make_repository
	echo '.env' >.gitignore
	commit '2024-01-01T00:00:00 +0000'
	mkdir ../trees
	git worktree add -q ../trees/linked
	cd ..
	key=$(new_key)
	printf '%s\n' "$key" >trees/linked/.env
	# what git ignores there is not known: the key must not be revoked
	scan_json dir trees
	expect_status 3
	expect_found
	expect '.incomplete[] | [.what, .path]' '["unreadable-folder","trees/linked/"]'
	outcome | grep -q 'name it on its own, or use --ignored or --sandbox off'
	scan_json dir trees/linked
	expect_status 0
	scan_json dir --ignored trees
	expect_found "$key"
	scan_json dir --sandbox off trees
	expect_status 0
	scan_json git trees/linked
	expect_status 0
}

@test "what the user's configuration names is read: core.excludesFile, include.path" {
	begin_inside
	git init -q inside
	mkdir elsewhere
	export XDG_CONFIG_HOME=$T/xdg
	mkdir -p xdg/git
	printf '[include]\n\tpath = "%s/elsewhere/more" ; a comment\n' "$T" >xdg/git/config
	printf '[core]\n\texcludesFile = %s/elsewhere/ignored\n' "$T" >elsewhere/more
	echo key >elsewhere/ignored
	scan_json dir inside
	expect_status 0
	# the same from the repository's own: not opened, so its files are left out, and said
	rm xdg/git/config
	git -C inside config core.excludesFile "$T/elsewhere/ignored"
	if [ "$("$STAUNCH" dir -n -f json /dev/null | jq .sandbox.landlock_abi)" != null ]; then
		scan_json dir inside
		expect_status 3
		expect_found
	fi
	git -C inside config core.excludesFile ../inside/.ignored
	echo key >inside/.ignored
}

@test "a repository around folders that only look like one: its files are read, git's rules hold" {
	make_repository outer
	echo .env >.gitignore
	mkdir -p sub/objects sub/deep
	touch sub/HEAD sub/refs
	key=$(new_key) ignored=$(new_key)
	printf '%s\n' "$key" >sub/deep/a.ts
	printf '%s\n' "$ignored" >sub/deep/.env
	scan_json dir sub/deep
	expect_status 1
	expect_found "$key"
	expect .incomplete '[]'
}

@test "a git folder made of links into another (git-new-workdir)" {
	make_repository
	key=$(new_key)
	printf '%s\n' "$key" >file
	commit '2024-01-01T00:00:00 +0000'
	cd ..
	mkdir -p linked/.git/logs
	for part in config refs logs/refs objects info packed-refs; do
		[ ! -e "repo/.git/$part" ] || ln -s "$T/repo/.git/$part" "linked/.git/$part"
	done
	cp repo/.git/HEAD linked/.git
	scan_json git linked
	expect_status 1
	expect_found "$key"
	expect .incomplete '[]'
}

@test "hostile pointers: deep, many, in circles" {
	git init -q repo
	for ((i = 0; i < 3000; i++)); do echo "$T/stores/$((i % 40))"; done >list
	for ((i = 0; i < 40; i++)); do mkdir -p "stores/$i/info" "stores/$i/pack"; cp list "stores/$i/info/alternates"; done
	cp list repo/.git/objects/info/alternates
	printf '[include]\n\tpath = config\n\tpath = config\n\tpath = ../more\n' >>repo/.git/config
	for ((i = 0; i < 40; i++)); do printf '[include]\n\tpath = more\n\tpath = .git/config\n'; done >repo/more
	timeout 30 "$STAUNCH" git -n repo >"$T/out" 2>&1 3>&- || status=$?
	[ "${status:-0}" -le 3 ]
}

@test "a process substitution and /dev/stdin are read; nothing else that was open is" {
	begin_inside
	staunch dir <(cat key) -f json
	expect_status 1
	expect_found "$KEY"
	staunch dir /dev/stdin -f json <key
	expect_status 1
	expect_found "$KEY"
}

@test "a standard error that is a full file, a closed one, and a terminal change nothing" {
	begin_inside
	truncate -s 100M big
	status=0
	STAUNCH_DRY_RUN=1 "$STAUNCH" dir -v inside >"$T/o" 2>>big 3>&- || status=$?
	[ "$status" -eq 1 ]
	status=0
	STAUNCH_DRY_RUN=1 "$STAUNCH" dir -v inside >"$T/o" 2>&- 3>&- || status=$?
	[ "$status" -eq 1 ]
}
