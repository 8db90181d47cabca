#!/usr/bin/env bats
# staunch dir, stdin and scan: files of any kind and size, what is left out and why, and that nothing is left out in silence.

load helpers

# places_of KEY: [path, line, column, offset] of each place of this key
places_of() {
	json ".findings[] | select(.fingerprint == \"$(fingerprint "$1")\") | .places[] | [.path, .line, .column, .offset]"
}

@test "a file, and a folder with folders" {
	key=$(new_key) other=$(new_key)
	mkdir -p tree/a/b
	printf 'x = 1\ny = "%s"\n' "$key" >tree/config.py
	printf '%s' "$other" >tree/a/b/c
	scan_json dir tree/config.py
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places' '[{"target":0,"kind":"file","path":"tree/config.py","archive_path":[],"line":2,"column":6,"offset":11}]'
	expect '.findings[0] | [.places_total, .commits_total, .first_seen, .last_seen, .at_head]' '[1,null,null,null,false]'
	expect '.targets' '[{"kind":"dir","path":"tree/config.py","commits":0,"objects":1,"bytes":73}]'
	scan_json dir tree
	expect_status 1
	expect_found "$key" "$other"
	[ "$(places_of "$key")" = '["tree/config.py",2,6,11]' ]
	[ "$(places_of "$other")" = '["tree/a/b/c",1,1,0]' ]
	expect '.targets | map([.path, .objects, .bytes])' '[["tree",2,133]]'
}

@test "several paths, each a target; the same key in both is one finding" {
	key=$(new_key)
	mkdir one two
	printf '%s\n' "$key" | tee one/f >two/f
	scan_json dir one two/f
	expect_found "$key"
	expect '.findings[0].places | map([.target, .path])' '[[0,"one/f"],[1,"two/f"]]'
	expect '.targets | map(.path)' '["one","two/f"]'
}

@test "binary files: NUL bytes, no newline at all, bytes that are no UTF-8" {
	key=$(new_key)
	printf '\377\376\0\0\0%s\0\0\201' "$key" >binary
	scan_json dir binary
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places[0] | [.line, .column, .offset]' '[1,6,5]'
}

@test "empty files and empty folders" {
	mkdir -p tree/empty
	: >tree/nothing
	scan_json dir tree
	expect_status 0
	expect '[.findings, .incomplete, .targets[0].objects, .targets[0].bytes]' '[[],[],1,0]'
}

@test "a file of 3 GiB with a key at its end, in little memory" {
	key=$(new_key)
	truncate -s 3G huge
	printf '\n%s' "$key" >>huge
	# a sanitizer's own memory is not the program's
	grep -qE '__[at]san_init' "$STAUNCH" || ulimit -v 1500000
	scan_json dir huge -j 1
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places[0] | [.line, .column, .offset]' '[2,1,3221225473]'
	expect '.targets[0].bytes' 3221225533
}

@test "keys across every border of the windows that large files are searched in" {
	window=1048576 overlap=4672 end=$((3 * 1048576))
	new_key 60 >list
	yes '..............................................................................' | head -c $end >file
	cp file pipe
	n=0
	while read -r key; do
		# five shifts before each border, each in a file of its own, so that keys do not meet
		shift=$(((n % 5) * 15)) at=$((window + (n / 5 % 3) * (window - overlap)))
		case $((n / 15)) in
		0) offset=$((at - shift)) file=file0 ;;
		1) offset=$((at - overlap - shift)) file=file1 ;;
		2) offset=$((at - overlap + 512 - shift)) file=file2 ;;
		3) offset=$((at - 4096 - 64 - shift)) file=file3 ;;
		esac
		file=$file.$((n % 5))
		[ -f $file ] || cp pipe $file
		printf %s "$key" | dd of=$file bs=64 seek=$offset oflag=seek_bytes conv=notrunc status=none
		n=$((n + 1))
	done <list
	for file in file?.*; do
		LC_ALL=C grep -anbo -F -f list $file | sed "s/^\([0-9]*\):\([0-9]*\):.*/files\/$file \1 \2/"
	done | sort >expected
	[ "$(wc -l <expected)" = 60 ]
	mkdir files
	mv file?.* files
	scan_json dir files
	expect_status 1
	json '.findings[].places[] | "\(.path) \(.line) \(.offset)"' | sort | diff expected -
	expect '.findings | length' 60
	# the same through a pipe
	for file in files/file?.0; do
		scan_json stdin < <(cat $file)
		json '.findings[].places[] | "\(.line) \(.offset)"' | sort | diff <(grep -F "$file " expected | cut -d' ' -f2- | sort) -
	done
}

