#!/usr/bin/env bats
# Goal: what belongs to a repository is scanned with it: Git LFS, submodules, linked working trees, git's own files. What is missing of it is told; and a
# repository made by somebody else leads nowhere but to itself: what lies outside is not read, and that is told.

load helpers

@test "LFS: a file that was not fetched is told once, with path and commit; without it all is well" {
	make_repository
	store < <(echo large)
	pointer "$id" "$size" >large.bin
	commit '2024-01-01T00:00:00Z'
	git rm -q large.bin
	commit '2024-01-02T00:00:00Z'
	scan_json git
	expect_status 0
	expect '.incomplete' '[]'
	rm "$stored"
	scan_json git
	expect_status 3
	expect '.incomplete | map([.what, .object, .path])' "[[\"missing-lfs-object\",\"$(git rev-parse HEAD~:large.bin)\",\"large.bin\"]]"
	expect '.incomplete[0].detail | contains("'"$(git rev-parse HEAD~)"'") and contains("git lfs fetch --all")' true
}

@test "LFS: every path and commit of the pointer is a place of the key; a file cut short is told, and searched" {
	key=$(new_key)
	make_repository
	store < <(printf 'a\nb\n%s\n' "$key"; head -c 3000000 /dev/zero)
	pointer "$id" "$size" >one.bin
	commit '2024-01-01T00:00:00Z'
	first=$commit
	mkdir deep
	cp one.bin deep/two.bin
	commit '2024-01-02T00:00:00Z'
	scan_json git
	expect_status 1
	expect_found "$key"
	expect '.findings[0].places | map([.kind, .path, .line, .commit])' \
		"[[\"blob\",\"one.bin\",3,\"$first\"],[\"blob\",\"deep/two.bin\",3,\"$commit\"]]"
	expect '.findings[0] | [.at_head, .commits_total]' '[true,2]'
	truncate -s 1000 "$stored"
	scan_json git
	expect_status 3
	expect_found "$key"
	expect '.incomplete[].what' 'missing-lfs-object'
}

@test "LFS: pointers are known whatever they are packed as; what only looks like one is none" {
	make_repository
	for n in 1 2 3 4 5 6 7 8; do
		pointer "$(echo $n | sha256sum | cut -d' ' -f1)" $n >pointer
		commit "2024-01-0${n}T00:00:00Z"
	done
	{ pointer "$(echo 9 | sha256sum | cut -d' ' -f1)" 9 | sed 's/^version/about version/'; } >like
	pointer short 9 >like2
	commit '2024-02-01T00:00:00Z'
	git gc -q
	scan_json git
	expect_status 3
	expect '[.incomplete[] | select(.what == "missing-lfs-object")] | length' 8
	expect '[.incomplete[].path] | unique' '["pointer"]'
}

@test "LFS: links out of the store are not followed" {
	outside=$(new_key)
	printf '%s\n' "$outside" >outside
	id=$(sha256sum <outside) id=${id%% *}
	make_repository
	pointer "$id" "$(wc -c <../outside)" >large.bin
	commit '2024-01-01T00:00:00Z'
	mkdir -p ".git/lfs/objects/${id:0:2}/${id:2:2}"
	ln -s "$T/outside" ".git/lfs/objects/${id:0:2}/${id:2:2}/$id"
	for sandbox in auto off; do
		scan_json git --sandbox $sandbox
		expect_status 3
		expect '.findings' '[]'
		expect '[.incomplete[].what] | unique' '["missing-lfs-object"]'
	done
	rm -r .git/lfs/objects
	mkdir -p "$T/elsewhere/${id:0:2}/${id:2:2}"
	cp ../outside "$T/elsewhere/${id:0:2}/${id:2:2}/$id"
	ln -s "$T/elsewhere" .git/lfs/objects
	for sandbox in auto off; do
		scan_json git --sandbox $sandbox
		expect_status 3
		expect '.findings' '[]'
		expect '[.incomplete[].what] | unique' '["missing-lfs-object","unreadable-folder"]'
	done
}

