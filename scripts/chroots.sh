#!/bin/sh
# chroots.sh [-d DEB | -p]: builds the example in clean Debian systems, as root, and prints a table. `make chroots` sees to what it
# needs first.
#
# dh-rustvenv's own package is built in trixie and in bookworm, without a network, with the crates vendored; with
# DEB_BUILD_OPTIONS=nocheck without its unit tests. -p: no more than that. -d DEB: this one is taken instead.
# Then the example is built in bookworm and in trixie, four times each: as root, as a user in another place and time, and
# twice by sbuild as an ordinary user; each has to be the same within its suite. A package for bookworm's Python, with the
# application a verified wheel like every other, is built on bookworm, trixie and sid: it has to be the same on all three.
# Last, one of the packages is rebuilt from its .buildinfo (rebuild.sh).
#
# Everything is below target/chroots; systems and packages that are still the right ones are kept for the next run. The user
# rustvenv-second is made for sbuild and stays. Exit status: 0 all are equal, 1 some differ, 2 a build failed.
set -eu
. "$(dirname -- "$0")/lib.sh"

deb=
only=
while getopts d:p option; do
	case $option in
	p) only=own ;;
	d) deb=$(readlink -f -- "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ "$(id -u)" = 0 ] || die "needs root: the files of a system belong to many users"

work=$top/target/chroots
logs=$work/logs
mkdir -p "$work/systems" "$logs" "$work/stamps"
rm -f "$work/table"
second_user='rustvenv-second'
architecture=$(dpkg --print-architecture)
# shellcheck disable=SC2154 # of lib.sh
[ "$architecture" = "$example_architecture" ] || die "the example's wheels with machine code are for $example_architecture"

# ---- systems

# What a build of the example is done in; sbuild wants fakeroot, and nettle-dev has the libraries of dh-rustvenv under a name that all suites know.
ready_packages=debhelper,fakeroot,faketime,nettle-dev,python3
wheel_packages=bubblewrap,dpkg-dev,libffi-dev,nettle-dev,pkgconf,python3,python3-dev

# base NAME SUITE PACKAGES: $work/NAME.tar, a clean system
base() {
	if [ "$(cat "$work/stamps/$1" 2>/dev/null)" = "$2 $3" ] && [ -f "$work/$1.tar" ]; then return; fi
	say "$1: a clean system of $2"
	logged "$logs/base-$1.log" scripts/chroot.sh -i "$3" "$2" "$work/$1.new.tar"
	mv -- "$work/$1.new.tar" "$work/$1.tar"
	printf '%s\n' "$2 $3" >"$work/stamps/$1"
}

# fresh NAME: unpacks $work/NAME.tar and prints where
fresh() {
	rm -rf -- "$work/systems/$1"
	mkdir -- "$work/systems/$1"
	tar -C "$work/systems/$1" -xf "$work/$1.tar"
	printf '%s\n' "$work/systems/$1"
}
inside() { "$top/scripts/inside.sh" "$@"; }

# ---- dh-rustvenv's own package

# What it is made of, and what `git ls-files` says of it: a stray file of the working tree is no part of it.
own_tree() { git ls-files -z | xargs -0 tar -c --; }
# of which these get into the package, or decide how it is built
own_parts='Cargo.lock Cargo.toml Makefile README.md debhelper debian examples man src'

# own SUITE PACKAGES: builds dh-rustvenv in SUITE into $work/own/SUITE, unless it was built from the same files
own() {
	# shellcheck disable=SC2086 # a list
	sum=$(git ls-files -z -- $own_parts | xargs -0 sha256sum | sha256sum)
	if [ "$(cat "$work/stamps/own-$1" 2>/dev/null)" = "$sum" ]; then return; fi
	base "$1-rust" "$1" "debhelper,libclang-dev,nettle-dev,pkgconf,$2"
	system=$(fresh "$1-rust")
	tree=$system/build/dh-rustvenv
	mkdir -p "$tree"
	own_tree | tar -x -C "$tree"
	logged "$logs/vendor.log" scripts/cargo.sh vendor --locked "$tree/vendor"
	chown -R 1000:1000 "$system/build"
	say "dh-rustvenv: building it in $1 with $(inside "$system" rustc --version) (some minutes)"
	logged "$logs/own-$1.log" inside -u builder "$system" env DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-}" \
		sh -c 'cd /build/dh-rustvenv && dpkg-buildpackage --no-sign --build=binary'
	rm -rf "$work/own/$1"
	mkdir -p "$work/own/$1"
	cp -- "$system"/build/dh-rustvenv_*.deb "$work/own/$1/"
	rm -rf -- "$system"
	printf '%s\n' "$sum" >"$work/stamps/own-$1"
}

