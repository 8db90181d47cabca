#!/usr/bin/env bats
# Goal: what somebody puts into a repository or a folder to stop the scan, to blind it, or to make it lie does none of that.
# Each of these hung, crashed or was passed over in silence once.

load helpers

# within SECONDS COMMAND...: an answer in time, whatever it is
within() {
	timeout --kill-after=1 "$@"
}

# scan_within SECONDS ARG...: as scan_json, ended when it takes longer (status 124)
scan_within() {
	local seconds=$1
	shift
	next_run
	status=0
	STAUNCH_DRY_RUN=1 within "$seconds" "$STAUNCH" "$@" -f json >"$OUT" 2>"$ERR" 3>&- || status=$?
	keep_output
}

@test "a loose object that is cut short, as commit, staged blob and blob of a range" {
	make_repository
	echo a >a
	commit '2024-01-01T00:00:00 +0000'
	echo b >a
	commit '2024-01-02T00:00:00 +0000'
	file=.git/objects/$(git rev-parse HEAD | sed 's/../&\//')
	chmod u+w "$file"
	truncate -s -10 "$file"
	scan_within 20 git .
	expect_status 3
	expect '[.incomplete[].what] | unique | .[]' unreadable-object
	git symbolic-ref HEAD refs/heads/fresh
	echo staged >a
	git add a
	file=.git/objects/$(git rev-parse :a | sed 's/../&\//')
	chmod u+w "$file"
	truncate -s -5 "$file"
	scan_within 20 git --staged
	expect_status 3
}

@test "FIFOs where git keeps its files" {
	for place in objects/aa/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb objects/info/alternates config index packed-refs; do
		rm -rf repo
		git init -q repo
		git -C repo commit -q --allow-empty -m x
		mkdir -p repo/.git/objects/aa
		rm -f "repo/.git/$place"
		mkfifo "repo/.git/$place"
		scan_within 20 scan repo
		[ "$status" -eq 3 ] || { echo "$place: $status"; cat "$ERR"; return 1; }
	done
}

# fifo_at FILE: one there, instead of what is there
fifo_at() {
	mkdir -p "$(dirname "$1")"
	rm -f "$1"
	mkfifo "$1"
}