@test "a linked working tree whose .git leads back is read; a folder that a repository only names is not, and that is told" {
	inside=$(new_key) outside=$(new_key)
	mkdir home
	printf '%s\n' "$outside" >home/secret.txt
	printf 'gitdir: /nowhere\n' >home/.git
	make_repository
	commit '2024-01-01T00:00:00Z'
	git worktree add -q ../tree
	printf '%s\n' "$inside" >../tree/secret.txt
	mkdir -p .git/worktrees/evil
	printf '%s/home/.git\n' "$T" >.git/worktrees/evil/gitdir
	echo ../.. >.git/worktrees/evil/commondir
	git rev-parse HEAD >.git/worktrees/evil/HEAD
	for sandbox in auto off; do
		scan_json scan --sandbox $sandbox .
		expect_status 3
		expect_found "$inside"
		expect '.findings[0].places | map([.kind, .path])' "[[\"file\",\"$T/tree/secret.txt\"]]"
		expect '[.incomplete[] | [.what, .path]]' "[[\"unreadable-target\",\"$T/home\"]]"
	done
	# its .git leads to the repository, but not to this name
	printf 'gitdir: %s\n' "$T/repo/.git" >../home/.git
	scan_json scan .
	expect_found "$inside"
	# git alone looks at no files
	scan_json git .
	expect '.findings' '[]'
}

@test "modules and .gitmodules that lead out of the repository are not followed, and that is told" {
	outside=$(new_key)
	git init -q victim
	(cd victim && printf '%s\n' "$outside" >secret && git add . && git commit -q -m x)
	make_repository
	printf '[submodule "a"]\n\tpath = ../victim\n[submodule "b"]\n\tpath = b\n\turl = x\n[submodule "c"]\n\tpath = %s\n' "$T/victim" >.gitmodules
	ln -s ../victim b
	commit '2024-01-01T00:00:00Z'
	mkdir .git/modules
	ln -s "$T/victim/.git" .git/modules/evil
	for sandbox in auto off; do
		scan_json git --sandbox $sandbox .
		expect_status 3
		expect '.findings' '[]'
		expect '[.incomplete[] | select(.what == "unreadable-target")] | length > 1' true
		expect '[.incomplete[].path] | any(endswith("modules/evil"))' true
	done
}

@test "a submodule's git folder that names another repository, or is not whole, is not passed over in silence" {
	local way
	outside=$(new_key)
	git init -q victim
	(cd victim && printf '%s\n' "$outside" >secret && git add . && git commit -q -m x)
	make_repository
	echo harmless >file
	commit '2024-01-01T00:00:00Z'
	for way in commondir objects refs half; do
		rm -rf .git/modules
		mkdir -p .git/modules/evil/objects .git/modules/evil/refs
		echo 'ref: refs/heads/x' >.git/modules/evil/HEAD
		case $way in
		commondir) echo "$T/victim/.git" >.git/modules/evil/commondir ;;
		objects | refs) rmdir ".git/modules/evil/$way" && ln -s "$T/victim/.git/$way" ".git/modules/evil/$way" ;;
		half) rmdir .git/modules/evil/refs ;;
		esac
		for sandbox in auto off; do
			scan_json git --sandbox $sandbox .
			expect_status 3
			expect '.findings' '[]'
			expect '[.incomplete[].path] | any(endswith("modules/evil"))' true
		done
	done
}

@test "an archive among git's own files is looked into" {
	make_repository
	echo harmless >file
	commit '2024-01-01T00:00:00Z'
	key=$(new_key)
	{ printf '%s\n' "$key"; seq 2000; } | gzip >.git/old-config.gz
	scan_json git
	expect_found "$key"
	expect '.findings[0].places[] | [.kind, (.path | endswith("old-config.gz")), (.archive_path | length), .line]' '["config",true,1,1]'
}

@test "links among git's own files are not followed; their texts are looked at" {
	outside=$(new_key) text=$(new_key)
	printf '%s\n' "$outside" >secret
	make_repository
	commit '2024-01-01T00:00:00Z'
	ln -s "$T/secret" .git/description2
	ln -s "$T" .git/rr-cache
	printf %s "$text" | perl -e 'symlink(<STDIN>, ".git/leads")'
	scan_json git .
	expect_status 1
	expect_found "$text"
	expect '.findings[0].places | map([.kind, .path])' '[["config",".git/leads"]]'
}

