#!/usr/bin/env bats
# Goal: a key in an archive, a compressed stream, a document or a pack of git's is found wherever that lies, once, with the way to it; and
# what cannot be looked into is named, in bounded time and memory.

load helpers

ARCHIVES="zip zip-stored jar tar tgz cpio newc ar 7z"
STREAMS="gz bz2 xz lzma lzip zst lz4 compress zlib"

make_container() {
	"$BATS_TEST_DIRNAME/make_container" "$@"
}

# secret_file FILE [LINES]: a new key in $key and, on the line before the last but one of FILE, behind "key = "
secret_file() {
	key=$(new_key)
	{ yes 'a line of some text, as there are many' | head -n "${2:-3}"; printf 'key = %s\n' "$key"; echo end; } >"$1"
}

# big_file FILE [BYTES]: the same behind more than 1 MB that does not compress, so that every container of it comes in several windows
big_file() {
	key=$(new_key)
	{ head -c "${2:-1200000}" /dev/urandom | base64; printf 'key = %s\n' "$key"; } >"$1"
}

# make_all MAKER FOLDER: each format in FOLDER, with a key of its own; the keys in $keys, and in $folder.want what reports are to say of each
make_all() {
	local format line
	keys=()
	mkdir -p "$2"
	for format in $ARCHIVES $STREAMS; do
		"$1" plain
		keys+=("$key")
		if [ "$format" = ar ]; then name=member.env; else name=some/member.env; fi
		make_container "$format" "$2/x.$format" $name=plain
		case " $STREAMS " in *" $format "*) name=x ;; esac
		case $format in lzip | compress) name=data ;; esac
		line=$(grep -n '^key =' plain | cut -d : -f 1)
		printf '["x.%s",["%s"],%d,7]\n' "$format" "$name" "$line"
	done | sort >"$2.want"
	rm plain
}

# the loop above is a subshell of its pipe: read the keys from what make_key remembered
keys_made() {
	tail -n "$1" "$STAUNCH_TEST_OUTPUT/../keys"
}

FORMAT_COUNT=18

# expect_all KIND FOLDER: each container's key was found once, there
expect_all() {
	local found
	expect '.incomplete | length' 0
	expect '[.findings[].places_total] | unique | .[]' 1
	expect '[.findings[].places[].kind] | unique | .[]' "$1"
	found=$(json '.findings[].places[] | [(.path | sub(".*/"; "")), .archive_path, .line, .column]' | sort)
	[ "$found" = "$(cat "$2.want")" ] || { diff <(echo "$found") "$2.want"; return 1; }
	mapfile -t keys < <(keys_made $FORMAT_COUNT)
	expect_found "${keys[@]}"
}

@test "every format, as a file" {
	make_all secret_file all
	scan_json dir all
	expect_status 1
	expect_all file all
	# one thread and eight say the same
	cp "$OUT" one
	staunch dir all -f json -j 1
	same_but_times one "$OUT"
	staunch dir all -f json -j 8
	same_but_times one "$OUT"
}

@test "every format, as a file in several windows" {
	make_all big_file all
	scan_json dir all
	expect_status 1
	expect_all file all
}

@test "every format, on standard input" {
	local format maker
	for maker in secret_file big_file; do
		for format in $ARCHIVES $STREAMS; do
			$maker plain
			make_container "$format" x member.env=plain
			scan_json stdin <x
			expect_status 1
			expect_found "$key"
			expect '[.findings[].places[] | [.kind, (.archive_path | length)]] | .[]' '["stdin",1]'
			expect '.incomplete | length' 0
		done
	done
}

@test "every format, as blobs of history: loose, in windows, too, and packed" {
	local maker
	for maker in secret_file big_file; do
		make_all $maker "$T/$maker"
		make_repository "$T/repo.$maker"
		cp -r "$T/$maker" there
		commit '2024-01-01T00:00:00 +0000'
		git rm -rq there
		commit '2024-01-02T00:00:00 +0000'
		# what a stream holds has the name of its file, which nobody knows while history is read
		sed -i 's/\["x"\]/["data"]/' "$T/$maker.want"
		scan_json git .
		expect_status 1
		expect_all blob "$T/$maker"
		expect '[.findings[].places[].commit] | unique | .[]' "$(git rev-parse HEAD~1)"
		git repack -adq
		git prune
		scan_json git .
		expect_all blob "$T/$maker"
		cd "$T"
	done
}

