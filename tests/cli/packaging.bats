#!/usr/bin/env bats
# The Debian package depends on what the program needs, and the tarball of the sources is the same from every clone. That the package
# runs in a clean Debian is tried by `make check-deb`, which needs a mirror.

load helpers
load hooks

ROOT=$BATS_TEST_DIRNAME/../..

# make_package FILE: of what was built, without building anything
make_package() {
	command -v dpkg-shlibdeps >/dev/null || skip "dpkg-dev is not installed"
	rm -rf "$T/deb"
	make -s -C "$ROOT" BUILD="$BUILD" place DESTDIR="$T/deb/root" PREFIX=/usr ZSH_SITE=share/zsh/vendor-completions >/dev/null
	"$ROOT/.debian/build" "$T/deb/root" 0.1.0 2026-11-25 "$1"
}

# packages_of FIELD: the names in a field of the package
packages_of() {
	dpkg-deb -f "$T/staunch.deb" "$1" | tr -d ' ' | tr ',' '\n' | sed 's/(.*//;s/|.*//'
}

# package_of SONAME: the installed package that holds it
package_of() {
	local path
	path=$(/sbin/ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }')
	dpkg -S "$(realpath "$path")" 2>/dev/null | cut -d: -f1 | head -n 1
}

@test "the package depends on every library that the program is linked with or loads" {
	local soname package
	make_package "$T/staunch.deb"
	packages_of Depends >depends
	packages_of Recommends >recommends
	for soname in $(objdump -p "$STAUNCH" | awk '$1 == "NEEDED" { print $2 }'); do
		package=$(package_of "$soname")
		[ -n "$package" ] && [ "$package" != libc6 ] || continue
		grep -qxF "$package" depends || { echo "$soname, of $package, is not in Depends"; return 1; }
	done
	# what it loads: the names stand in one place
	sed -n '/^#else/,/^#endif/s/^#define LIBRARY_[A-Z]* "\(.*\)"/\1/p' "$ROOT/scanner/base/library.h" >loaded
	[ "$(wc -l <loaded)" = 5 ]
	while read -r soname; do
		package=$(package_of "$soname")
		if [ "$soname" = libpq.so.5 ]; then grep -qxF "$package" recommends; else grep -qxF "$package" depends; fi
	done <loaded
	grep -qx ca-certificates depends
	# how old libcurl may be is said twice
	dpkg-deb -f "$T/staunch.deb" Depends | grep -qF 'libcurl4 (>= 7.87)'
	grep -q 'VERSION_NEEDED 0x075700 ' "$ROOT/scanner/revoke/curl_library.c"
}

@test "the package: what is in it, whose it is, and that it is the same bytes when made again" {
	make_package "$T/staunch.deb"
	dpkg-deb -c "$T/staunch.deb" >list
	[ -z "$(awk '$2 != "root/root" || $1 ~ /w....w./' list)" ]
	[ -z "$(awk '{ print $6 }' list | grep -vE '^\./(usr/((bin|share)/.*)?)?$')" ]
	for file in bin/staunch share/man/man1/staunch.1.gz share/bash-completion/completions/staunch share/zsh/vendor-completions/_staunch \
		share/fish/vendor_completions.d/staunch.fish share/doc/staunch/copyright share/staunch/rules/vercel.json; do
		grep -q " \./usr/$file$" list || { echo "no $file"; return 1; }
	done
	[ "$(dpkg-deb -f "$T/staunch.deb" Version)" = 0.1.0 ]
	dpkg-deb -x "$T/staunch.deb" unpacked
	cmp <("unpacked/usr/bin/staunch" --help) <("$STAUNCH" --help)
	(cd unpacked && md5sum --quiet -c <(dpkg-deb -I "$T/staunch.deb" md5sums))
	touch "$BUILD/staunch.1" # what a file's time is makes no difference
	umask 027
	make_package "$T/again.deb"
	cmp staunch.deb again.deb
}