if [ -z "$deb" ]; then
	own trixie cargo,rustc
	own bookworm cargo-web,rustc-web
	for deb in "$work"/own/bookworm/dh-rustvenv_*.deb; do :; done
fi
[ -z "$only" ] || exit 0

# ready SUITE: $work/SUITE-ready.tar, with dh-rustvenv installed
ready() {
	base "$1" "$1" "$ready_packages"
	sum=$(cat "$work/stamps/$1" && sha256sum <"$deb")
	if [ "$(cat "$work/stamps/$1-ready" 2>/dev/null)" = "$sum" ]; then return; fi
	system=$(fresh "$1")
	cp -- "$deb" "$system/tmp/dh-rustvenv.deb"
	# Whether one package serves all suites is decided by its dependencies, and by whether it runs.
	logged "$logs/install-$1.log" inside "$system" dpkg --install /tmp/dh-rustvenv.deb
	say "$1: dh-rustvenv is installed: $(inside "$system" rustvenv --version)"
	rm -f -- "$system/tmp/dh-rustvenv.deb"
	tar -C "$system" -cf "$work/$1-ready.tar" .
	rm -rf -- "$system"
	printf '%s\n' "$sum" >"$work/stamps/$1-ready"
}
for suite in bookworm trixie sid; do ready "$suite"; done
for own_deb in "$work"/own/trixie/dh-rustvenv_*.deb; do
	[ -f "$own_deb" ] || continue
	system=$(fresh trixie-ready)
	cp -- "$own_deb" "$system/tmp/dh-rustvenv.deb"
	logged "$logs/install-own-trixie.log" inside "$system" dpkg --install /tmp/dh-rustvenv.deb
	say "trixie: and so is the one that Debian's own compiler made there: $(inside "$system" rustvenv --version)"
	rm -rf -- "$system"
done

# ---- the example's wheels, those of each suite built in that suite

# shellcheck disable=SC2154 # of lib.sh
rustvenv=$stage/usr/bin/rustvenv
sdists=$work/sdists
wheels=$work/wheels
mkdir -p "$sdists" "$wheels"
say "sources: fetching them by hash into target/chroots/sdists"
# shellcheck disable=SC2046,SC2086,SC2154 # of lib.sh: names of projects, each with its option
logged "$logs/fetch.log" "$rustvenv" fetch --requirements debian-example/sources.txt \
	--requirements debian-example/build-sources.txt --sdists "$sdists" --wheels "$wheels" --python 3.11 --glibc 2.36 \
	$(printf ' --upstream-wheels %s' $upstream_wheels)