@test "an archive that a pack holds in windows" {
	big_file plain 9000000 # windows of packs are of 8 MB
	make_repository
	make_container tgz x.tgz member.env=../plain
	commit '2024-01-01T00:00:00 +0000'
	git repack -adq
	scan_json git .
	expect_status 1
	expect_found "$key"
	expect '[.findings[].places[] | [.kind, .path, .archive_path, .commit]] | .[]' "[\"blob\",\"x.tgz\",[\"member.env\"],\"$commit\"]"
	expect '.incomplete | length' 0
}

@test "every format, staged and in a range; what stood there before is not new" {
	make_all secret_file all
	make_repository
	echo a >a
	commit '2024-01-01T00:00:00 +0000'
	cp -r ../all there
	git add -A
	scan_json git --staged
	expect_status 1
	expect_all index ../all
	commit '2024-01-02T00:00:00 +0000'
	scan_json git --range HEAD~1..HEAD
	expect_status 1
	expect_all blob ../all
	# the same key in an archive that is made anew
	head -c 100 /dev/urandom | base64 >other
	mapfile -t keys < <(keys_made $FORMAT_COUNT)
	printf 'key = %s\n' "${keys[0]}" >member
	make_container zip there/x.zip some/member.env=member other=other
	git add -A
	scan_json git --staged
	expect_status 0
	secret_file fresh
	make_container zip there/x.zip some/member.env=member fresh=fresh
	rm fresh other member
	git add -A
	scan_json git --staged
	expect_status 1
	expect_found "$key"
	expect '.findings[].places[].archive_path' '["fresh"]'
}

@test "it is told by its content and never by its name" {
	secret_file plain
	make_container zip notes.txt m=plain
	secret_file plain
	cp plain really.zip
	rm plain
	scan_json dir .
	expect_status 1
	expect '[.findings[].places[] | [.path, .archive_path]] | sort | .[]' '["notes.txt",["m"]]
["really.zip",[]]'
}

# nest DEPTH OUT: $key in a text in so many archives
nest() {
	local i
	secret_file inner
	for i in $(seq "$1"); do
		make_container zip outer.zip level=inner
		mv outer.zip inner
	done
	mv inner "$2"
}

@test "archives in archives: --archive-depth says how deep, and what is deeper is named" {
	nest 4 four.zip
	scan_json dir four.zip
	expect_status 1
	expect_found "$key"
	expect '.findings[].places[].archive_path' '["level","level","level","level"]'
	nest 5 five.zip
	scan_json dir five.zip
	expect_status 3
	expect '.findings | length' 0
	expect '.incomplete[] | [.what, .path]' '["archive-limit","five.zip"]'
	scan_json dir five.zip --archive-depth 5
	expect_status 1
	expect_found "$key"
	scan_json dir five.zip --archive-depth 0
	expect_status 0
}

@test "a compressed tar is one archive, and formats nest in each other" {
	secret_file plain
	make_container 7z a m.env=plain
	make_container tar b deep/a.7z=a
	make_container xz c x=b
	make_container zip d c.tar.xz=c
	make_container tgz e.tgz d.jar=d
	scan_json dir e.tgz
	expect_status 1
	expect_found "$key"
	expect '.findings[].places[] | [.path, .archive_path, .line]' '["e.tgz",["d.jar","c.tar.xz","deep/a.7z","m.env"],4]'
	# a bit deeper than the default
	make_container zip f.zip e.tgz=e.tgz
	scan_json dir f.zip
	expect_status 3
	expect '.incomplete[].what' archive-limit
}

@test "keys are not joined across members" {
	key=$(new_key)
	printf %s "${key:0:30}" >first
	printf %s "${key:30}" >second
	local format
	for format in $ARCHIVES; do
		make_container "$format" "x.$format" a=first b=second
	done
	rm first second
	scan_json dir .
	expect_status 0
	# the first part alone looks like a key that somebody cut: it stands in each, and nothing longer does
	expect '.findings | length' 1
	expect '.findings[] | [.confidence, .fingerprint]' "[\"possible\",\"$(fingerprint "${key:0:30}")\"]"
	expect '[.findings[].places[].archive_path] | unique | .[]' '["a"]'
}