@test "FIFOs that only libgit2 opens, behind a .git file, a commondir and in worktrees: told, and never waited for" {
	local place sandbox
	for place in \
		.git/{HEAD,refs/heads/main,refs/heads/x,logs/HEAD,logs/refs/heads/main,hooks/x,objects/pack/pack-1111111111111111111111111111111111111111.idx} \
		.git/worktrees/tree/{HEAD,gitdir,commondir,index} tree/.git included \
		elsewhere/{HEAD,config,index,commondir,packed-refs} common/{config,packed-refs,refs/heads/main}; do
		rm -rf repo tree elsewhere common included
		git init -q repo
		(cd repo && echo x >file && git add file && git commit -q -m x && git worktree add -q ../tree)
		case $place in
		elsewhere/*) mv repo/.git elsewhere; echo 'gitdir: ../elsewhere' >repo/.git ;;
		common/*)
			mv repo/.git common
			mkdir repo/.git
			cp common/{HEAD,index} repo/.git
			echo ../../common >repo/.git/commondir
			;;
		.git/*) place=repo/$place ;;
		included) printf '[include]\n\tpath = %s\n' "$T/included" >>repo/.git/config ;;
		esac
		fifo_at "$place"
		for sandbox in auto off; do
			scan_within 20 scan repo --sandbox $sandbox
			# with a working tree that is no more there is nothing to scan, and a file that was to be included and cannot be is left out by libgit2, too
			case $place in tree/.git | included) [ "$status" -eq 0 ] || expect_status 3 ;; *) expect_status 3 ;; esac
			scan_within 20 git --staged repo --sandbox $sandbox
			case $status in 0 | 3) ;; *) echo "$place: $status"; return 1 ;; esac
		done
	done
}

@test "a commit that is its own ancestor" {
	make_repository
	key=$(new_key)
	printf '%s\n' "$key" >file
	git add file
	tree=$(git write-tree)
	one=1111111111111111111111111111111111111111 two=2222222222222222222222222222222222222222
	for pair in "$one $two" "$two $one"; do
		set -- $pair
		mkdir -p ".git/objects/${1:0:2}"
		body=$(printf 'tree %s\nparent %s\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n\nx\n.' "$tree" "$2")
		body=${body%.}
		{ printf 'commit %d\0' "${#body}"; printf '%s' "$body"; } | deflate >".git/objects/${1:0:2}/${1:2}"
	done
	echo "$one" >.git/refs/heads/main
	scan_within 30 git .
	[ "$status" -eq 1 ] || expect_status 3
	expect '[.incomplete[] | select(.what == "scan-process")]' '[]'
	expect_found "$key"
}

# deflate: standard input as a zlib stream of stored blocks (RFC 1950, 1951); small inputs only
deflate() {
	local hex length sum_a=1 sum_b=0 byte
	hex=$(od -An -v -tx1 | tr -d ' \n')
	length=$((${#hex} / 2))
	for ((i = 0; i < length; i++)); do
		byte=$((16#${hex:2*i:2}))
		sum_a=$(((sum_a + byte) % 65521)) sum_b=$(((sum_b + sum_a) % 65521))
	done
	printf '%b' "$(printf '\\x78\\x01\\x01\\x%02x\\x%02x\\x%02x\\x%02x' $((length & 255)) $((length >> 8)) $((~length & 255)) $((~length >> 8 & 255)))"
	printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")"
	printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((sum_b >> 8)) $((sum_b & 255)) $((sum_a >> 8)) $((sum_a & 255)))"
}

@test "trees whose new entry straddles the old one are read right" {
	make_repository
	# loose trees are read in the order of their ids, which is that of chance: one of these pairs comes the short one first
	for number in 1 2 3 4 5 6 7 8; do
		git init -q "pair$number"
		blob=$(echo "$number" | git -C "pair$number" hash-object -w --stdin)
		printf '100644 blob %s\tfoo\n' "$blob" | git -C "pair$number" mktree >/dev/null
		printf '100644 blob %s\tabc100644 foo\n' "$blob" | git -C "pair$number" mktree >/dev/null
		scan_within 20 git -j1 "pair$number"
		expect_status 0
	done
}

@test "a folder that only looks like a bare repository, inside one and alone" {
	key=$(new_key)
	make_repository outer
	mkdir sub
	touch sub/HEAD sub/objects sub/refs
	printf '%s\n' "$key" >sub/a.ts
	scan_within 20 scan sub
	expect_status 3
	expect_found "$key"
	mkdir -p inner/.git/objects
	scan_within 20 scan inner
	expect_status 3
}

@test "what is tracked is never left out: a conflict, a submodule, an inner repository" {
	key=$(new_key)
	make_repository conflict
	echo base >s.env
	git add -f s.env
	commit '2024-01-01T00:00:00 +0000'
	git checkout -qb other
	echo theirs >s.env
	git commit -qam other
	git checkout -q main
	echo ours >s.env
	git commit -qam ours
	git merge -q other >/dev/null 2>&1 || true
	echo '*.env' >.gitignore
	printf '%s\n' "$key" >s.env
	scan_within 20 dir .
	expect_found "$key"
	cd ..
	make_repository nested
	mkdir sub
	echo f >sub/f
	commit '2024-01-01T00:00:00 +0000'
	git init -q sub
	echo '*' >sub/.git/info/exclude
	printf '%s\n' "$key" >sub/f
	scan_within 20 dir .
	expect_found "$key"
}

@test "objects in quarantine, where a push waits for pre-receive" {
	key=$(new_key)
	make_repository
	mkdir quarantine
	printf '%s\n' "$key" >../blob
	GIT_OBJECT_DIRECTORY=$PWD/quarantine git hash-object -w ../blob >/dev/null
	GIT_DIR=$PWD/.git GIT_OBJECT_DIRECTORY=$PWD/quarantine GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/.git/objects scan_within 20 git
	expect_status 1
	expect_found "$key"
}

@test "alternates nested deeper than git follows are told" {
	git init -q --bare 0.git
	for i in 1 2 3 4 5 6 7 8; do
		git init -q --bare $i.git
		echo "$PWD/$((i - 1)).git/objects" >$i.git/objects/info/alternates
	done
	scan_within 20 git 8.git
	expect_status 3
	expect '.incomplete[0].what' unreadable-pack
}

@test "a pipe named as a path is read to its end" {
	key=$(new_key)
	mkfifo pipe
	printf '%s\n' "$key" >pipe &
	scan_within 20 dir pipe
	expect_status 1
	expect_found "$key"
}

@test "megabytes of nothing but prefixes are searched in seconds" {
	key=$(new_key)
	{ yes 'vck_' | tr -d '\n' | head -c 20000000; printf ' %s\n' "$key"; } >file
	scan_within 20 dir file
	expect_status 1
	expect_found "$key"
}

@test "revoke: a line with NUL or without end is one line that no rule knows" {
	key=$(new_key)
	{ printf '\0%s\n' "$key"; head -c 10000 /dev/zero | tr '\0' 'x'; printf '%s\n' "$key"; } >lines
	staunch revoke <lines
	expect_status 3
	[ "$(grep -c 'is no credential that a rule knows' "$ERR")" -eq 2 ]
	grep -q 'line 2 ' "$ERR"
	! grep -q 'line 3 ' "$ERR"
}

@test "the same places and counts, however many threads: two keys in each of many messages" {
	make_repository
	git config core.logAllRefUpdates false # reflogs repeat what messages say
	key1=$(new_key) key2=$(new_key)
	for i in $(seq 150); do
		printf '%d %s %s\n' "$i" "$key1" "$key2" | dated "$((1700000000 + i)) +0000" git commit -q --allow-empty -F -
	done
	rm .git/COMMIT_EDITMSG
	scan_json git -j2 .
	expect '[.findings[].places_total] | unique | .[]' 150
}

@test "deltas that are made from each other: libgit2 would follow them for ever" {
	make_repository
	commit '2024-01-01T00:00:00Z'
	git gc -q
	perl -MDigest::SHA=sha1,sha1_hex -MCompress::Zlib -e '
		my @ids = ("\x11" x 20, "\x22" x 20);
		my $delta = pack("C*", 5, 5, 0x90, 5);
		my $pack = "PACK" . pack("NN", 2, 2);
		my @offsets;
		for (0, 1) {
			push @offsets, length $pack;
			$pack .= chr(7 << 4 | length $delta) . $ids[1 - $_] . compress($delta);
		}
		my $sum = sha1($pack);
		my $index = "\xfftOc" . pack("N", 2) . join("", map { pack("N", ($_ >= 0x11) + ($_ >= 0x22)) } 0 .. 255) . join("", @ids) . pack("N*", 0, 0, @offsets) . $sum;
		for (["pack", $pack . $sum], ["idx", $index . sha1($index)]) {
			open my $file, ">", ".git/objects/pack/pack-" . sha1_hex($pack) . ".$_->[0]" or die;
			print $file $_->[1];
		}'
	echo 1111111111111111111111111111111111111111 >.git/refs/tags/round
	scan_within 20 git .
	expect_status 3
	expect '[.incomplete[] | select(.what == "unreadable-object") | .object] | sort' \
		'["1111111111111111111111111111111111111111","2222222222222222222222222222222222222222"]'
	expect '[.incomplete[] | select(.what == "scan-process")]' '[]'
}

@test "more alternates than any repository has, and such as name each other: told, and in time" {
	make_repository
	commit '2024-01-01T00:00:00Z'
	seq 30000 | sed 's/^/no/' >.git/objects/info/alternates
	scan_within 20 git .
	expect_status 3
	expect '[.incomplete[].detail] | any(contains("too many"))' true
	# one and the same, many times
	mkdir "$T/same"
	yes "$T/same" | head -n 12000 >.git/objects/info/alternates
	scan_within 20 git .
	expect_status 3
	expect '[.incomplete[].detail] | any(contains("too many"))' true
	for n in $(seq 60); do
		mkdir -p "$T/a$n/info" "$T/a$n/pack"
		seq 60 | sed "s|.*|$T/a&|" >"$T/a$n/info/alternates"
	done
	echo "$T/a1" >.git/objects/info/alternates
	key=$(new_key)
	printf '%s\n' "$key" >"$T/blob"
	GIT_OBJECT_DIRECTORY=$T/a60 git hash-object -w "$T/blob" >/dev/null
	scan_within 20 git .
	expect_found "$key"
	{ echo "$T/a1"; yes '#' | head -c 1100000; } >.git/objects/info/alternates
	scan_within 20 git .
	expect_status 3
}

@test "a bundle with hundreds of thousands of HEADs" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >file
	commit '2024-01-01T00:00:00Z'
	{
		echo '# v2 git bundle'
		yes "$commit HEAD" | head -n 200000
		yes "2222222222222222222222222222222222222222 refs/heads/x" | head -n 200000
		echo
		git rev-list --objects HEAD | git pack-objects -q --stdout
	} >../many.bundle
	scan_within 20 git ../many.bundle
	expect_found "$key"
	expect '.findings[0].places[0] | [.path, .reachable]' '["file",true]'
	expect '.findings[0].refs' '["HEAD"]'
}

# large_blob: a blob of 40 MB, in $id
large_blob() {
	{ head -c 40000000 /dev/zero | tr '\0' 'x'; cat; } >"$T/large"
	id=$(git hash-object -w "$T/large")
}

@test "thousands of tags to one large blob: it is looked at once" {
	key=$(new_key)
	make_repository
	large_blob <<<" $key"
	seq 5000 | sed "s|.*|$id refs/tags/t&|" >.git/packed-refs
	scan_within 20 git .
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.object, .reachable])' "[[\"$id\",true]]"
	# and one that is a tag, and not there
	seq 5000 | sed "s|.*|1234567890123456789012345678901234567890 refs/tags/t&|" >.git/packed-refs
	scan_within 20 git .
	expect_status 3
	expect '.incomplete | length' 1
}

@test "thousands of pointers of Git LFS to one large file: it is read once; what is found in it is told with as many places as are followed" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00Z'
	for content in clean "$key"; do
		{ head -c 40000000 /dev/zero | tr '\0' 'x'; printf ' %s' "$content"; } >"$T/large"
		id=$(sha256sum <"$T/large") id=${id%% *}
		mkdir -p ".git/lfs/objects/${id:0:2}/${id:2:2}"
		size=$(wc -c <"$T/large")
		cp "$T/large" ".git/lfs/objects/${id:0:2}/${id:2:2}/$id"
		count=3000
		[ "$content" = clean ] || count=100
		for n in $(seq $count); do
			printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\nz-number %d\n' "$id" "$size" "$n" >"$T/pointer"
			printf 'blob\ndata %d\n' "$(wc -c <"$T/pointer")"
			cat "$T/pointer"
		done | git fast-import --quiet
		scan_within 30 git .
		if [ "$content" = clean ]; then
			expect_status 0
		else
			expect_status 3
			expect_found "$key"
			expect '.findings[0].places_total' 64
			expect '.incomplete | map(.what)' '["trace-limit"]'
		fi
	done
}

@test "a staged blob that is not there is told by the scan of history, too; of a submodule and of git add -N there is none" {
	make_repository
	echo a >a
	commit '2024-01-01T00:00:00Z'
	echo b >b
	git add b
	id=$(git rev-parse :b)
	echo intent >c
	git add -N c
	printf '160000 %s\tsub\n' "$commit" | git update-index --index-info
	scan_within 20 git .
	expect_status 0
	rm -f ".git/objects/${id:0:2}/${id:2}"
	scan_within 20 git .
	expect_status 3
	expect '.incomplete | map([.what, .object, .path])' "[[\"missing-object\",\"$id\",\"b\"]]"
	# of what HEAD has as well, history tells
	git commit -q --no-verify -m b 2>/dev/null || { tree=$(git write-tree --missing-ok); git update-ref HEAD "$(git commit-tree -m b "$tree")"; }
	scan_within 20 git .
	expect '.incomplete | map([.what, .object, .path])' "[[\"missing-object\",\"$id\",\"b\"]]"
}