@test "a key at the first and at the last byte of a file of exactly one window, and one byte to either side" {
	for size in 1048575 1048576 1048577; do
		key=$(new_key) other=$(new_key)
		{ printf %s "$key"; head -c $((size - 120)) /dev/zero; printf %s "$other"; } >file
		[ "$(stat -c %s file)" = $size ]
		scan_json dir file
		expect_status 1
		expect_found "$key" "$other"
		expect '[.findings[].places[].offset] | sort' "[0,$((size - 60))]"
		expect '.targets[0].bytes' $size
	done
}

@test "files that may not be read" {
	key=$(new_key)
	mkdir tree
	printf '%s\n' "$key" >tree/readable
	printf '%s\n' "$(new_key)" >tree/secret
	chmod 0 tree/secret
	without_privileges
	scan_json dir tree
	expect_status 3
	expect_found "$key"
	expect '.incomplete' '[{"target":0,"what":"unreadable-file","path":"tree/secret","detail":"cannot read: Permission denied"}]'
	expect '.summary.incomplete' 1
	staunch dir tree
	expect_status 3
	grep -qF 'unreadable-file  tree/secret: cannot read: Permission denied' "$OUT"
	grep -qF '1 file could not be read: the scan is incomplete.' "$OUT"
}

@test "a folder that may not be entered" {
	key=$(new_key)
	mkdir -p tree/closed
	printf '%s\n' "$key" >tree/readable
	printf '%s\n' "$(new_key)" >tree/closed/secret
	chmod 0 tree/closed
	without_privileges
	scan_json dir tree
	expect_status 3
	expect_found "$key"
	expect '.incomplete | map([.what, .path, .detail])' '[["unreadable-folder","tree/closed/","cannot read: Permission denied"]]'
	# and one that may be entered but not listed
	chmod 111 tree/closed
	scan_json dir tree
	expect_status 3
	expect '.incomplete | map([.what, .path])' '[["unreadable-folder","tree/closed/"]]'
}

@test "a file whose reading fails half-way" {
	scan_json dir /proc/self/mem
	expect_status 3
	expect '.incomplete | map([.what, .path])' '[["unreadable-file","/proc/self/mem"]]'
}

@test "symbolic links are not followed, but one named on the command line is" {
	key=$(new_key)
	mkdir tree elsewhere
	printf '%s\n' "$key" >elsewhere/file
	ln -s ../elsewhere tree/folder
	ln -s ../elsewhere/file tree/file
	ln -s nowhere tree/dangling
	ln -s . tree/loop
	scan_json dir tree
	expect_status 0
	expect '[.findings, .incomplete, .targets[0].objects]' '[[],[],0]'
	scan_json dir tree/file
	expect_status 1
	expect_found "$key"
	scan_json dir tree/folder
	expect_status 1
	expect '.findings[0].places[0].path' tree/folder/file
}

@test "FIFOs, sockets and devices are skipped, and nobody waits for them" {
	key=$(new_key)
	mkdir tree
	printf '%s\n' "$key" >tree/file
	mkfifo tree/fifo
	perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) or die; bind(S, sockaddr_un("tree/socket")) or die'
	[ -S tree/socket ]
	if mknod tree/device c 1 5 2>/dev/null; then # /dev/zero has no end
		[ -c tree/device ]
	fi
	scan_json dir tree
	expect_status 1
	expect_found "$key"
	expect '[.incomplete, .targets[0].objects]' '[[],1]'
}

