# staunch: find leaked credentials and have them revoked.  `make help` lists the targets.
#
# Knobs, set on the command line:
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
CFLAGS   ?= -O2 -g
WERROR   ?= -Werror
SANITIZE ?=
REPO     ?= .
ARGS     ?=
V        ?=

# the version, and the day it was made, are known from here alone
VERSION := 0.1.0
DATE    := 2026-11-25

# pkg-config names of what staunch is linked with, of what is loaded when it is needed (libcurl for the first report to send,
# SQLite or libpq for the ledger, Vectorscan to search much, libarchive to look into archives) and of which only the headers are used, and of what the tests add
PACKAGES        := libgit2 libpcre2-8 libdeflate libcjson libcrypto zlib libseccomp
HEADER_PACKAGES := libcurl sqlite3 libpq libhs libarchive
TEST_PACKAGES   := cmocka libmicrohttpd

# What differs between systems, beside names of packages: the sandbox is Linux's, the linker's flags are GNU's, and what other C libraries than
# glibc lack is in base/platform.h.
ELSEWHERE := scanner/sandbox/absent.c
HARDENING := -Wl,-z,relro,-z,now,--as-needed
ifneq ($(shell uname -s),Linux)
ELSEWHERE := scanner/sandbox/landlock.c scanner/sandbox/seccomp.c
HARDENING :=
PACKAGES  := $(filter-out libseccomp,$(PACKAGES))
PLATFORM  := -Iscanner/base/macos
endif
ifeq ($(shell getconf GNU_LIBC_VERSION 2>/dev/null),)
PLATFORM  += -include base/platform.h
PACKAGES  += $(shell pkg-config --exists musl-fts 2>/dev/null && echo musl-fts)
endif

# the same in Debian's names, with the tools
DEPS      := gcc make pkg-config libgit2-dev libpcre2-dev libvectorscan-dev libdeflate-dev libcjson-dev libssl-dev \
             zlib1g-dev libseccomp-dev libcurl4-openssl-dev libsqlite3-dev libpq-dev libarchive-dev ca-certificates
TEST_DEPS := libarchive-tools libcmocka-dev libmicrohttpd-dev bats git jq curl openssl perl procps python3 python3-jsonschema \
             sqlite3 postgresql nghttp2-server pre-commit man-db groff mandoc zsh fish dpkg-dev
CLANG_DEPS := clang libclang-rt-dev
CHECK_DEPS := $(CLANG_DEPS) valgrind

# and in those of others. dnf and apk find what a name of pkg-config stands for; the tests are known to Debian alone
LIBRARIES   := $(PACKAGES) $(HEADER_PACKAGES)
DEPS_dnf    := gcc make pkgconf-pkg-config ca-certificates $(foreach l,$(LIBRARIES),'pkgconfig($l)')
DEPS_apk    := gcc make musl-dev linux-headers musl-fts-dev pkgconf ca-certificates $(LIBRARIES:%=pc:%)
DEPS_pacman := gcc make pkgconf ca-certificates libgit2 pcre2 vectorscan libdeflate cjson openssl zlib libseccomp curl sqlite postgresql-libs libarchive
DEPS_brew   := pkgconf libgit2 pcre2 vectorscan libdeflate cjson openssl@3 zlib curl sqlite libpq libarchive

Q := $(if $(V),,@)
# `make check` builds on all processors, unless the caller said how many
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

# user flags come last, so that they win
ALL_CPPFLAGS := -Iscanner -I. $(PLATFORM) -DSTAUNCH_VERSION='"$(VERSION)"' -DSTAUNCH_DATE='"$(DATE)"' $(shell pkg-config --cflags $(PACKAGES) $(HEADER_PACKAGES) $(TEST_PACKAGES) 2>/dev/null) $(CPPFLAGS)
ALL_CFLAGS   := -std=gnu11 -pthread -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
                $(WERROR) -fstack-protector-strong -D_FORTIFY_SOURCE=2 $(CFLAGS)
ifneq ($(SANITIZE),)
ALL_CFLAGS   := $(filter-out -D_FORTIFY_SOURCE=2,$(ALL_CFLAGS)) -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ALL_LDFLAGS  := -pthread $(HARDENING) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
LIBS         := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lm -ldl
TEST_LIBS    := $(shell pkg-config --libs $(TEST_PACKAGES) 2>/dev/null)