@test "names of members are searched, folders once" {
	key=$(new_key)
	other=$(new_key)
	echo text >plain
	# the argument list of make_container has names: these keys are made up, and the test's own
	python3 - "$BATS_TEST_DIRNAME" 3<<<"$key
$other" <<'PYTHON'
import os, zipfile
key, other = os.fdopen(3).read().split()
with zipfile.ZipFile("x.zip", "w") as archive:
    for name in ("folder-%s/a" % key, "folder-%s/b" % key, "folder-%s/c/%s.txt" % (key, other)):
        archive.writestr(zipfile.ZipInfo(name), "text\n")
PYTHON
	sed -i 's/folder-/folder /g' x.zip # a key character before a key hides it
	rm plain
	scan_json dir .
	expect_status 1
	expect_found "$key" "$other"
	expect '[.findings[].places[] | [.kind, .path]] | unique | .[]' '["path","x.zip"]'
	expect '[.findings[].places_total] | .[]' '1
1'
	make_repository
	cp ../x.zip .
	commit '2024-01-01T00:00:00 +0000'
	scan_json git .
	expect_found "$key" "$other"
	expect '[.findings[].places[] | [.kind, .path, .commit]] | unique | .[]' "[\"path\",\"x.zip\",\"$commit\"]"
}

@test "what stands beside the members is found, and what stands in them not twice" {
	secret_file plain
	make_container zip-stored x.zip m=plain
	scan_json dir x.zip
	expect '.findings[].places_total' 1
	expect '.findings[].places[].archive_path' '["m"]'
	inside=$key
	comment=$(new_key)
	python3 - 3<<<"$comment" <<'PYTHON'
import os, zipfile
with zipfile.ZipFile("x.zip", "a") as archive:
    archive.comment = os.fdopen(3).read().encode()
PYTHON
	scan_json dir x.zip
	expect_status 1
	expect_found "$inside" "$comment"
	expect '[.findings[].places[].archive_path] | sort | .[]' '[]
["m"]'
	# behind the end of a gzip stream
	tail_key=$(new_key)
	{ gzip -c plain; printf ' %s ' "$tail_key"; } >y.gz
	scan_json dir y.gz
	expect_found "$inside" "$tail_key"
}

@test "two gzip streams in a row are one content, as gunzip has it" {
	key=$(new_key)
	{ printf 'a %s' "${key:0:20}" | gzip; printf '%s b' "${key:20}" | gzip; } >x.gz
	scan_json dir x.gz
	expect_status 1
	expect_found "$key"
	expect '.findings[].places[].offset' 2
}

@test "what is cut short is named, and what was readable is searched" {
	local format
	key=$(new_key)
	{ printf 'key = %s\n' "$key"; head -c 1500000 /dev/urandom | base64; } >plain
	for format in tar tgz cpio newc ar zip gz xz zst lz4 lzip bz2 zlib; do
		make_container "$format" whole m=plain
		head -c $(($(stat -c %s whole) * 3 / 4)) whole >"x.$format"
		scan_json dir "x.$format"
		expect_status 3
		expect_found "$key"
		expect '.incomplete[] | [.what, .path]' "[\"archive-damaged\",\"x.$format\"]"
	done
	# the last bytes before the end of a gzip stream, too
	secret_file plain
	gzip -c plain | head -c -9 >small.gz
	scan_json dir small.gz
	expect_status 3
	expect_found "$key"
	# nothing can be read of this one
	make_container 7z whole m=plain
	head -c -1 whole >x.7z
	scan_json dir x.7z
	expect_status 3
	expect '.incomplete[].what' archive-damaged
}

@test "a damaged member does not hide the next ones" {
	secret_file last
	head -c 20000 /dev/urandom | base64 >first
	make_container zip x.zip a=first b=last
	printf 'damage' | dd of=x.zip bs=1 seek=5000 conv=notrunc status=none
	rm first last
	scan_json dir .
	expect_status 3
	expect_found "$key"
	expect '.incomplete[] | [.what, .path]' '["archive-damaged","x.zip"]'
	json '.incomplete[].detail' | grep -q "^'a' (zip): "
}