@test "a submodule of a submodule that is damaged: told, and the rest is found" {
	key=$(new_key)
	git init -q library
	(cd library && printf '%s\n' "$key" >a && git add a && git commit -q -m x && git rm -q a && git commit -q -m y)
	make_repository
	git submodule --quiet add "$T/library" library
	commit '2024-01-01T00:00:00Z'
	mkdir -p .git/modules/library/modules/broken/{objects,refs}
	echo 'ref: refs/heads/main' >.git/modules/library/modules/broken/HEAD
	echo '[core' >.git/modules/library/modules/broken/config
	scan_json git .
	expect_status 3
	expect_found "$key"
	expect '.incomplete | map([.what, (.path | endswith("modules/broken"))])' '[["unreadable-target",true]]'
	expect '.targets | map(.path | split("/")[-1])' '[".","library","broken"]'
}

@test "git's own files in a bare repository, with its own paths" {
	key=$(new_key)
	make_repository bare.git --bare
	printf '[remote "x"]\n\turl = https://x:%s@example.test/\n' "$key" >>config
	scan_json git .
	expect_status 1
	expect '.findings[0].places | map([.kind, .path])' '[["config","config"]]'
}

@test "what cannot be read of git's own files is told" {
	without_privileges
	make_repository
	commit '2024-01-01T00:00:00Z'
	chmod 000 .git/description
	scan_json git .
	expect_status 3
	expect '.incomplete | map([.what, .path])' '[["unreadable-file",".git/description"]]'
}

@test "a git folder whose working tree is gone is read where it is named" {
	key=$(new_key)
	git init -q library
	(cd library && printf '%s\n' "$key" >a && git add a && git commit -q -m x && git rm -q a && git commit -q -m y)
	make_repository
	git submodule --quiet add "$T/library" library
	git rm -q -f library
	[ ! -e library ]
	scan_json git .git/modules/library
	expect_status 1
	expect_found "$key"
	expect '.targets | map(.commits)' '[2]'
}

@test "references name the HEAD of a linked working tree where it is detached, and only there" {
	key=$(new_key)
	make_repository
	printf '%s\n' "$key" >a
	commit '2024-01-01T00:00:00Z'
	git worktree add -q ../branch
	git worktree add -q --detach ../detached
	scan_json git .
	expect '.findings[0].refs | sort' '["refs/heads/branch","refs/heads/main","worktrees/detached/HEAD"]'
}

@test "a pack that git left unfinished: what is in it is found, that it is cut is told with what to do" {
	key=$(new_key)
	make_repository
	commit '2024-01-01T00:00:00Z'
	git init -q ../other
	(cd ../other && { printf '%s\n' "$key"; seq 100; } >a && git add a && git commit -q -m x && openssl rand -hex 2000 >b && git add b && git commit -q -m y &&
		git rev-parse HEAD HEAD~ HEAD~:a | git pack-objects -q --stdout) >whole
	id=$(git -C ../other rev-parse HEAD~:a)
	mv whole .git/objects/pack/tmp_pack_abc
	scan_json git .
	expect_status 1
	expect '[.findings[].places[].object]' "[\"$id\"]"
	truncate -s -30 .git/objects/pack/tmp_pack_abc
	scan_json git .
	expect_status 3
	expect '.incomplete | map([.what, (.detail | contains("git gc removes it"))])' '[["unreadable-pack",true]]'
}

# library NAME: a repository with a key ($key) that its second commit removes
library() {
	key=$(new_key)
	git init -q "$T/$1"
	(cd "$T/$1" && printf '%s\n' "$key" >a && git add a && git commit -q -m x && git rm -q a && git commit -q -m y)
}

@test "submodules of a linked working tree, which have git folders of their own" {
	library one
	make_repository
	git submodule --quiet add "$T/one" one
	commit '2024-01-01T00:00:00Z'
	git worktree add -q ../tree
	git -C ../tree submodule --quiet update --init
	(cd ../tree/one && new_key >b && git add b && git commit -q -m z && git rev-parse HEAD:b >"$T/blob")
	for sandbox in auto off; do
		scan_json git --sandbox $sandbox .
		expect_status 1
		expect '.incomplete' '[]'
		expect '.targets | map(.path | split("/repo/")[1])' '[null,".git/modules/one",".git/worktrees/tree/modules/one"]'
		expect '[.findings[].places[] | .object] | any(. == "'"$(cat "$T/blob")"'")' true
		expect '.findings | length' 2
	done
}