# build_wheels SUITE: the example's wheels, unless they are there
build_wheels() {
	sum=$(cat debian-example/sources.txt debian-example/build-sources.txt | sha256sum)
	if [ "$(cat "$work/stamps/wheels-$1" 2>/dev/null)" = "$sum" ]; then return; fi
	base "$1-wheels" "$1" "$wheel_packages"
	system=$(fresh "$1-wheels")
	mkdir -p "$system/build/wheels"
	cp -R -- debian-example "$sdists" "$system/build/"
	for project in $upstream_wheels; do cp -- "$wheels/$project"-*.whl "$system/build/wheels/"; done
	cp -- "$deb" "$system/tmp/dh-rustvenv.deb"
	logged "$logs/wheels-$1.log" inside "$system" dpkg --force-depends --install /tmp/dh-rustvenv.deb
	chown -R 1000:1000 "$system/build"
	say "$1: building the example's wheels from sources"
	logged "$logs/wheels-$1.log" inside -u builder "$system" sh -c 'cd /build && rustvenv build \
		--requirements debian-example/sources.txt --requirements debian-example/build-sources.txt \
		--sdists sdists --wheels wheels'
	cp -- "$system"/build/wheels/*.whl "$wheels/"
	rm -rf -- "$system"
	printf '%s\n' "$sum" >"$work/stamps/wheels-$1"
}
for suite in bookworm trixie; do build_wheels "$suite"; done
logged "$logs/verify.log" "$rustvenv" -C debian-example verify --manifest wheels/sha256sums.txt --keyring debian/signers \
	--wheels "$wheels"
say "wheels: each is the file that was signed for"

# ---- builds

version=$(dpkg-parsechangelog --file debian-example/debian/changelog --show-field Version)
package=tidings_${version}_$architecture.deb
worst=0
# row WHAT SUITE HOW DEB: a line of the table; WHAT is what has to be equal
row() {
	if [ -f "$4" ]; then sum=$(sha256sum <"$4" | cut -c 1-12); else sum=FAILS; fi
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$sum" >>"$work/table"
	say "$1, $2, $3: $sum"
}

# in_system SUITE SOURCE OUTPUT HOW: SOURCE built in a fresh system of SUITE; what comes out goes to OUTPUT
in_system() {
	system=$(fresh "$1-ready")
	case $4 in
	root) place=/build/tidings-$version user=root ;;
	*) place="/srv/another place/tidings" user=somebody ;;
	esac
	mkdir -p "$system$place"
	cp -R -- "$2/." "$system$place/"
	rm -rf -- "$3"
	mkdir -p "$3"
	# shellcheck disable=SC2016 # $1 is the other shell's
	case $4 in
	root)
		inside "$system" sh -c 'cd "$1" && dpkg-buildpackage --no-sign --build=binary' build "$place"
		;;
	user)
		chown -R 1000:1000 "$system/srv/another place"
		inside -u "$user" "$system" env TZ=NZT-13:30 LC_ALL=C DEB_BUILD_OPTIONS=parallel=1 sh -c 'cd "$1" && umask 077 &&
			faketime -f +400d dpkg-buildpackage --no-sign --build=binary' build "$place"
		;;
	full)
		inside "$system" sh -c 'cd "$1" && dpkg-buildpackage --no-sign --source-option="--tar-ignore=*.whl"' build "$place"
		;;
	esac >"$3/log" 2>&1 || return
	find "$system${place%/*}" -maxdepth 1 -type f -exec cp -- {} "$3/" \;
	find "$system$place" -path '*/rustvenv-project/*.whl' -exec cp -- {} "$3/" \;
	rm -rf -- "$system"
}

# Where others can read, which a checkout below /root or a private home is not.
bed=$(mktemp -d /var/tmp/rustvenv-chroots.XXXXXX)
trap 'rm -rf -- "$bed"' EXIT
chmod 755 "$bed"
getent passwd "$second_user" >/dev/null || useradd --user-group --shell /bin/sh "$second_user"
grep -q "^$second_user:" /etc/subuid ||
	usermod --add-subuids 1900000-1965535 --add-subgids 1900000-1965535 "$second_user"

# by_sbuild SUITE SOURCE OUTPUT [OPTION...]: SOURCE built from its .dsc by sbuild, as an ordinary user
by_sbuild() {
	suite=$1 source=$2 output=$3
	shift 3
	rm -rf -- "$bed/${suite:?}" "$output"
	mkdir -p "$bed/$suite/out" "$output"
	cp -R -- "$source" "$bed/$suite/tidings-$version"
	(cd "$bed/$suite" && dpkg-source --build "tidings-$version") >"$output/log" 2>&1 || return
	rm -rf -- "$bed/$suite/tidings-$version"
	[ -e "$bed/$suite.tar" ] || ln -- "$work/$suite-ready.tar" "$bed/$suite.tar" 2>/dev/null ||
		cp -- "$work/$suite-ready.tar" "$bed/$suite.tar"
	chown -R "$second_user": "$bed/$suite"
	(cd "$bed/$suite/out" && env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$bed/$suite" LC_ALL=C.UTF-8 \
		setpriv --reuid "$second_user" --regid "$second_user" --init-groups -- \
		sbuild --chroot-mode=unshare --dist="$suite" --chroot="$bed/$suite.tar" --no-apt-update --no-apt-upgrade \
		--no-apt-distupgrade --no-run-lintian --nolog "$@" "$bed/$suite/tidings_$version.dsc") >>"$output/log" 2>&1 || return
	cp -- "$bed/$suite"/out/* "$output/"
}

# in_suite WHAT SOURCE SUITE HOW: a build by in_system and its line of the table
out=$work/packages
in_suite() {
	in_system "$3" "$2" "$out/$1/$3-$4" "$4" || :
	row "$1" "$3" "$4" "$out/$1/$3-$4/$package"
}
# with_sbuild WHAT SOURCE SUITE: twice
with_sbuild() {
	by_sbuild "$3" "$2" "$out/$1/$3-sbuild" || :
	row "$1" "$3" sbuild "$out/$1/$3-sbuild/$package"
	by_sbuild "$3" "$2" "$out/$1/$3-sbuild-2" --build-path=/tmp/elsewhere || :
	row "$1" "$3" 'sbuild elsewhere' "$out/$1/$3-sbuild-2/$package"
}

# One source package for all suites.
sources=$work/sources
rm -rf -- "$sources" "$out"
mkdir -p "$sources" "$out"
cp -R -- debian-example "$sources/example"
cp -- "$wheels"/*.whl "$sources/example/wheels/"
in_suite example-bookworm "$sources/example" bookworm root

# ---- a package for bookworm's Python, wherever it is built

# The application is a wheel like every other: it was built in bookworm, and somebody signed for it. The key is made for this
# and kept, so that the next run makes the same package.
variant=$sources/for-bookworm
cp -R -- "$sources/example" "$variant"
cp -- "$out/example-bookworm/bookworm-root"/*.whl "$variant/wheels/"
rm -rf "$variant/src" "$variant/pyproject.toml" "$variant/debian/tidings.service" "$variant/debian/signers" \
	"$variant/wheels/sha256sums.txt.asc"
cat >"$variant/debian/tidings.rustvenv" <<'TEXT'
python           = "3.11"
glibc            = "2.36"
project          = "none"
bytecode         = "none"
keyring          = ["debian/signers"]
manifest-project = "tidings"
commands         = ["tidings", "tidingsd"]
TEXT
(
	cd "$variant/wheels"
	{
		head -n 1 "$top/debian-example/wheels/sha256sums.txt"
		sha256sum -- *.whl
	} >sha256sums.txt
	for wheel in tidings-*.whl; do
		printf 'tidings==%s --hash=sha256:%s\n' "$version" "$(sha256sum <"$wheel" | cut -d ' ' -f 1)"
	done >>../requirements.txt
)
# GnuPG's sockets need a short path.
key=$work/key
if ! cmp -s -- "$variant/wheels/sha256sums.txt" "$key/sha256sums.txt"; then
	rm -rf -- "$key"
	mkdir -p "$key"
	(
		GNUPGHOME=$(mktemp -d)
		export GNUPGHOME
		# before the date of the package
		signer() { gpg --batch --quiet --faked-system-time 20261101T000000 --pinentry-mode loopback --passphrase '' "$@"; }
		signer --quick-generate-key 'chroots <chroots@example.org>' ed25519 sign never
		gpg --batch --armor --export chroots >"$key/chroots.asc"
		cp -- "$variant/wheels/sha256sums.txt" "$key/"
		signer --armor --detach-sign "$key/sha256sums.txt"
		gpgconf --kill all
		rm -rf -- "$GNUPGHOME"
	) 2>"$logs/gpg.log"
fi
mkdir "$variant/debian/signers"
cp -- "$key/chroots.asc" "$variant/debian/signers/"
cp -- "$key/sha256sums.txt.asc" "$variant/wheels/"

# Byte code that is compiled where the package is installed: there are maintainer scripts.
cp -R -- "$variant" "$sources/for-bookworm-install"
sed -i 's/^bytecode .*/bytecode = "install"/' "$sources/for-bookworm-install/debian/tidings.rustvenv"

# all_of SUITE: everything that is built in SUITE
all_of() {
	case $1 in
	bookworm) in_suite example-bookworm "$sources/example" bookworm user ;;
	trixie)
		in_suite example-trixie "$sources/example" trixie root
		in_suite example-trixie "$sources/example" trixie user
		;;
	sid)
		# There is nothing signed for its Python: that has to be said, and nothing else may happen.
		if in_system sid "$sources/example" "$out/example-sid" root; then
			row example-sid sid 'NOT REFUSED' ''
		else
			say "example, sid: refused, since its Python has no wheel on the list: $(grep -o '^error\[[^]]*\]' "$out/example-sid/log" |
				sort -u | paste -sd ' ')"
		fi
		;;
	esac
	in_suite for-bookworm "$variant" "$1" root
	in_suite for-bookworm-install "$sources/for-bookworm-install" "$1" root
	in_suite for-bookworm "$variant" "$1" user
	with_sbuild for-bookworm "$variant" "$1"
	[ "$1" = sid ] || with_sbuild "example-$1" "$sources/example" "$1"
}
all_of bookworm &
all_of trixie &
all_of sid &
wait