@test "what is encrypted is named, and the rest is searched" {
	secret_file locked
	locked=$key
	secret_file open
	bsdtar -c --format zip --options zip:encryption=traditional --passphrase password -f x.zip locked
	python3 -c 'import zipfile; zipfile.ZipFile("x.zip", "a").write("open")'
	rm locked open
	scan_json dir .
	expect_status 3
	expect_found "$key"
	expect '.findings[].places[].archive_path' '["open"]'
	expect '.incomplete[] | [.what, .path]' '["archive-encrypted","x.zip"]'
	json '.incomplete[].detail' | grep -q "^'locked' (zip): it is encrypted"
}

# bounded KIND WORDS: the bomb is given up in bounded time and memory, and named
bounded() {
	make_container bomb "$1" bomb
	next_run
	status=0
	# the largest memory of all its processes, in kilobytes, is the last line
	STAUNCH_DRY_RUN=1 timeout --kill-after=1 60 python3 -c 'import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=open("memory", "w"))
sys.exit(code)' "$STAUNCH" dir bomb -f json >"$OUT" 2>"$ERR" || status=$?
	keep_output
	expect_status 3
	expect '.incomplete[] | [.what, .path]' "$(printf '["%s","bomb"]\n' $2)"
	# under a sanitizer memory says nothing
	if ! nm "$STAUNCH" 2>/dev/null | grep -q __asan_init; then
		[ "$(cat memory)" -lt 100000 ] || { echo "$1 took $(cat memory) KB"; return 1; }
	fi
	rm bomb
}

@test "bomb: ten gigabytes of zeroes" { bounded zeroes archive-limit; }
@test "bomb: zip files in zip files, as 42.zip" { bounded zips archive-limit; }
@test "bomb: nesting without end" { bounded nested archive-limit; }
@test "bomb: a gzip stream that holds itself" { bounded quine archive-limit; }
@test "bomb: a million members" { bounded members archive-limit; bounded tape archive-limit; }
@test "bomb: a file that is a hole of a terabyte" { bounded hole archive-limit; }
@test "bomb: a dictionary of three gigabytes" { bounded dictionary archive-limit; }
@test "bomb: a thousand packs, each of which would be none" { bounded packs 'archive-damaged archive-limit'; } # each object alone is too large to be held
@test "bomb: a pack of a million objects" { bounded entries archive-limit; }

@test "a pack counts by its size, not by what is first read of it" {
	local number
	git init -q inner
	head -c 5000000 /dev/urandom | git -C inner hash-object -w --stdin >ids
	for number in {1..40}; do
		{ echo "$number"; head -c 10000000 /dev/zero; } | git -C inner hash-object -w --stdin >>ids
	done
	secret_file last
	git -C inner hash-object -w --stdin <last >>ids
	git -C inner pack-objects --stdout --window=0 <ids >large.pack
	rm -r inner last
	scan_json dir large.pack
	expect_status 1
	expect_found "$key"
}

@test "what follows the end of a stream or an archive: members after a damaged one, tar after tar" {
	secret_file one; a=$key
	secret_file two; b=$key
	gzip -c one >first.gz
	gzip -nc two >second.gz
	{ cat first.gz; head -c 10 second.gz; head -c 20 /dev/zero; cat second.gz; } >damaged.gz
	scan_json dir damaged.gz
	expect_status 3
	expect_found "$a"
	expect '.incomplete[].what' archive-damaged
	# in a stream, so that only what is unpacked can show it
	gzip -c two >two.gz
	tar -cf x.tar one
	tar -cf y.tar two.gz
	cat x.tar y.tar >both.tar
	scan_json dir both.tar
	expect_status 1
	expect_found "$a" "$b"
}