@test "what lies in the git folder of a linked working tree where others have objects and references" {
	make_repository
	commit '2024-01-01T00:00:00Z'
	git worktree add -q ../tree
	key=$(new_key) name=$(new_key)
	mkdir -p .git/worktrees/tree/{lfs/objects/aa,objects/aa,refs/worktree}
	printf '%s\n' "$key" | tee .git/worktrees/tree/lfs/objects/aa/x >.git/worktrees/tree/objects/aa/y
	git rev-parse HEAD >".git/worktrees/tree/refs/worktree/$name"
	scan_json git .
	expect_status 1
	expect_found "$key" "$name"
	expect '[.findings[].places[] | [.kind, (.path | split("/") | .[3])]] | sort' '[["file","lfs"],["file","objects"],["path","refs"]]'
}

@test "a submodule that has its git folder in it, in one that has it elsewhere, and the other way round" {
	library inner
	inner=$key
	library outer
	make_repository
	git submodule --quiet add "$T/outer" outer
	git clone -q "$T/inner" outer/inner
	printf '[submodule "inner"] path = "inner" ; as git may\n' >outer/.gitmodules
	git clone -q "$T/outer" embedded
	git -C embedded submodule --quiet add "$T/inner" "deep/inner"
	git clone -q "$T/inner" embedded/second
	deepest=$(new_key)
	(cd embedded/second && printf '%s\n' "$deepest" >c && git add c && git commit -q -m z && git rm -q c && git commit -q -m z)
	printf '[submodule "second"]\n\tpath = second\n' >>embedded/.gitmodules
	printf '[submodule "embedded"]\n\tpath = embedded\n' >>.gitmodules
	for sandbox in auto off; do
		scan_json git --sandbox $sandbox .
		expect_status 1
		expect '.incomplete' '[]'
		expect_found "$key" "$inner" "$deepest"
		expect '.targets | map(.path | split("/repo/")[1]) | sort' \
			'[null,".git/modules/outer","embedded/.git","embedded/.git/modules/deep/inner","embedded/second/.git","outer/inner/.git"]'
	done
	scan_json git --no-submodules .
	expect_status 0
}

@test "a .gitmodules that is a link, too large or not readable, or that names what is elsewhere, is told with what to do" {
	library one
	make_repository
	git clone -q "$T/one" one
	printf '[submodule "one"]\n\tpath = one\n' >named
	ln -s named .gitmodules
	scan_json git .
	expect_status 3
	expect '.incomplete | map([.what, (.path | endswith("/.gitmodules")), (.detail | contains("on their own"))])' '[["unreadable-target",true,true]]'
	rm .gitmodules
	{ cat named; yes '#' | head -c 1100000; } >.gitmodules
	scan_json git .
	expect_status 3
	expect '.incomplete[].detail | contains("too large")' true
	rm .gitmodules
	mkfifo .gitmodules
	scan_json git .
	expect_status 3
	expect '.incomplete[].detail | contains("cannot be read")' true
	# a git folder outside
	rm .gitmodules
	mv named .gitmodules
	mv one/.git ../outside
	echo "gitdir: $T/outside" >one/.git
	for sandbox in auto off; do
		scan_json git --sandbox $sandbox .
		expect_status 3
		expect '.findings' '[]'
		expect '.incomplete | map([.path, (.detail | contains("name it on its own"))])' "[[\"$T/repo/one/.git\",true]]"
	done
	# and one that is nowhere
	rm -rf ../outside
	scan_json git .
	expect_status 3
	expect '.incomplete[].detail' 'the git folder that it names is not there'
	# a folder of the working tree that is none of modules/: it is the repository's own
	git clone -q --bare "$T/one" kept
	echo 'gitdir: ../kept' >one/.git
	scan_json git .
	expect_status 1
	expect_found "$key"
}

@test "a submodule without a .gitmodules is scanned where it may be read, and told otherwise; its working tree too" {
	library one
	make_repository
	git clone -q "$T/one" one
	git add one 2>/dev/null
	git commit -q -m x
	[ ! -e .gitmodules ]
	scan_json scan .
	expect_status 1
	expect_found "$key"
	expect '.incomplete' '[]'
	scan_json git . --sandbox off
	expect_status 1
	expect_found "$key"
	scan_json git .
	[ "$status" -eq 1 ] || { expect_status 3; expect '.incomplete | map([.path, (.detail | contains("scan it on its own"))])' "[[\"$T/repo/one/.git\",true]]"; }
}