@test "file names from strangers: newline, escape sequences, bytes that are no UTF-8, bidirectional controls" {
	key=$(new_key)
	mkdir tree
	names=($'new\nline' $'red\e[31m\e]0;title\a' $'broken\377\300utf8' $'c1\xc2\x9b31m' $'rtl\u202egpj.exe' $'back\b\rspace' '-n' ' ')
	for name in "${names[@]}"; do
		printf '%s\n' "$key" >"tree/$name"
	done
	staunch dir tree
	expect_status 1
	# what people see: no byte that a terminal acts upon
	LC_ALL=C grep -c . "$OUT" >/dev/null
	run ! env LC_ALL=C grep -naP '[\x00-\x08\x0b-\x1f\x7f]' "$OUT"
	run ! env LC_ALL=C grep -naP '\xc2[\x80-\x9f]|\xe2\x80\xae|\xff' "$OUT"
	grep -qF 'new\x0aline' "$OUT"
	[ ! -s "$ERR" ]
	# what programs read: valid JSON, all names told apart
	scan_json dir tree
	expect_status 1
	expect_found "$key"
	iconv -f UTF-8 -t UTF-8 "$OUT" >/dev/null
	expect '.findings[0].places_total' ${#names[@]}
	expect '[.findings[0].places[].path] | map(select(startswith("tree/new"))) | .[0] == "tree/new\nline"' true
	expect '[.findings[0].places[].path] | any(. == "tree/broken\ufffd\ufffdutf8")' true
}

@test "a file that is called like a key: no report shows it whole" {
	key=$(new_key)
	mkdir tree
	printf '%s\n' "$key" >"tree/$key.txt"
	for format in human json jsonl; do
		staunch dir tree -f $format
		expect_status 1
		run ! grep -qF -f <(printf '%s\n' "${key:4:20}") "$OUT"
	done
}

@test "5,000 files in one folder, on one thread and on many" {
	new_key 5 >list
	mkdir tree
	for n in {1..5000}; do echo "$n" >"tree/$n"; done
	for n in 1 2499 2500 4999 5000; do
		read -r key
		printf '%s\n' "$key" >"tree/$n"
	done <list
	scan_json dir tree -j 1
	expect_status 1
	expect '.targets[0].objects' 5000
	expect '[.findings[].places[0].path]' '["tree/1","tree/2499","tree/2500","tree/4999","tree/5000"]'
	one=$OUT
	scan_json dir tree -j 8
	same_but_times "$one" "$OUT"
}

@test "a folder that is deep" {
	key=$(new_key)
	deep=tree
	for n in {1..200}; do deep=$deep/folder$n; done
	mkdir -p $deep
	printf '%s\n' "$key" >$deep/file
	scan_json dir tree
	expect_status 1
	expect '.findings[0].places[0].path' $deep/file
}

@test "a folder too deep for the system's paths is told, and the rest is read" {
	key=$(new_key)
	name=$(printf 'n%.0s' {1..200})
	mkdir tree
	printf '%s\n' "$key" >tree/file
	(
		cd tree
		for n in {1..25}; do mkdir "$name" && cd -P "$name"; done
		new_key >file
	)
	scan_json dir tree
	expect_status 3
	expect_found "$key"
	expect '.incomplete | map([.what, .detail])' '[["unreadable-folder","cannot read: File name too long"]]'
}

# ---- what git ignores ----

# make_ignoring: a repository whose .gitignore leaves out .env, build/ and *.log but !keep.log, each holding a key of ${keys[@]}
make_ignoring() {
	keys=($(new_key 6))
	make_repository tree
	printf '.env\nbuild/\n*.log\n!keep.log\n' >.gitignore
	mkdir -p build src
	printf '%s\n' "${keys[0]}" >.env
	printf '%s\n' "${keys[1]}" >build/out.js
	printf '%s\n' "${keys[2]}" >src/debug.log
	printf '%s\n' "${keys[3]}" >src/keep.log
	printf '%s\n' "${keys[4]}" >src/new.c
	printf '%s\n' "${keys[5]}" >src/tracked.log
	git add -f src/tracked.log
	cd ..
}

@test "inside a repository what git ignores is left out, but not what it tracks all the same" {
	make_ignoring
	scan_json dir tree
	expect_status 1
	expect_found "${keys[@]:3:3}"
	expect '[.findings[].places[].path] | sort' '["tree/src/keep.log","tree/src/new.c","tree/src/tracked.log"]'
}

@test "--ignored takes it in" {
	make_ignoring
	scan_json dir tree --ignored
	expect_status 1
	expect_found "${keys[@]}"
	# `.git` is never among the files
	expect '[.findings[].places[].path] | map(select(contains("/.git/")))' '[]'
}

@test "a subfolder of a repository: its root's rules count" {
	make_ignoring
	printf '/src/new.c\n' >>tree/.gitignore
	scan_json dir tree/src
	expect_status 1
	expect_found "${keys[3]}" "${keys[5]}"
	cd tree/src
	scan_json dir .
	expect_found "${keys[3]}" "${keys[5]}"
	expect '[.findings[].places[].path] | sort' '["keep.log","tracked.log"]'
	scan_json dir --ignored .
	expect_found "${keys[@]:2:4}"
}

@test "rules of subfolders and of .git/info/exclude" {
	make_ignoring
	printf 'new.c\n' >tree/src/.gitignore
	printf 'keep.log\n' >tree/.git/info/exclude
	scan_json dir tree
	expect_found "${keys[3]}" "${keys[5]}" # the .gitignore's !keep.log wins over exclude
	rm tree/src/.gitignore
	scan_json dir tree
	expect_found "${keys[@]:3:3}"
}

@test "an ignored folder with a tracked file: that one is looked at, the others are not" {
	keys=($(new_key 2))
	make_repository tree
	mkdir vendor
	printf '%s\n' "${keys[0]}" >vendor/tracked
	git add vendor/tracked
	echo vendor/ >.gitignore
	printf '%s\n' "${keys[1]}" >vendor/untracked
	cd ..
	scan_json dir tree
	expect_status 1
	expect_found "${keys[0]}"
}

@test "an ignored path that is named is left out with a note, and taken in with --ignored" {
	make_ignoring
	scan_json dir tree/.env
	expect_status 0
	expect '.findings' '[]'
	grep -qF "staunch: 'tree/.env' is ignored by git and was left out: --ignored takes it in" "$ERR"
	scan_json dir tree/build
	expect_status 0
	grep -qF -- --ignored "$ERR"
	scan_json dir tree/.env --ignored
	expect_status 1
	expect_found "${keys[0]}"
}

@test "nested repositories have their own rules" {
	keys=($(new_key 4))
	make_repository outer
	echo '*.txt' >.gitignore
	make_repository inner
	echo '*.md' >.gitignore
	printf '%s\n' "${keys[0]}" >a.txt
	printf '%s\n' "${keys[1]}" >b.md
	cd ..
	printf '%s\n' "${keys[2]}" >c.txt
	printf '%s\n' "${keys[3]}" >d.md
	cd ..
	scan_json dir outer
	expect_status 1
	expect_found "${keys[0]}" "${keys[3]}"
	scan_json dir outer/inner
	expect_found "${keys[0]}"
	# above both there is no repository
	scan_json dir .
	expect_found "${keys[0]}" "${keys[3]}"
}

@test "a nested repository that the outer one ignores is left out" {
	key=$(new_key)
	make_repository outer
	echo inner/ >.gitignore
	make_repository inner
	printf '%s\n' "$key" >file
	cd "$T"
	scan_json dir outer
	expect_status 0
	expect '.findings' '[]'
	scan_json dir outer/inner
	expect_status 1
	expect_found "$key"
}

@test "a broken .git leaves nothing out" {
	key=$(new_key)
	mkdir -p tree/.git
	echo secret >tree/.gitignore
	printf '%s\n' "$key" >tree/secret
	scan_json dir tree
	expect_status 1
	expect_found "$key"
}

@test "files inside a .git folder, when that is what is asked for" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >.git/description
	scan_json dir .git/description
	expect_status 1
	expect_found "$key"
	scan_json dir .git
	expect_status 1
	expect_found "$key"
}

