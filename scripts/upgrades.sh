#!/bin/bash
# upgrades.sh [PART]...: what dpkg, apt and piuparts do to packages with a virtual environment, in Debian 12 systems that are made
# for it below target/, with packages that are built here: a small application in two versions (and for Python 3.13), and the
# example. `make upgrades` builds and stages what it needs first. The parts, all of them if none is named:
#   dpkg      every call by hand, with `dpkg --root` from outside too; before and after, the system has the same files
#   piuparts  installed and purged, upgraded from the version before, and through an upgrade of the distribution
#   patch     another patch level of Debian's python3.11: from the archive if it has one, else the same under another version
#   release   Debian 12 becomes 13: the application stays, runs on its Python, and moves to the package for the new one
#
# Prints a table; the log, with a listing of the tree after every step, is target/upgrades/log. Needs root.
# Exit status: 0 all as it has to be, 1 not so, 2 could not be tried.
# shellcheck disable=SC2016,SC2317 # texts for other shells and programs; parts are called by their names
set -eu
. "$(dirname -- "$0")/lib.sh"

[ "$(id -u)" = 0 ] || die "needs root: systems are made, entered and upgraded"
work=$top/target/upgrades
debs=$work/debs
log=$work/log
mkdir -p "$debs"
: >"$log"
# What the tables say is found, and not what this machine happens to have.
next=trixie
next_python=python3.13
architecture=$(dpkg --print-architecture)

# ---- packages