SOURCES    := $(filter-out scanner/main.c $(ELSEWHERE),$(wildcard scanner/*.c scanner/*/*.c))
OBJECTS    := $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/rules_embedded.o $(BUILD)/page_embedded.o $(if $(findstring address,$(SANITIZE)),$(BUILD)/tests/leaks.o)
RULES      := $(wildcard rules/*.json)
PAGE       := scanner/report/html/page.css scanner/report/html/page.js
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
EMULATOR   := $(BUILD)/tests/emulator/emulator
EMULATOR_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/emulator/*.c))
BENCHES    := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
MANUAL     := $(addprefix $(BUILD)/,staunch.1 completion.bash completion.zsh completion.fish)
TOOLS      := $(patsubst tests/cli/%.c,$(BUILD)/tests/cli/%,$(wildcard tests/cli/*.c))

.PHONY: all scan check check-deb check-all bench bench-hooks bench-forms bench-containers fuzz fuzzers deps test-deps install place uninstall deb dist clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/staunch $(MANUAL) ## build build/staunch, its manual page and the completions of shells

scan: deps ## find what REPO (this repository by default) leaks, as a dry run; more options in ARGS
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory all
	$(Q)$(BUILD)/staunch scan --dry-run $(ARGS) '$(REPO)'

check: deps test-deps ## build, and run all tests
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory all tests
	$(Q)BUILD='$(BUILD)' tests/run

check-deb: deb ## install the Debian package into a clean Debian, and try it there (as root; a Debian mirror is asked)
	$(call install_packages,debootstrap curl jq)
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory tests
	$(Q)BUILD='$(BUILD)' tests/package '$(BUILD)/staunch_$(VERSION)_'$$(dpkg --print-architecture).deb

check-all: deps test-deps ## the tests again under the sanitizers, Valgrind and clang
	$(call install_packages,$(CHECK_DEPS))
	$(Q)tests/run-all

bench: all $(BENCHES) $(TOOLS) ## measure on REPO: ratios, never a test
	$(Q)BUILD='$(BUILD)' tests/bench/run '$(REPO)'

bench-hooks: all ## measure the hooks in a repository of 25,000 files
	$(Q)BUILD='$(BUILD)' tests/bench/hooks

bench-forms: all $(BENCHES) ## measure on REPO what looking for encoded keys costs
	$(Q)BUILD='$(BUILD)' tests/bench/forms '$(REPO)'

bench-containers: all $(BENCHES) ## measure on files of REPO what looking into archives of them costs
	$(Q)BUILD='$(BUILD)' tests/bench/containers '$(REPO)'

fuzz: deps ## build the fuzzers of tests/fuzz (clang); seeds for them are in corpus/fuzz
	$(call install_packages,$(CLANG_DEPS))
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory BUILD='$(BUILD)/fuzz' CC=clang SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g' fuzzers

fuzzers: $(FUZZERS)

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(OBJECTS)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

.PHONY: tests
tests: $(UNIT_TESTS) $(EMULATOR) $(BENCHES) $(TOOLS)

# ---- building ----

$(BUILD)/staunch: $(BUILD)/scanner/main.o $(OBJECTS)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

# what the program says of itself: one table is behind all of it (scanner/cli/options_table.h)
$(BUILD)/staunch.1: $(BUILD)/staunch
	$(call say,GEN,$@) $< --man > $@
$(BUILD)/completion.%: $(BUILD)/staunch
	$(call say,GEN,$@) $< --completion $* > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<) mkdir -p $(@D) && $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%_embedded.o: $(BUILD)/%_embedded.c $(BUILD)/flags
	$(call say,CC,$<) $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# a file's bytes as the elements of an array
bytes = od -An -v -tx1 "$(1)" | sed 's/ \(..\)/0x\1,/g'

# each rule file as an array of bytes with a NUL behind it
$(BUILD)/rules_embedded.c: $(RULES) $(BUILD)/flags Makefile
	$(call say,GEN,$@) mkdir -p $(@D) && { \
	echo '#include "rule/rule.h"'; n=0; \
	for f in $(RULES); do n=$$((n+1)); echo "static const char file_$$n[] = {"; $(call bytes,$$f); echo '0 };'; done; \
	echo 'const struct rule_embedded rule_embedded_files[] = {'; n=0; \
	for f in $(RULES); do n=$$((n+1)); echo "{ \"$${f##*/}\", file_$$n, sizeof(file_$$n) - 1 },"; done; \
	echo '{ NULL, NULL, 0 } };'; } > $@

# what the HTML report has in it
$(BUILD)/page_embedded.c: $(PAGE) $(BUILD)/flags Makefile
	$(call say,GEN,$@) mkdir -p $(@D) && { echo '#include "report/html.h"'; \
	echo 'static const char style[] = {'; $(call bytes,$(word 1,$(PAGE))); echo '0 };'; \
	echo 'static const char script[] = {'; $(call bytes,$(word 2,$(PAGE))); echo '0 };'; \
	echo 'const struct html_asset html_style = { style, sizeof(style) - 1 }, html_script = { script, sizeof(script) - 1 };'; } > $@

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(OBJECTS)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS) $(TEST_LIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(OBJECTS)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

$(BUILD)/tests/cli/%: $(BUILD)/tests/cli/%.o $(OBJECTS)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

# the same objects with a scan process that has been taken over (tests/cli/staunch_hostile.c)
$(BUILD)/tests/cli/staunch_hostile: $(BUILD)/tests/cli/staunch_hostile.o $(BUILD)/scanner/main.o $(OBJECTS)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) -o $@ $^ -Wl,--wrap=channel_writer_init,--wrap=progress_start $(ALL_LDFLAGS) $(LIBS)

$(EMULATOR): $(EMULATOR_OBJECTS) $(OBJECTS)
	$(call say,LINK,$@) $(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS) $(TEST_LIBS)