# ---- standard input ----

@test "standard input: one line, and no newline at its end" {
	key=$(new_key)
	scan_json stdin < <(printf 'token: %s' "$key")
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places' '[{"target":0,"kind":"stdin","path":"(standard input)","archive_path":[],"line":1,"column":8,"offset":7}]'
	expect '.targets' '[{"kind":"stdin","path":"(standard input)","commits":0,"objects":1,"bytes":67}]'
}

@test "standard input with a name" {
	key=$(new_key)
	scan_json stdin --name build/log.txt < <(printf '\n%s\n' "$key")
	expect_found "$key"
	expect '.findings[0].places[0] | [.kind, .path, .line]' '["stdin","build/log.txt",2]'
	expect '.targets[0].path' build/log.txt
}

@test "empty standard input, and one that is closed" {
	scan_json stdin </dev/null
	expect_status 0
	expect '[.findings, .incomplete, .targets[0].bytes]' '[[],[],0]'
	scan_json stdin <&-
	expect_status 3
}

@test "large standard input that comes in small pieces, with a key across a border" {
	key=$(new_key) other=$(new_key)
	scan_json stdin -j 2 < <(
		head -c 1048546 /dev/zero | tr '\0' '.'
		printf %s "${key:0:30}"
		sleep 0.05
		printf '%s\n' "${key:30}"
		head -c 3000000 /dev/zero | tr '\0' '\n'
		printf %s "$other"
	)
	expect_status 1
	expect_found "$key" "$other"
	expect '[.findings[].places[] | [.line, .column, .offset]] | sort' '[[1,1048547,1048546],[3000002,1,4048607]]'
	expect '.targets[0].bytes' 4048667
}