@test "zlib streams behind the end of one: in a file of them, a PDF stream, a PNG chunk, behind a PNG image" {
	local letter
	for letter in a b c d e f g; do
		secret_file $letter
		keys+=("$key")
		make_container zlib $letter.zlib $letter=$letter
	done
	# an empty stream between two, and what only looks like one behind them
	python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(b""))' >empty
	{ cat a.zlib empty b.zlib; printf '\170\234 is how streams begin'; } >x.zlib
	make_container pdf-joined x.pdf c=c d=d
	make_container png-joined x.png e=e f=f g=g
	rm -- ? ?.zlib.* empty [a-g].zlib 2>/dev/null || true
	scan_json dir .
	expect_status 1
	expect_found "${keys[@]}"
	json '.findings[].places[] | [.path, .archive_path[0], .line]' | sed 's/at [0-9]*/at N/' | sort >found
	cat >want <<-'END'
		["x.pdf","stream at N",4]
		["x.pdf","stream at N",4]
		["x.png","behind IEND",4]
		["x.png","zTXt at N",4]
		["x.png","zTXt at N",4]
		["x.zlib","x",4]
		["x.zlib","zlib at N",4]
	END
	diff found want
	# one of them cut short is told
	head -c $(($(stat -c %s x.zlib) - 60)) x.zlib >cut.zlib
	scan_json dir cut.zlib
	expect_status 3
	expect '.incomplete[] | [.what, .path]' '["archive-damaged","cut.zlib"]'
}

@test "what links in archives point at is searched" {
	local format
	key=$(new_key)
	ln -s "https://host/$key" link
	echo text >text
	for format in zip 7zip cpio newc ustar pax; do
		bsdtar -c --format $format -f $format link text
		# so that only what is unpacked can show it
		gzip $format
	done
	python3 -c 'import io, sys, tarfile
archive = tarfile.open("hard.gz", "w:gz")
file, link = tarfile.TarInfo("text"), tarfile.TarInfo("link")
link.type, link.linkname = tarfile.LNKTYPE, "https://host/" + sys.stdin.read().strip()
archive.addfile(file, io.BytesIO())
archive.addfile(link)
archive.close()' <<<"$key"
	rm link text
	scan_json dir .
	expect_status 1
	expect_found "$key"
	expect '.findings[].places[] | [.path, .archive_path[-1], .line, .column]' \
		"$(for format in 7zip cpio hard newc pax ustar zip; do printf '["%s.gz","link",1,14]\n' $format; done)"
}

@test "a key in a small member of a tar archive is found wherever the windows that the archive comes in end" {
	local number
	mkdir members packed
	for number in {100..399}; do
		head -c 1400 /dev/zero | tr '\0' a >members/$number
	done
	for number in {100..396..8}; do
		key=$(new_key)
		keys+=("$key")
		printf '\n%s\n' "$key" >>members/$number
		tar -c --sort=name members | gzip -1 >packed/$number.tgz
		truncate -s 1400 members/$number
	done
	# and at the start of one that goes on far into the next window
	rm members/*
	for number in {1..5}; do head -c 100000 /dev/zero | tr '\0' a >members/$number; done
	for number in {1..5}; do
		key=$(new_key)
		keys+=("$key")
		{ printf '\n%s\n' "$key"; head -c 100000 /dev/zero | tr '\0' a; } >members/$number
		tar -c --sort=name members | gzip -1 >packed/$number.tgz
		head -c 100000 /dev/zero | tr '\0' a >members/$number
	done
	scan_json dir packed
	expect_status 1
	expect_found "${keys[@]}"
	expect '[.findings[].places[] | (.archive_path[-1] | sub("members/"; "")) + ".tgz" == (.path | sub(".*/"; ""))] | unique | .[]' true
}

@test "a bomb among other files hides none of them" {
	make_container bomb zeroes bomb
	secret_file plain
	scan_json dir .
	expect_status 3
	expect_found "$key"
}