@test "a submodule's git folder that cannot be read is told" {
	without_privileges
	library one
	make_repository
	git clone -q "$T/one" one
	printf '[submodule "one"]\n\tpath = one\n' >.gitmodules
	chmod 000 one/.git
	scan_json git .
	expect_status 3
	expect '.incomplete | map([.what, .path, .detail])' "[[\"unreadable-target\",\"$T/repo/one/.git\",\"it cannot be read\"]]"
	chmod 700 one/.git
	chmod 000 one
	scan_json git .
	expect_status 3
	expect '.incomplete | map(.what)' '["unreadable-target"]'
}

@test "more submodules than are looked at: told, and in time" {
	make_repository
	for n in $(seq 12000); do printf '[submodule "s%d"]\n\tpath = s\n' "$n"; done >.gitmodules
	mkdir s
	timeout 20 "$STAUNCH" git -n . -f json >"$T/out" 2>"$T/err" && status=0 || status=$?
	[ "$status" -eq 3 ]
	expect '.incomplete | map(.detail | contains("more submodules"))' '[true]' "$T/out"
	# and fewer names, but each with a folder of its own
	rm -r s
	seq 1100 | sed 's/^/s/' | xargs mkdir
	for n in $(seq 1100); do printf '[submodule "s%d"]\n\tpath = s%d\n' "$n" "$n"; done >.gitmodules
	timeout 20 "$STAUNCH" git -n . -f json >"$T/out" 2>"$T/err" && status=0 || status=$?
	[ "$status" -eq 3 ]
	expect '.incomplete | map(.detail | contains("more submodules"))' '[true]' "$T/out"
}

# places KEY: kind and path of each place of it, in order
places() { json ".findings[] | select(.fingerprint == \"$(fingerprint "$1")\") | .places[] | [.kind, .path] | @tsv" | sort; }

@test "nothing is told twice: submodules named in odd ways, the repository itself among them" {
	library one
	make_repository
	git submodule --quiet add "$T/one" one
	printf '[submodule "self"]\n\tpath = .\n[submodule "again"]\n\tpath = one/../one/\n[submodule "up"]\n\tpath = one/..\n' >>.gitmodules
	commit '2024-01-01T00:00:00Z'
	printf '[submodule "s"]\n\tpath = ..\n[submodule "s"]\n\tpath = .\n' >one/.gitmodules
	scan_json scan .
	expect_status 1
	expect '.incomplete' '[]'
	expect '.targets | map(.kind)' '["git","dir","git"]'
	expect '.findings[0].places_total' 1
	# from the submodule itself, and both by name
	scan_json scan one .
	expect '.findings[0].places_total' 1
}

@test "nothing is told twice: a linked working tree in the scanned folder, ignored or not, in a bare repository, named as well" {
	make_repository
	printf '.trees/\n*.ignored\n' >.gitignore
	commit '2024-01-01T00:00:00Z'
	git worktree add -q .trees/hidden
	git worktree add -q plain
	hidden=$(new_key) plain=$(new_key) ignored=$(new_key)
	printf '%s\n' "$hidden" >.trees/hidden/a
	printf '%s\n' "$plain" >plain/a
	printf '%s\n' "$ignored" >plain/b.ignored
	scan_json scan .
	expect_status 1
	expect_found "$hidden" "$plain"
	[ "$(places "$hidden")" = "$(printf 'file\t%s' "$T/repo/.trees/hidden/a")" ]
	[ "$(places "$plain")" = "$(printf 'file\t%s' "$T/repo/plain/a")" ]
	scan_json scan . plain
	[ "$(places "$plain")" = "$(printf 'file\tplain/a')" ]
	# `dir` knows of no repository's trees
	scan_json dir .
	expect_found "$plain"
	[ "$(places "$plain")" = "$(printf 'file\tplain/a')" ]
	git clone -q --bare . "$T/bare.git"
	cd "$T/bare.git"
	git worktree add -q inside
	printf '%s\n' "$plain" >inside/a
	printf '%s\n' "$ignored" >inside/b.ignored
	scan_json scan .
	expect_found "$plain"
	[ "$(places "$plain")" = "$(printf 'file\t%s' "$T/bare.git/inside/a")" ]
	# its files are none of git's own
	scan_json git .
	expect_status 0
}