# It has to run, too: in bookworm, from the package that sid has built.
system=$(fresh bookworm-ready)
cp -- "$out/for-bookworm/sid-root/$package" "$system/tmp/"
logged "$logs/run.log" inside "$system" sh -c "dpkg --install /tmp/$package && tidings --version && tidings keygen /tmp/key"
say "for-bookworm: what sid has built runs in bookworm: $(inside "$system" tidings --version)"
rm -rf -- "$system"

# ---- from .buildinfo alone

in_system bookworm "$sources/example" "$out/with-buildinfo" full || :
row example-bookworm bookworm 'wheels not in the source' "$out/with-buildinfo/$package"
scripts/rebuild.sh -w "$wheels" -d "$deb" -o "$out/rebuilt" "$out/with-buildinfo/tidings_${version}_$architecture.buildinfo" \
	>"$logs/rebuild.log" 2>&1 || tail -n 15 "$logs/rebuild.log" >&2
row example-bookworm bookworm 'rebuilt from .buildinfo' "$out/rebuilt/$package"

# ---- the table

printf '\n%-21s %-9s %-26s %-13s %s\n' 'one package' 'built on' how sha256 verdict
cut -f 1 "$work/table" | sort -u >"$work/what"
while read -r what; do
	sums=$(awk -F '\t' -v what="$what" '$1 == what { print $4 }' "$work/table" | sort -u)
	case $sums in
	*FAILS*) verdict=FAILS worst=2 ;;
	*' '* | *'
'*)
		verdict=DIFFERS
		[ "$worst" = 2 ] || worst=1
		;;
	*) verdict=equal ;;
	esac
	awk -F '\t' -v what="$what" -v verdict="$verdict" \
		'$1 == what { printf "%-21s %-9s %-26s %-13s %s\n", $1, $2, $3, $4, verdict }' "$work/table"
done <"$work/what"
exit "$worst"