@test "standard input that is a folder is not read in silence" {
	scan_json stdin <.
	expect_status 3
	expect '.incomplete | map(.what)' '["unreadable-target"]'
}

# ---- scan ----

@test "scan of a repository's root: history, index and files" {
	keys=($(new_key 5))
	make_repository tree
	echo .env >.gitignore
	printf '%s\n' "${keys[0]}" >old
	commit '2024-01-01T00:00:00 +0000'
	git rm -q old
	commit '2024-01-02T00:00:00 +0000'
	printf '%s\n' "${keys[1]}" >staged
	git add staged
	printf '%s\n' "${keys[2]}" >staged
	printf '%s\n' "${keys[3]}" >untracked
	printf '%s\n' "${keys[4]}" >.env
	scan_json scan
	expect_status 1
	expect_found "${keys[@]:0:4}"
	expect '.targets | map([.kind, .path])' '[["git","."],["dir","."]]'
	expect '[.findings[].places[] | [.target, .kind, .path]] | sort | .[]' '[0,"blob","old"]
[0,"index","staged"]
[1,"file","staged"]
[1,"file","untracked"]'
	scan_json scan --ignored
	expect_found "${keys[@]}"
	cd ..
	scan_json scan tree
	expect_status 1
	expect_found "${keys[@]:0:4}"
	expect '[.findings[].places[] | .path] | sort' '["old","staged","tree/staged","tree/untracked"]'
}

@test "scan without a command, of the working folder and of a path" {
	key=$(new_key)
	make_repository tree
	printf '%s\n' "$key" >file
	commit '2024-01-01T00:00:00 +0000'
	scan_json
	expect_status 1
	expect '.targets | map(.kind)' '["git","dir"]'
	expect '.findings[0].places | map(.kind)' '["blob","file"]'
	cd ..
	scan_json tree
	expect_status 1
	expect '.targets | map([.kind, .path])' '[["git","tree"],["dir","tree"]]'
}

@test "scan of any other path: its files, not the history round it" {
	keys=($(new_key 2))
	make_repository tree
	mkdir src
	printf '%s\n' "${keys[0]}" >src/gone
	commit '2024-01-01T00:00:00 +0000'
	git rm -q src/gone
	mkdir -p src
	printf '%s\n' "${keys[1]}" >src/here
	commit '2024-01-02T00:00:00 +0000'
	scan_json scan src
	expect_status 1
	expect_found "${keys[1]}"
	expect '.targets | map(.kind)' '["dir"]'
	scan_json scan src/here
	expect_found "${keys[1]}"
}

@test "scan of a bare repository: its history, and what else lies in its folder" {
	key=$(new_key)
	make_repository tree
	printf '%s\n' "$key" >file
	commit '2024-01-01T00:00:00 +0000'
	git clone -q --bare . ../bare.git
	cd ..
	beside=$(new_key)
	printf '%s\n' "$beside" >bare.git/notes.txt
	scan_json scan bare.git
	expect_status 1
	expect_found "$key" "$beside"
	expect '.targets | map(.kind)' '["git","dir"]'
}

@test "scan of several paths" {
	keys=($(new_key 2))
	make_repository tree
	printf '%s\n' "${keys[0]}" >file
	commit '2024-01-01T00:00:00 +0000'
	cd ..
	printf '%s\n' "${keys[1]}" >file
	scan_json tree file
	expect_status 1
	expect_found "${keys[@]}"
	expect '.targets | map([.kind, .path])' '[["git","tree"],["dir","tree"],["dir","file"]]'
}