# small VERSION PYTHON TEXT MODULE...: the application `word`, which prints TEXT; MODULE is there only for this version
small() (
	version=$1 interpreter=$2 text=$3
	shift 3
	tree=$work/build/word-$version
	rm -rf "$tree"
	mkdir -p "$tree/debian/source" "$tree/wheels"
	cd "$tree"
	"$python" - "$text" "$@" <<'PYTHON'
import base64, hashlib, pathlib, sys, zipfile
text, modules = sys.argv[1], sys.argv[2:]
info = "word-1.0.dist-info"
files = {f"{module}.py": "VALUE = 1\n" for module in modules} | {
    "word/__init__.py": "",
    "word/main.py": "import email.message, json, ssl, sqlite3\n\nfrom word import text\n\n\ndef main():\n    print(text.TEXT)\n",
    "word/text.py": f"TEXT = {text!r}\n",
    f"{info}/METADATA": "Metadata-Version: 2.1\nName: word\nVersion: 1.0\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: upgrades\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{info}/entry_points.txt": "[console_scripts]\nword = word.main:main\n",
}
digest = lambda data: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
rows = [f"{name},sha256={digest(data.encode())},{len(data)}\n" for name, data in files.items()]
files[f"{info}/RECORD"] = "".join(rows) + f"{info}/RECORD,,\n"
wheel = pathlib.Path("wheels/word-1.0-py3-none-any.whl")
with zipfile.ZipFile(wheel, "w") as archive:
    for name, data in files.items():
        archive.writestr(zipfile.ZipInfo(name), data)
pathlib.Path("requirements.txt").write_text(f"word==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
PYTHON
	printf '3.0 (native)\n' >debian/source/format
	printf '#!/usr/bin/make -f\n%%:\n\tdh $@ --with rustvenv\n' >debian/rules
	chmod 755 debian/rules
	printf 'word (%s) unstable; urgency=medium\n\n  * A release.\n\n -- A Person <a@example.org>  %s\n' "$version" \
		"$(date -u -R -d "2024-03-01 + ${version%%.*} days")" >debian/changelog
	cat >debian/control <<'CONTROL'
Source: word
Section: misc
Priority: optional
Maintainer: A Person <a@example.org>
Standards-Version: 4.6.2
Rules-Requires-Root: no
Build-Depends: debhelper-compat (= 13), dh-sequence-rustvenv

Package: word
Architecture: any
Depends: ${misc:Depends}
Description: say a word
 It says a word.
CONTROL
	# the way of the packages through dpkg is looked at here, and not who signed for what is in them
	printf '%s\n' 'project = "none"' 'trust = "dangerously-unsigned"' 'commands = ["word"]' \
		"python = \"${interpreter#python}\"" >debian/word.rustvenv
	printf 'word.conf etc\n' >debian/word.install
	printf 'language = en\n' >word.conf
	printf 'No rights are reserved.\n' >debian/copyright
	logged "$work/build-word-$version.log" clean_env dpkg-buildpackage -us -uc -b -d
	cp "../word_${version}_$architecture.deb" "$debs/"
)

# example VERSION: the example under that version
example() (
	version=$1
	tree=$work/build/tidings-$version
	rm -rf "$tree"
	mkdir -p "$work/build"
	cp -R debian-example "$tree"
	cp target/example/wheels/*.whl "$tree/wheels/"
	cd "$tree"
	sed -i "1s/([^)]*)/($version)/" debian/changelog
	logged "$work/build-tidings-$version.log" clean_env dpkg-buildpackage -us -uc -b -d
	cp "../tidings_${version}_$architecture.deb" "$debs/"
)

# ---- systems

mirror_of() { # LABEL
	apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' | sed -n "s/ $1\$//p" | grep -v '^file:' |
		sort -u | head -n 1
}
mirror=$(mirror_of Debian)
security=$(mirror_of Debian-Security)

# system NAME: a new Debian 12 in $root, whose apt reaches what this machine's reaches
system() {
	root=$work/$1
	leave
	rm -rf --one-file-system "$root"
	mkdir "$root"
	tar -C "$root" -xf "$work/bookworm.tar"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	apt-config dump | grep -E '^Acquire::(http|https)' >"$root/etc/apt/apt.conf.d/50outside" || :
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	# the system is thrown away
	echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
	mkdir "$root/debs"
	cp "$debs"/*.deb "$root/debs/"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount --make-rslave "$root/dev"
}
leave() {
	if [ -n "${root-}" ]; then umount -l "$root/proc" "$root/dev" 2>/dev/null || :; fi
}
trap leave EXIT

in_it() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
apt() { in_it apt-get --yes --quiet --no-install-recommends -o Dpkg::Options::=--force-confold "$@"; }
remove_system() {
	leave
	rm -rf --one-file-system "$root"
	root=
}

# ---- the table

worst=0
row() { # PART STEP ok|WRONG|NOT\ TRIED DETAIL
	printf '%-9s %-44s %-6s %s\n' "$1" "$2" "$3" "$4" | sed 's/ *$//'
	printf '%s: %s: %s %s\n' "$1" "$2" "$3" "$4" >>"$log"
	if [ "$3" != ok ]; then worst=1; fi
}

# step NAME COMMAND...: runs the command and logs it with the trees that come of it
step() {
	name=$1
	shift
	status=0
	printf '\n==== %s: %s\n$ %s\n' "$part" "$name" "$*" >>"$log"
	"$@" >>"$log" 2>&1 </dev/null || status=$?
	printf '(status %s)\n' "$status" >>"$log"
	find "$root/opt" "$root/usr/bin/word" "$root/usr/bin/tidings" "$root/etc/word.conf" -printf '%M %s %P\n' 2>/dev/null | sort -k 3 >>"$log"
	in_it dpkg-query -f '${db:Status-Abbrev} ${Package} ${Version}\n' -W word tidings python3.11 python3 >>"$log" 2>&1 || :
}
# sources and byte code of an environment
modules() { find "$root/opt/venvs/$1/lib" -name '*.py' 2>/dev/null | wc -l; }
cached() { find "$root/opt/venvs/$1" -name '*.pyc' -o -name '*.pyc.[0-9]*' 2>/dev/null | wc -l; }

# works PACKAGE WORDS: the last step went well, the application starts and says WORDS, its byte code is complete and used, and dpkg
# finds its files unchanged
works() {
	wrong=
	[ "$status" = 0 ] || wrong="status $status"
	# shellcheck disable=SC2086 # no argument or one
	said=$(in_it "/opt/venvs/$1/bin/$1" ${3-} 2>&1) || wrong="$wrong; it does not start"
	[ "$said" = "$2" ] || wrong="$wrong; it says: ${said##*$'\n'}"
	[ "$(modules "$1")" = "$(cached "$1")" ] || wrong="$wrong; byte code for $(cached "$1") of $(modules "$1") modules"
	verified=$(in_it dpkg --verify "$1" | grep -v ' c /' || :)
	[ -z "$verified" ] || wrong="$wrong; dpkg --verify: $verified"
	loaded=$(in_it "/opt/venvs/$1/bin/python" -B -v -c "import $1" 2>&1 | grep -c "^# code object from '/opt/.*\.py'" || :)
	[ "$loaded" = 0 ] || wrong="$wrong; $loaded modules were compiled at the start"
	if [ -z "$wrong" ]; then row "$part" "$name" ok "\"$said\", $(cached "$1") modules"; else row "$part" "$name" WRONG "${wrong#; }"; fi
}
# gone WHAT: nothing stands below /opt
gone() {
	left=$(find "$root/opt" -mindepth 1 2>/dev/null | wc -l)
	if [ "$status" = 0 ] && [ "$left" = 0 ]; then row "$part" "$name" ok "nothing below /opt"; else
		row "$part" "$name" WRONG "status $status, $left paths below /opt"
	fi
}
# refused PACKAGE WORDS: the last step failed, as it was to, and the rest is as `works` says
refused() {
	if [ "$status" = 0 ]; then row "$part" "$name" WRONG "was to fail" && return; fi
	status=0
	works "$@"
}

# what there is in the system beside the notes of dpkg and apt, and byte code of Debian's own modules,
# which root's runs leave too; and /opt, which dpkg removes with the last package there, and `gone` looks at
files() {
	find "$root" -xdev \( -path "$root/var/lib/dpkg" -o -path "$root/var/lib/apt" -o -path "$root/var/cache" -o -path "$root/var/log" \
		-o -path "$root/usr/lib/python3*/__pycache__" -o -path "$root/debs" -o -path "$root/proc" -o -path "$root/dev" -o -path "$root/tmp" \) -prune -o ! -path "$root/opt" -printf '%M %P %l\n' | sort
}
dpkg_in() { in_it dpkg --force-confold "$@"; }
# root's runs: another level of optimisation, and what a writer leaves that was killed
as_root() {
	in_it "/opt/venvs/$1/bin/python" -O -c "import $2" || :
	: >"$root/opt/venvs/$1/lib/python3.11/site-packages/${2%%.*}/__pycache__/__init__.cpython-311.pyc.140"
}
with_root() { as_root word word.main && dpkg_in "$@"; }
edit_script() { # PACKAGE.SCRIPT CONDITION: it fails at its end where CONDITION holds
	printf '%s\n' "$2 && exit 1; :" >>"$root/var/lib/dpkg/info/$1"
}

part_dpkg() {
	part=dpkg
	system dpkg
	deb1=/debs/word_1.0_$architecture.deb deb2=/debs/word_2.0_$architecture.deb
	files >"$work/before"
	step "install" dpkg_in -i "$deb1" && works word "the first"
	step "install again, after root's runs" with_root -i "$deb1" && works word "the first"
	step "upgrade" with_root -i "$deb2" && works word "the second"
	status=0 name="upgrade: no module of the version before"
	[ ! -e "$root/opt/venvs/word/lib/python3.11/site-packages/early" ] || status=1
	works word "the second"
	edit_script word.prerm '[ "$1" = upgrade ]'
	step "upgrade in spite of a prerm that fails" with_root -i "$deb1" && works word "the first"
	edit_script word.prerm '[ "$1" = remove ]'
	step "abort-remove" with_root --remove word && refused word "the first"
	step "unpack" dpkg_in --unpack "$deb2"
	if [ "$(in_it word)" = "the second" ]; then row dpkg "unpacked, not configured" ok "\"the second\""; else
		row dpkg "unpacked, not configured" WRONG "does not run"
	fi
	step "configure" dpkg_in --configure --pending && works word "the second"
	step "configure again" in_it dpkg-reconfigure word && works word "the second"
	step "downgrade" with_root -i "$deb1" && works word "the first"
	printf 'language = eo\n' >"$root/etc/word.conf"
	step "remove" with_root --remove word && gone
	step "install after remove" dpkg_in -i "$deb2" && works word "the second"
	grep -q eo "$root/etc/word.conf" && status=0 || status=1
	name="the changed conffile is kept" && works word "the second"
	step "purge" with_root --purge word && gone
	files >"$work/after"
	if cmp -s "$work/before" "$work/after"; then row dpkg "the system before and after" ok "$(wc -l <"$work/after") paths"; else
		row dpkg "the system before and after" WRONG "$(diff "$work/before" "$work/after" | grep -c '^[<>]') paths differ"
		diff "$work/before" "$work/after" >>"$log" || :
	fi
	step "dpkg --root, from outside" dpkg --root="$root" -i "$root$deb1" && works word "the first"
	step "dpkg --root: remove" dpkg --root="$root" --purge word && gone
	step "dpkg --force-script-chrootless" dpkg --root="$root" --force-script-chrootless -i "$root$deb2"
	if [ -x /usr/bin/python3.11 ]; then works word "the second"; else row dpkg "$name" ok "not compiled: no python3.11 outside"; fi
	step "the same: purge" dpkg --root="$root" --force-script-chrootless --purge word && gone
	example_deb=/debs/$(basename "$debs"/tidings_1.0_*.deb)
	apt update >>"$log" 2>&1
	step "the example: install" apt install "$example_deb" && works tidings "tidings 1.0" --version
	as_root tidings tidings >>"$log" 2>&1
	step "the example: purge" apt purge tidings && gone
	remove_system
}

part_piuparts() {
	part=piuparts
	rm -rf "$work/repository"
	mkdir -p "$work/repository"
	cp "$debs/word_1.0_$architecture.deb" "$debs/tidings_0.9_$architecture.deb" "$work/repository/"
	(cd "$work/repository" && dpkg-scanpackages . >Packages 2>/dev/null)
	root=$work/piuparts-root
	rm -rf --one-file-system "$root"
	mkdir "$root"
	tar -C "$root" -xf "$work/bookworm.tar"
	chmod 755 "$root"
	common=(--existing-chroot="$root" --mirror="$mirror main" --bindmount="$work/repository"
		--extra-repo="deb [trusted=yes] file:$work/repository ./" --no-eatmydata --skip-logrotatefiles-test --tmpdir="$work"
		# no package of Debian owns /opt: dpkg removes it with the last one that has something there
		--ignore=/opt/)
	pius() { # NAME FILE OPTION...
		name=$1 file=$2
		shift 2
		status=0
		clean_env piuparts --arch="$architecture" "$@" "${common[@]}" "$debs/$file" >"$work/piuparts.log" 2>&1 </dev/null || status=$?
		cat "$work/piuparts.log" >>"$log"
		if [ "$status" = 0 ]; then row piuparts "$name" ok "$(grep -c 'PASS:' "$work/piuparts.log") tests passed"; else
			row piuparts "$name" WRONG "status $status: $(grep -E 'ERROR|FAIL' "$work/piuparts.log" | head -n 1)"
		fi
	}
	pius "word: install, purge; upgrade from 1.0" "word_2.0_$architecture.deb" -d bookworm
	pius "tidings: install, purge; upgrade from 0.9" "tidings_1.0_$architecture.deb" -d bookworm
	# what debconf leaves of an upgrade of the distribution, whatever is installed
	pius "word: bookworm to $next" "word_2.0_$architecture.deb" -d bookworm -d "$next" --ignore=/var/cache/debconf/tmp.ci/
	rm -rf --one-file-system "$root"
	root=
}

part_patch() {
	part='patch'
	system patch
	apt update >>"$log" 2>&1
	step "install" apt install "/debs/word_1.0_$architecture.deb" "/debs/tidings_1.0_$architecture.deb" && works word "the first"
	name="the example" && works tidings "tidings 1.0" --version
	before=$(in_it dpkg-query -f '${Version}' -W python3.11-minimal)
	find "$root/opt" -name '*.pyc' -exec sha256sum {} + | sort >"$work/caches-before"
	[ -z "$security" ] || echo "deb $security bookworm-security main" >"$root/etc/apt/sources.list.d/security.list"
	apt update >>"$log" 2>&1
	source="from the archive"
	if [ "$(in_it apt-get --simulate --quiet install python3.11 | grep -c '^Inst python3.11-minimal')" = 0 ]; then
		source="rebuilt with another version"
		mkdir "$root/again"
		(cd "$root/again" && in_it sh -c 'cd /again && apt-get download --quiet libpython3.11-minimal libpython3.11-stdlib python3.11 python3.11-minimal' \
			>>"$log" 2>&1
			for deb in *.deb; do
				in_it sh -c "cd /again && dpkg-deb -R $deb t && sed -i '/^Version:\\|^Depends:\\|^Pre-Depends:/s/$before/$before.1/g' t/DEBIAN/control &&
					dpkg-deb -b t new-$deb && rm -r t $deb" >>"$log" 2>&1
			done)
		step "python3.11 with another patch level" in_it sh -c 'dpkg -i /again/new-*.deb'
	else
		step "python3.11 with another patch level" apt install --only-upgrade python3.11 python3.11-minimal libpython3.11-stdlib libpython3.11-minimal
	fi
	after=$(in_it dpkg-query -f '${Version}' -W python3.11-minimal)
	name="$before -> $after"
	[ "$before" != "$after" ] || status=1
	works word "the first"
	name="the example" && works tidings "tidings 1.0" --version
	find "$root/opt" -name '*.pyc' -exec sha256sum {} + | sort >"$work/caches-after"
	if cmp -s "$work/caches-before" "$work/caches-after"; then row patch "byte code is the same ($source)" ok "$(wc -l <"$work/caches-after") files"; else
		row patch "byte code is the same ($source)" WRONG ""
	fi
	step "upgrade of the application then" dpkg_in -i "/debs/word_2.0_$architecture.deb" && works word "the second"
	remove_system
}

part_release() {
	part=release
	system release
	apt update >>"$log" 2>&1
	step "Debian 12 with python3" apt install python3 "/debs/word_1.0_$architecture.deb" "/debs/tidings_1.0_$architecture.deb" && works word "the first"
	name="the example" && works tidings "tidings 1.0" --version
	echo "deb $mirror $next main" >"$root/etc/apt/sources.list"
	rm -f "$root"/etc/apt/sources.list.d/*
	apt update >>"$log" 2>&1
	step "apt-get dist-upgrade to $next" apt dist-upgrade && works word "the first"
	name="dist-upgrade: the example" && works tidings "tidings 1.0" --version
	versions() { in_it dpkg-query -f '${Package} ${Version}, ' -W python3 python3.11 libc6 | sed 's/, $//'; }
	row release "the system" ok "Debian $(cat "$root/etc/debian_version"): $(versions)"
	step "apt-get autoremove" apt autoremove && works word "the first"
	name="autoremove: the example" && works tidings "tidings 1.0" --version
	step "installed again under $next" dpkg_in -i "/debs/word_1.0_$architecture.deb" && works word "the first"
	as_root word word.main >>"$log" 2>&1
	step "upgrade to the package for $next_python" apt install "/debs/word_3.0_$architecture.deb" && works word "the third"
	left=$(find "$root/opt/venvs/word/lib" -mindepth 1 -maxdepth 1 -printf '%f ')
	if [ "$left" = "$next_python " ]; then row release "the directory of Python 3.11" ok "nothing is left of it"; else
		row release "the directory of Python 3.11" WRONG "lib has: $left"
	fi
	step "removal of the example, autoremove" apt purge tidings --autoremove
	if in_it dpkg-query -W python3.11 >/dev/null 2>&1 && [ "$(in_it dpkg-query -f '${db:Status-Status}' -W python3.11)" = installed ]; then
		row release "python3.11, which nobody needs now" WRONG "is still there"
	else
		row release "python3.11, which nobody needs now" ok "is gone"
	fi
	name="and word" && works word "the third"
	step "purge" apt purge word && gone
	remove_system
}

# ---- all of it

say "packages (logs: target/upgrades/build-*.log)"
rm -rf "$debs" "$work/build"
mkdir -p "$debs"
small 1.0 python3.11 "the first" early/__init__ early/deep/module
small 2.0 python3.11 "the second" late
small 3.0 "$next_python" "the third"
example 0.9
example 1.0
if [ ! -e "$work/bookworm.tar" ]; then
	say "a Debian 12 (once)"
	logged "$work/chroot.log" scripts/chroot.sh -i python3.11 bookworm "$work/bookworm.tar.new"
	mv "$work/bookworm.tar.new" "$work/bookworm.tar"
fi
printf '%-9s %-44s %-6s %s\n' part step result detail
[ $# -gt 0 ] || set -- dpkg piuparts patch release
for each; do
	case $each in
	dpkg | piuparts | patch | release) "part_$each" ;;
	*) die "no such part: $each" ;;
	esac
done
say "all steps with their trees: target/upgrades/log"
exit "$worst"