# rewritten when the compiler, a flag or the list of files changes, so that everything is built again
FINGERPRINT = $(CC) $(subst ','\'',$(ALL_CPPFLAGS)) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS) $(SOURCES) $(RULES)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); for p in $(PACKAGES) $(HEADER_PACKAGES); do pkg-config --exists $$p || { echo "staunch needs $$p: 'make deps' installs it (on Debian: $(DEPS))" >&2; exit 1; }; done
	@echo '$(FINGERPRINT)' | cmp -s - $@ || echo '$(FINGERPRINT)' > $@
FORCE:

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)

# ---- installing ----

# what is missing of a list of Debian packages is installed; elsewhere the names are shown
define install_packages
	@missing=; for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q '^install ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "no apt-get here: make sure that these are installed (Debian's names): $(1)" >&2; exit 0; fi; \
	$(SUDO); echo "installing:$$missing"; \
	$$sudo env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing" >/dev/null
endef
SUDO = sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo

# where apt-get is not: with what there is, and only when something is missing, so that nobody is asked for a password in vain
deps: ## install what building needs: with apt-get, dnf, apk, pacman or brew
ifneq ($(shell command -v apt-get),)
	$(call install_packages,$(DEPS))
else
	@if pkg-config --exists $(LIBRARIES) 2>/dev/null && command -v '$(CC)' >/dev/null; then exit 0; fi; $(SUDO); \
	if command -v dnf >/dev/null; then set -x; $$sudo dnf install -y $(DEPS_dnf); \
	elif command -v apk >/dev/null; then set -x; $$sudo apk add $(DEPS_apk); \
	elif command -v pacman >/dev/null; then set -x; $$sudo pacman -S --needed --noconfirm $(DEPS_pacman); \
	elif command -v brew >/dev/null; then set -x; brew install $(DEPS_brew); \
	else echo "no apt-get, dnf, apk, pacman or brew here: make sure that these are installed (Debian's names): $(DEPS)" >&2; fi
endif

test-deps: deps ## install what the tests need beside it
	$(call install_packages,$(TEST_DEPS))

# beside the rules. Debian's packages have what is zsh's in share/zsh/vendor-completions
ZSH_SITE  ?= share/zsh/site-functions
INSTALLED := bin/staunch share/man/man1/staunch.1 share/bash-completion/completions/staunch $(ZSH_SITE)/_staunch \
             share/fish/vendor_completions.d/staunch.fish

install: all ## into PREFIX (/usr/local), below DESTDIR
	$(Q)$(MAKE) --no-print-directory place

place: # what was built, whatever it was built with
	install -d $(foreach f,$(INSTALLED),'$(DESTDIR)$(PREFIX)/$(dir $f)') '$(DESTDIR)$(PREFIX)/share/staunch/rules'
	install -m 755 $(BUILD)/staunch '$(DESTDIR)$(PREFIX)/bin/staunch'
	install -m 644 $(BUILD)/staunch.1 '$(DESTDIR)$(PREFIX)/share/man/man1/staunch.1'
	install -m 644 $(BUILD)/completion.bash '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/staunch'
	install -m 644 $(BUILD)/completion.zsh '$(DESTDIR)$(PREFIX)/$(ZSH_SITE)/_staunch'
	install -m 644 $(BUILD)/completion.fish '$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/staunch.fish'
	install -m 644 $(RULES) rules/README.md '$(DESTDIR)$(PREFIX)/share/staunch/rules'

uninstall: ## remove what install put there
	rm -f $(foreach f,$(INSTALLED),'$(DESTDIR)$(PREFIX)/$f')
	rm -rf '$(DESTDIR)$(PREFIX)/share/staunch'

# ---- packages ----

deb: deps ## a Debian package, in BUILD
	$(call install_packages,dpkg-dev)
	$(Q)rm -rf '$(BUILD)/deb' && $(MAKE) $(PARALLEL) --no-print-directory install DESTDIR='$(abspath $(BUILD))/deb/root' PREFIX=/usr \
		ZSH_SITE=share/zsh/vendor-completions >/dev/null
	$(Q)CC='$(CC)' .debian/build '$(abspath $(BUILD))/deb/root' $(VERSION) $(DATE) '$(BUILD)/staunch_$(VERSION)_'$$(dpkg --print-architecture).deb

# every byte of it is given by the commit: its files, their order, its time, and no name or umask of whoever calls this
dist: ## the sources of HEAD, in BUILD: the same bytes from every clone
	@mkdir -p '$(BUILD)'; git diff --quiet HEAD -- || echo 'staunch: what is not committed is not in it' >&2
	$(Q)git -c tar.umask=0022 archive --format=tar --prefix=staunch-$(VERSION)/ -o '$(BUILD)/staunch-$(VERSION).tar' HEAD
	$(Q)gzip -9nf '$(BUILD)/staunch-$(VERSION).tar' && sha256sum '$(BUILD)/staunch-$(VERSION).tar.gz'

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@echo 'targets:'; sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
	@echo 'knobs: PREFIX DESTDIR BUILD CC CFLAGS CPPFLAGS LDFLAGS SANITIZE=address,undefined WERROR= REPO ARGS V=1'