@test "PDF streams, PNG text, SQLite, notebooks" {
	secret_file one; a=$key
	secret_file two; b=$key
	make_container pdf x.pdf one=one two=two
	secret_file three; c=$key
	secret_file four; d=$key
	secret_file five; e=$key
	secret_file six; f=$key
	make_container png x.png tEXt=three zTXt=four iTXt=five iCCP=six
	g=$(new_key)
	sqlite3 x.db 'create table notes(text)'
	printf "insert into notes values('key %s');" "$g" | sqlite3 x.db
	h=$(new_key)
	printf '{"cells": [{"cell_type": "code", "source": ["key = \\"%s\\"\\n"]}], "nbformat": 4}\n' "$h" >x.ipynb
	rm one two three four five six
	scan_json dir .
	expect_status 1
	expect_found "$a" "$b" "$c" "$d" "$e" "$f" "$g" "$h"
	expect '[.findings[].places[] | [.path, (.archive_path[0] // "" | sub(" at [0-9]+$"; ""))]] | sort | .[]' '["x.db",""]
["x.ipynb",""]
["x.pdf","stream"]
["x.pdf","stream"]
["x.png",""]
["x.png","iCCP"]
["x.png","iTXt"]
["x.png","zTXt"]'
	expect '.incomplete | length' 0
	# an encrypted document says so
	sed 's/\/Root/\/Encrypt 9 0 R \/Root/' x.pdf >y.pdf
	scan_json dir y.pdf
	expect_status 3
	expect '.incomplete[].what' archive-encrypted
}

# packed_repository: history in ../inner, whose objects hold the keys $keys: a blob, one that is a delta, a commit, a tag
packed_repository() {
	make_repository inner
	keys=()
	seq 1000 >file
	secret_file secret && keys+=("$key")
	commit '2024-01-01T00:00:00 +0000'
	secret_file extra && keys+=("$key")
	{ seq 500; cat extra; seq 501 1000; } >file
	rm extra
	keys+=("$(new_key)")
	commit '2024-01-02T00:00:00 +0000' "remove ${keys[2]}"
	keys+=("$(new_key)")
	printf 'tag %s\n' "${keys[3]}" | dated '2024-01-03T00:00:00 +0000' git tag -a -F - v1
	git repack -adfq --depth=50 --window=50
	cd ..
}