@test "make dist: the same bytes from every clone, and all that git has" {
	git -C "$ROOT" rev-parse --verify -q HEAD >/dev/null || skip "this is no clone"
	git -c protocol.file.allow=always clone -q "$ROOT" one
	(umask 077 && git -c protocol.file.allow=always clone -q "$ROOT" another)
	make -s -C one dist BUILD="$T/1" >/dev/null
	(umask 077 && cd another && TZ=Asia/Tokyo LC_ALL=C make -s dist BUILD="$T/2" >/dev/null)
	version=$(sed -n 's/^VERSION *:= *//p' one/Makefile)
	cmp "1/staunch-$version.tar.gz" "2/staunch-$version.tar.gz"
	tar -tzf "1/staunch-$version.tar.gz" | grep -v '/$' | sed "s|^staunch-$version/||" | LC_ALL=C sort >files
	git -C one ls-files | LC_ALL=C sort | diff - files
}

@test "the version stands in one place" {
	version=$(sed -n 's/^VERSION *:= *//p' "$ROOT/Makefile")
	[ "$("$STAUNCH" --version)" = "staunch $version" ]
	git -C "$ROOT" rev-parse --verify -q HEAD >/dev/null || skip "this is no clone"
	# elsewhere it is only the word of an example, and what tests expect
	[ -z "$(git -C "$ROOT" grep -lF "$version" -- scanner Makefile .debian .github .gitlab | grep -v '^Makefile$' |
		while read -r file; do grep -nF "$version" "$ROOT/$file" | grep -vE '/\*|"[a-z_]+": ' | sed "s|^|$file:|"; done)" ]
}

# named_by MANAGER: whose names are no names of pkg-config has one for each library that is wanted
named_by() {
	local library
	for library in libgit2 'libpcre2-8 pcre2' libdeflate 'libcjson cjson' 'libcrypto openssl' zlib 'libcurl curl' 'sqlite3 sqlite' 'libpq postgresql-libs libpq' \
		'libhs vectorscan' libarchive; do
		grep -qE " (${library// /|})(@3)?( |\$)" called || { echo "$1: no $library"; return 1; }
	done
	# none is forgotten here either (seccomp is Linux's)
	[ "$(sed -n '/\$/d;s/^\(HEADER_\)\?PACKAGES *:= //p' "$ROOT/Makefile" | tr ' ' '\n' | grep -c .)" = 12 ]
}

@test "make deps: the manager that there is gets the libraries by names of its own, and nobody is asked for what is there" {
	local manager tool
	for manager in dnf apk pacman brew; do
		mkdir "$manager"
		for tool in sh make uname id nproc sed find getconf cat env; do ln -s "$(command -v $tool)" "$manager/$tool"; done
		printf '#!/bin/sh\necho "%s $*" >>"%s/called"\n' "$manager" "$T" >"$manager/$manager"
		printf '#!/bin/sh\nexec "$@"\n' >"$manager/sudo"
		printf '#!/bin/sh\n[ -e "%s/there" ]\n' "$T" >"$manager/pkg-config"
		cp "$manager/sudo" "$manager/gcc"
		chmod +x "$manager"/{sudo,pkg-config,gcc,"$manager"}
		rm -f called there
		PATH=$T/$manager make -s -C "$ROOT" BUILD="$T/build" CC=gcc deps >/dev/null 2>&1
		[ "$(wc -l <called)" = 1 ]
		case $manager in
		dnf) grep -qE "^dnf install -y gcc .* pkgconfig\(libgit2\) .*pkgconfig\(libhs\)" called ;;
		apk) grep -qE '^apk add gcc .* pc:libgit2 .* pc:libhs' called ;;
		pacman) grep -qE '^pacman -S --needed --noconfirm gcc .* libgit2 .* vectorscan ' called && named_by "$manager" ;;
		brew) grep -qE '^brew install pkgconf libgit2 .* vectorscan ' called && named_by "$manager" ;;
		esac
		touch there # pkg-config knows all of them
		rm called
		PATH=$T/$manager make -s -C "$ROOT" BUILD="$T/build" CC=gcc deps >/dev/null 2>&1
		[ ! -e called ]
	done
	# none of them: the names
	rm dnf/dnf there
	PATH=$T/dnf make -s -C "$ROOT" BUILD="$T/build" CC=gcc deps >/dev/null 2>said
	grep -q "no apt-get, dnf, apk, pacman or brew here: .*libgit2-dev" said
}