@test "nothing is told twice: a bare repository, with all that lies in it" {
	local extra
	make_repository bare.git --bare
	loose=$(new_key) packed=$(new_key) extra=($(new_key 5))
	git update-ref refs/tags/packed "$(printf '%s\n' "$packed" | git hash-object -w --stdin)"
	git repack -q -a -d
	id=$(printf '%s\n' "$loose" | git hash-object -w --stdin)
	printf '%s\n' "${extra[0]}" >notes.txt
	printf '%s\n' "${extra[1]}" >objects/notes.txt
	printf '%s\n' "${extra[2]}" >objects/pack/notes.txt
	printf '%s\n' "${extra[3]}" >"objects/${id:0:2}/notes.txt"
	pack=(objects/pack/*.pack)
	printf '%s\n' "${extra[4]}" >"${pack%.pack}.keep"
	scan_json scan .
	expect_status 1
	expect_found "$loose" "$packed" "${extra[@]}"
	expect '.incomplete' '[]'
	expect '[.findings[].places_total] | unique' '[1]'
	expect '[.findings[].places[] | [.kind, .path]] | sort' \
		"$(printf '["blob",null] ["blob",null] ["config","notes.txt"] ["file","objects/%s/notes.txt"] ["file","objects/notes.txt"] ["file","objects/pack/notes.txt"] ["file","%s"]' "${id:0:2}" "${pack%.pack}.keep" | tr ' ' '\n' | sort | paste -sd, | sed 's/.*/[&]/')"
	# and what is beside the objects of any other
	scan_json git .
	expect_found "$loose" "$packed" "${extra[@]}"
}

@test "an object whose writing was ended: read as far as it goes; one that is cut short is no error, one that is damaged or not readable is" {
	make_repository
	commit '2024-01-01T00:00:00Z'
	first=$(new_key) last=$(new_key)
	{ printf '%s\n' "$first"; openssl rand -hex 3000000; printf '%s\n' "$last"; } >"$T/large"
	id=$(git hash-object -w "$T/large") folder=.git/objects/${id:0:2}
	mv "$folder/${id:2}" "$folder/tmp_obj_x"
	chmod u+w "$folder/tmp_obj_x"
	for options in '' '--archive-depth 0' '-j1'; do
		scan_json git $options .
		expect_status 1
		expect_found "$first" "$last"
		expect '[.findings[].places[] | [.kind, .object]] | unique' "[[\"blob\",\"$id\"]]"
		expect '[.findings[].places[].line] | sort' '[1,3]'
	done
	cp "$folder/tmp_obj_x" "$T/whole"
	# the same object, whole
	cp "$folder/tmp_obj_x" "$folder/${id:2}"
	scan_json git .
	expect '.findings | map(.places_total)' '[1,1]'
	rm -f "$folder/${id:2}"
	truncate -s -300 "$folder/tmp_obj_x"
	: >"$folder/tmp_obj_empty"
	printf 'x\234' >"$folder/tmp_obj_short"
	scan_json git .
	expect_status 1
	expect_found "$first"
	expect '.findings[0].places | map([.kind, .path, .line])' "[[\"file\",\"$folder/tmp_obj_x\",1]]"
	# what comes before the damage
	cp "$T/whole" "$folder/tmp_obj_x"
	printf 'xxxxxxxxxxxxxxxx' | dd of="$folder/tmp_obj_x" bs=1 seek=2500000 conv=notrunc 2>/dev/null
	printf 'no object at all, and nothing that zlib could inflate' >"$folder/tmp_obj_short"
	scan_json git .
	expect_status 3
	expect '[.findings[].fingerprint] | any(. == "'"$(fingerprint "$first")"'")' true
	expect '.incomplete | map([.what, .path])' "[[\"unreadable-file\",\"$folder/tmp_obj_short\"],[\"unreadable-file\",\"$folder/tmp_obj_x\"]]"
	rm -f "$folder"/tmp_obj_*
	mkfifo "$folder/tmp_obj_fifo"
	scan_json git .
	expect_status 3
	expect '.incomplete | map([.what, .path])' "[[\"unreadable-file\",\"$folder/tmp_obj_fifo\"]]"
}
