# dh-rustvenv. Run `make help` for the targets.

prefix  = /usr
DESTDIR =

bindir     = $(prefix)/bin
mandir     = $(prefix)/share/man
perldir    = $(prefix)/share/perl5/Debian/Debhelper/Sequence
scriptdir  = $(prefix)/share/debhelper/autoscripts
bashdir    = $(prefix)/share/bash-completion/completions
zshdir     = $(prefix)/share/zsh/vendor-completions
fishdir    = $(prefix)/share/fish/vendor_completions.d

cargo  = scripts/cargo.sh
binary = $(or $(CARGO_TARGET_DIR),target)/release/rustvenv
perl   = debhelper/dh_rustvenv debhelper/Sequence/rustvenv.pm
snippets = $(sort $(wildcard debhelper/autoscripts/*))
manual = $(sort $(wildcard man/*.[1-8]))
shell  = .ci/run $(sort $(wildcard scripts/*.sh))

# How long `make fuzz` gives each fuzz target.
FUZZ_SECONDS = 60

# What the targets need from the distribution beside cargo. A/B: either serves.
build_packages     = build-essential libclang-dev nettle-dev pkgconf/pkg-config
# bubblewrap, the headers of Python and libffi: the example's wheels are built from sources.
example_packages   = $(build_packages) bubblewrap ca-certificates debhelper dpkg-dev faketime libffi-dev python3 \
	python3-dev python3-pip
check_packages     = $(example_packages) binutils bubblewrap chromium-headless-shell curl fakeroot file fish \
	flit git gnupg gpgv ksh93u+m lintian mandoc nginx-light openssl perl python3-dev python3-setuptools \
	python3-setuptools-whl python3-venv python3-wheel python3-wheel-whl shellcheck sq sqv strace tcsh unzip \
	util-linux xz-utils zip zsh
application_packages = $(example_packages) fakeroot gnupg iproute2 libpq-dev lintian mmdebstrap time util-linux
reprotest_packages = $(example_packages) disorderfs fuse3/fuse hostname locales-all reprotest util-linux
upgrades_packages  = $(example_packages) mmdebstrap piuparts
chroots_packages   = $(build_packages) debhelper dpkg-dev git gnupg mmdebstrap sbuild uidmap util-linux
rebuild_packages   = dpkg-dev mmdebstrap python3 util-linux
conformance_packages = $(build_packages) dpkg-dev gnupg python3 python3-pip python3-venv util-linux
elf_packages       = $(build_packages) binutils dpkg-dev python3 python3-pip unzip util-linux
index_packages     = gnupg python3 time
wheels_packages    = $(example_packages) bubblewrap cmake libffi-dev ninja-build patchelf pkgconf/pkg-config \
	python3-dev
update_packages    = $(example_packages) bubblewrap gnupg libffi-dev pkgconf/pkg-config python3-dev \
	python3-setuptools
cross_packages     = $(build_packages) ca-certificates dpkg-dev file gnupg mmdebstrap python3 python3-pip qemu-user-static \
	util-linux
peers_packages     = $(build_packages) python3-pip python3-venv util-linux
# ninja, cmake and patchelf are tools that back ends take from the system; the libraries are what the projects link to.
bench_packages     = $(example_packages) gnupg gpgv python3-venv sqv time

.NOTPARALLEL:

.PHONY: all
all: ## build the program (the default)
	$(cargo) build --release --locked

# For `make install` by someone who has no cargo, root for instance: what was built is not built again.
$(binary):
	$(cargo) build --release --locked

.PHONY: install
install: $(binary) ## install below $(DESTDIR)$(prefix)
	install -d -m 755 "$(DESTDIR)$(bindir)" "$(DESTDIR)$(perldir)" "$(DESTDIR)$(scriptdir)" "$(DESTDIR)$(bashdir)" "$(DESTDIR)$(zshdir)" \
		"$(DESTDIR)$(fishdir)" "$(DESTDIR)$(mandir)/man1"
	install -m 755 "$(binary)" "$(DESTDIR)$(bindir)/rustvenv"
	install -m 755 debhelper/dh_rustvenv "$(DESTDIR)$(bindir)/dh_rustvenv"
	ln -sf dh_rustvenv "$(DESTDIR)$(bindir)/dh_rustvenv_prepare"
	ln -sf dh_rustvenv "$(DESTDIR)$(bindir)/dh_rustvenv_seal"
	install -m 644 debhelper/Sequence/rustvenv.pm "$(DESTDIR)$(perldir)/"
	install -m 644 $(snippets) "$(DESTDIR)$(scriptdir)/"
	for page in $(manual); do \
		section="$(DESTDIR)$(mandir)/man$${page##*.}"; \
		install -d -m 755 "$$section" && install -m 644 "$$page" "$$section/" || exit; \
	done
	ln -sf dh_rustvenv.1 "$(DESTDIR)$(mandir)/man1/dh_rustvenv_prepare.1"
	ln -sf dh_rustvenv.1 "$(DESTDIR)$(mandir)/man1/dh_rustvenv_seal.1"
	"$(binary)" completions bash > "$(DESTDIR)$(bashdir)/rustvenv"
	"$(binary)" completions zsh > "$(DESTDIR)$(zshdir)/_rustvenv"
	"$(binary)" completions fish > "$(DESTDIR)$(fishdir)/rustvenv.fish"
	chmod 644 "$(DESTDIR)$(bashdir)/rustvenv" "$(DESTDIR)$(zshdir)/_rustvenv" "$(DESTDIR)$(fishdir)/rustvenv.fish"

.PHONY: clean
clean: ## remove everything that was built
	rm -rf target fuzz/target

.PHONY: example
example: ## rebuild debian-example's signed wheels from sources, build it twice, compare, run it
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(example_packages)
	@scripts/stage.sh
	@scripts/example-wheels.sh
	@scripts/example.sh
	@scripts/example-sources.sh

.PHONY: example-sources
example-sources: ## fetch three small sdists by their hashes, from the index that pip is set to
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(example_packages)
	@scripts/stage.sh
	@scripts/example-sources.sh

.PHONY: example-lock
example-lock: ## refresh the example's locks of sources
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(example_packages) python3-venv
	@scripts/stage.sh
	@scripts/lock-tools.sh
	@scripts/example-lock.sh

.PHONY: example-list
example-list: ## build the example's wheels, list them, write its requirements (on Debian 12 and 13)
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(example_packages)
	@scripts/stage.sh
	@scripts/example-list.sh

.PHONY: example-key
example-key: ## sign the example's list of wheels with a key of your own (KEY=DIRECTORY)
	@scripts/apt-need.sh gnupg dpkg-dev
	@scripts/example-key.sh $(if $(KEY),"$(KEY)")

.PHONY: reprotest
reprotest: ## build the example and a server of 83 wheels under every variation of reprotest (as root)
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(reprotest_packages) $(application_packages)
	@scripts/stage.sh
	@scripts/example-wheels.sh
	@scripts/reprotest.sh
	@scripts/applications.sh --prepare matrix-synapse
	@scripts/reprotest.sh --tree target/applications/matrix-synapse/tree

.PHONY: applications
applications: ## package three applications of PyPI, twice each, install and start them (as root)
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(application_packages)
	@scripts/stage.sh
	@scripts/applications.sh

.PHONY: applications-lock
applications-lock: ## refresh the locks of these applications
	@scripts/apt-need.sh python3 python3-venv
	@scripts/lock-tools.sh
	@scripts/applications-lock.sh

.PHONY: upgrades
upgrades: ## dpkg's every call, piuparts, another patch level of Python, Debian 12 to 13 (as root)
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(upgrades_packages)
	@scripts/stage.sh
	@scripts/example-wheels.sh
	@scripts/upgrades.sh

.PHONY: chroots
chroots: ## dh-rustvenv and the example in clean bookworm, trixie and sid (as root; an hour the first time)
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(chroots_packages) $(rebuild_packages)
	@scripts/stage.sh
	@scripts/chroots.sh

.PHONY: rebuild
rebuild: ## build a package again from its .buildinfo (BUILDINFO=, WHEELS=, DEBS=; as root)
	@scripts/apt-need.sh $(rebuild_packages)
	@scripts/rebuild.sh $(foreach one,$(WHEELS),-w "$(one)") $(foreach one,$(DEBS),-d "$(one)") "$(BUILDINFO)"

.PHONY: conformance
conformance: ## install sixty projects of PyPI as pip does, compare, import and run them
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(conformance_packages)
	@scripts/stage.sh
	@scripts/conformance.sh

.PHONY: conformance-lock
conformance-lock: ## refresh the lock files of these projects
	@scripts/apt-need.sh python3 python3-venv
	@scripts/conformance-lock.sh

.PHONY: elf
elf: ## compare Depends of 30 binary wheels with dpkg-shlibdeps, and those for other architectures with readelf
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(elf_packages)
	RUSTVENV_ELF=more $(cargo) test --locked --test elf_wheels
	@cat target/elf/table.md

.PHONY: deb
deb: ## build dh-rustvenv's own Debian package, into ..
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(build_packages) debhelper dpkg-dev
	# The compiler may be rustup's: dpkg knows nothing of it (-d), and debhelper builds with another HOME.
	RUSTUP_HOME="$${RUSTUP_HOME:-$$HOME/.rustup}" dpkg-buildpackage -us -uc -b -d

.PHONY: lintian
lintian: deb ## build dh-rustvenv's own package and have lintian look at it (SUITES="trixie ...": theirs, too; as root)
	@scripts/apt-need.sh lintian mmdebstrap
	@scripts/lintian.sh $(SUITES)

.PHONY: check
check: ## everything that has to hold; installs what it needs with apt
	@scripts/cargo.sh --version > /dev/null
	@scripts/rust-tools.sh
	@scripts/apt-need.sh $(check_packages)
	@scripts/lock-tools.sh
	@$(MAKE) --no-print-directory check-shell check-perl check-man check-format check-lint check-doc test

.PHONY: check-shell
check-shell:
	shellcheck --external-sources --source-path=SCRIPTDIR $(shell)
	# a token is no strange name of a command
	shellcheck --shell=sh --exclude=SC2288 $(snippets)

.PHONY: check-perl
check-perl:
	scripts/check-perl.sh $(perl)

.PHONY: check-man
check-man:
	mandoc -T lint -W warning $(manual) debian-example/debian/*.[1-8]

.PHONY: check-format
check-format:
	$(cargo) fmt --check

.PHONY: check-lint
check-lint:
	scripts/clippy.sh

.PHONY: check-doc
check-doc:
	RUSTDOCFLAGS='-D warnings' $(cargo) doc --no-deps --document-private-items --locked

.PHONY: test
test: ## the Rust tests alone
	scripts/test.sh

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZ_SECONDS
	scripts/fuzz.sh $(FUZZ_SECONDS)

.PHONY: wheels
wheels: ## build 60 much used projects from sources, each twice, and say which reproduce (hours)
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(wheels_packages)
	@scripts/stage.sh
	@scripts/wheels.sh

.PHONY: update-campaign
update-campaign: ## from a lock of twenty projects to a .deb: one command, one signature; then a bump
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(update_packages)
	@scripts/stage.sh
	@scripts/update-campaign.sh

.PHONY: bench
bench: ## verifying and installing, measured beside gpgv, sqv and pip
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(bench_packages)
	@scripts/stage.sh
	@scripts/example-wheels.sh
	@scripts/bench.sh

.PHONY: bench-index
bench-index: ## an index of 100,000 wheels: time and memory
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(build_packages) $(index_packages)
	@scripts/stage.sh
	@scripts/bench-index.sh

.PHONY: peers
peers: ## what pip and uv do with the hostile corpus, into HOSTILE.md (as root)
	@scripts/apt-need.sh $(peers_packages)
	@scripts/peers.sh

.PHONY: cross
cross: ## build a package for arm64, armhf, ppc64el and s390x, install and run it there (as root; ARCHITECTURES=...)
	@scripts/cargo.sh --version > /dev/null
	@scripts/apt-need.sh $(cross_packages)
	@scripts/stage.sh
	@scripts/cross.sh $(ARCHITECTURES)

.PHONY: backends
backends: ## the tests with each OpenPGP backend but the default one
	@scripts/apt-need.sh $(check_packages) libssl-dev
	for backend in crypto-openssl crypto-rust; do \
		$(cargo) test --locked --no-default-features --features "$$backend" || exit; \
	done

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16