@test "git's bundles and packs, as files and as blobs" {
	packed_repository
	mkdir there
	git -C inner bundle create -q "$T/there/x.bundle" --all
	scan_json dir there
	expect_status 1
	expect_found "${keys[@]}"
	blob=$(git -C inner rev-parse v1:secret)
	expect "[.findings[].places[] | select(.archive_path == [\"$blob\"]) | [.kind, .path, .line, .column]] | .[]" '["file","there/x.bundle",4,7]'
	cp inner/.git/objects/pack/*.pack there/data
	rm there/x.bundle
	scan_json dir there
	expect_status 1
	expect_found "${keys[@]}"
	# with bases named by id, where the base is a delta itself, too
	git -C inner rev-list --objects --all | cut -c 1-40 | git -C inner pack-objects -q --stdout >there/data
	scan_json dir there
	expect_status 1
	make_repository
	cp -r ../there .
	commit '2024-01-01T00:00:00 +0000'
	scan_json git .
	expect_status 1
	expect '.findings | length' "$(json '.findings | length' "$T/stdout.$((RUNS - 1))")"
	expect '[.findings[].places[].path] | unique | .[]' there/data
	expect '.incomplete | length' 0
}

@test "a bundle whose history begins elsewhere is named as incomplete, and its deltas are searched as they are" {
	packed_repository
	mkdir there # a bundle that is an argument is a repository
	git -C inner bundle create -q "$T/there/thin.bundle" HEAD~1..HEAD
	scan_json dir there
	expect_status 3
	expect '.incomplete[] | [.what, .path]' '["missing-object","there/thin.bundle"]'
	expect_found "${keys[1]}" "${keys[2]}"
}

@test "a pack that is cut short, or that is no pack" {
	packed_repository
	cat inner/.git/objects/pack/*.pack >pack
	head -c -40 pack >cut.pack
	scan_json dir cut.pack
	expect_status 3
	expect '.incomplete[].what' archive-damaged
	# it counts fewer objects than it has
	{ head -c 8 pack; printf '\0\0\0\1'; tail -c +13 pack; } >short.pack
	scan_json dir short.pack
	expect_status 3
	expect '.incomplete | map([.what, (.detail | contains("bytes behind the last object"))])' '[["archive-damaged",true]]'
	printf 'PACK\0\0\0\2\377\377\377\377' >huge.pack
	scan_json dir huge.pack
	expect_status 3
	expect '.incomplete[].what' archive-damaged
	mkdir there
	printf '# v2 git bundle\n\nnonsense' >there/x.bundle
	scan_json dir there
	expect_status 3
	expect '.incomplete[].what' archive-damaged
}

@test "a .git folder in a tarball: loose objects and packs" {
	packed_repository
	tar -czf packed.tgz inner/.git
	( cd inner && unpack_everything )
	tar -czf loose.tgz inner/.git
	rm -r inner
	for archive in packed.tgz loose.tgz; do
		scan_json dir $archive
		expect_status 1
		expect_found "${keys[@]}"
		expect '.incomplete | length' 0
	done
	expect '[.findings[].places[] | .archive_path[1] // empty] | unique | .[]' 'blob
commit
tag'
	# positions are those in the object, without its header
	expect '[.findings[].places[] | select(.archive_path[1] == "blob") | [.line, .column]] | sort | .[0]' '[4,7]'
}

# delta_of FILE COMMIT BASE-COMMIT: FILE's blob is stored as a delta of its blob in BASE-COMMIT
delta_of() {
	git verify-pack -v .git/objects/pack/*.idx >"$T/entries"
	grep -q "^$(git rev-parse "$2:$1") blob .* $(git rev-parse "$3:$1")\$" "$T/entries" ||
		{ echo "git stored no such delta"; cat "$T/entries"; return 1; }
}

@test "an object that a delta makes an archive is looked into" {
	local format
	head -c 60000 /dev/urandom | base64 >lines
	head -n 700 lines >part
	for format in zip-stored tar; do
		secret_file plain
		gzip -9f plain # no plain text of the key in the archive
		make_repository repo.$format
		cp ../lines data
		commit '2024-01-01T00:00:00 +0000'
		make_container $format data part=../part key.gz=../plain.gz
		commit '2024-01-02T00:00:00 +0000'
		git repack -adfq --depth=50 --window=250
		delta_of data HEAD HEAD~1
		scan_json git .
		expect_status 1
		expect_found "$key"
		expect '.findings[].places[] | [.path, .archive_path, .line, .commit]' "[\"data\",[\"key.gz\",\"plain\"],4,\"$commit\"]"
		cd ..
	done
}

@test "a text that a delta makes of an archive is searched" {
	head -c 60000 /dev/urandom | base64 >lines
	make_repository
	make_container zip-stored data lines=../lines
	commit '2024-01-01T00:00:00 +0000'
	secret_file plain
	{ head -n 700 ../lines; cat plain; } >data
	rm plain
	commit '2024-01-02T00:00:00 +0000'
	git repack -adfq --depth=50 --window=250
	delta_of data HEAD HEAD~1
	scan_json git .
	expect_status 1
	expect_found "$key"
	expect '.findings[].places[] | [.path, .archive_path, .line]' '["data",[],704]'
}

@test "a clean pre-commit does not load libarchive, and one with an archive does" {
	make_repository
	echo a >a
	git add a
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded staunch git --staged
	expect_status 0
	cat "$T"/loaded.* | grep -q libgit2
	! cat "$T"/loaded.* | grep -q libarchive || return 1
	rm "$T"/loaded.*
	secret_file plain
	make_container tgz x.tgz m=plain
	rm plain
	git add x.tgz
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded staunch git --staged -f json
	expect_status 1
	expect_found "$key"
	cat "$T"/loaded.* | grep -q libarchive
}

@test "without libarchive an archive is named as not scanned" {
	secret_file plain
	make_container tgz x.tgz m=plain
	make_container gz y.gz m=plain
	rm plain
	# a folder that is searched first, with a file of that name that is no library
	mkdir empty
	echo none >empty/libarchive.so.13
	LD_LIBRARY_PATH=$T/empty staunch dir x.tgz -f json
	expect_status 3
	expect '.incomplete[] | [.what, .path]' '["archive-unsupported","x.tgz"]'
	json '.incomplete[].detail' | grep -q 'install the package libarchive13'
	LD_LIBRARY_PATH=$T/empty staunch dir y.gz -f json # gzip is zlib's
	expect_status 1
}

@test "the sandbox stays whole while archives are read" {
	make_all secret_file all
	scan_json dir all --sandbox require
	[ "$status" = 2 ] && skip "this kernel has not all of the sandbox"
	expect_status 1
	expect_all file all
	staunch dir all --sandbox off -f json
	expect_status 1
	expect_all file all
}
