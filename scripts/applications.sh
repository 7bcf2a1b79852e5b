#!/bin/sh
# applications.sh [--prepare] [NAME]...: packages real applications of PyPI as their packagers would (tests/applications: a
# directory for each, with debian/ and locks), and starts them. `make applications` sees to what it needs first.
#
# Of each: the release's own sdist is unpacked, or there is none, and the wheel is locked as all others. Wheels are fetched by
# hash, from the index that pip is set to; what upstream has no wheel of is built. The list is signed with a key that is thrown
# away. The package is built twice in surroundings that differ in everything that must not matter, the two are compared,
# one is installed with what it depends on in a clean system, and an ordinary user starts the application there (the script
# tests/applications/NAME/start). With --prepare only the source packages are made: target/applications/NAME/tree.
# Needs root, for the clean system. Exit status: 0 all are equal and start, 1 two packages differ, 2 something failed.
set -eu
. "$(dirname -- "$0")/lib.sh"

applications=$top/tests/applications
work=$top/target/applications
prepare_only=
if [ "${1-}" = --prepare ]; then
	prepare_only=yes
	shift
fi
if [ $# = 0 ]; then
	for directory in "$applications"/*/; do set -- "$@" "$(basename -- "$directory")"; done
fi
[ -n "$prepare_only" ] || [ "$(id -u)" = 0 ] || die "needs root: the packages are installed in a system of their own"
suite=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
target=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(dpkg --print-architecture)
[ "$target" = 3.11-amd64 ] || die "the locks are for Python 3.11 on amd64, and this is $target"
mkdir -p "$work"

# GnuPG's sockets need a short path.
keys=$(mktemp -d)
finish() {
	GNUPGHOME=$keys gpgconf --kill all 2>/dev/null || :
	rm -rf -- "$keys"
}
trap finish EXIT
user='A Packager <packager@example.org>'
gpg --homedir "$keys" --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key "$user" ed25519 sign never \
	2>"$work/gpg.log"

# rustvenv runs with the user's own environment, since it fetches; packages are built without.
rustvenv() { GNUPGHOME=$keys "$stage/usr/bin/rustvenv" "$@"; }

# what the packager does, from the release to a signed list
prepare() ( # NAME
	from=$applications/$1
	place=$work/$1
	tree=$place/tree
	rm -rf -- "$tree"
	mkdir -p -- "$tree" "$place/logs" "$place/wheels"
	if [ -e "$from/source.txt" ]; then
		logged "$place/logs/fetch.log" rustvenv fetch --requirements "$from/source.txt" --sdists "$place/source"
		tar --extract --file "$place"/source/*.tar.gz --directory "$tree" --strip-components 1 --no-same-owner
	fi
	(cd "$from" && tar --create --exclude ./start --exclude ./source.txt .) | tar --extract --directory "$tree"
	mkdir -p "$tree/debian/signers" "$tree/wheels"
	gpg --homedir "$keys" --batch --quiet --armor --export >"$tree/debian/signers/packager.asc"
	# what an earlier run fetched is held against the lock again
	find "$place/wheels" -name '*.whl' -exec cp -t "$tree/wheels" {} +
	cd "$tree"
	if [ -e rustvenv.toml ]; then
		logged "$place/logs/update.log" rustvenv update --yes --local-user "$user"
	else
		# the same step by step
		logged "$place/logs/fetch.log" rustvenv fetch --requirements requirements.txt --upstream-wheels '*' \
			--wheels wheels --sdists "$place/sdists"
		logged "$place/logs/manifest.log" rustvenv manifest --wheels wheels --project "$1"
		logged "$place/logs/sign.log" rustvenv sign --manifest wheels/sha256sums.txt --keyring debian/signers \
			--local-user "$user"
	fi
	grep -h ': built ' "$place"/logs/update.log 2>/dev/null | sed 's/^rustvenv: /    /' || :
	rm -f "$place"/wheels/*.whl
	cp wheels/*.whl "$place/wheels/"
	# what can be fetched or built again is in no source package
	rm -rf .rustvenv
)

# build UMASK DIRECTORY LOG COMMAND...: a fresh copy of the tree below DIRECTORY, built by COMMAND
build() (
	umask "$1"
	tree=$2/tree
	log=$3
	rm -rf -- "$2"
	mkdir -p -- "$2"
	cp -R -- "$room/tree" "$tree"
	shift 3
	cd -- "$tree"
	logged "$log" "$@"
)
buildpackage='dpkg-buildpackage -us -uc -b -d'

# Time is what the processors spent, since other work on the machine lengthens everything else.
spent="/usr/bin/time --quiet --format %U+%S"
in_sum() { "$python" -c 'import sys; print("%.1f" % sum(map(float, open(sys.argv[1]).read().split("+"))))' "$1"; }

# within SYSTEM COMMAND...: runs COMMAND in SYSTEM, with processes, mounts and a network of its own that leads nowhere
within() {
	# shellcheck disable=SC2016 # of the inner shell
	unshare --mount --pid --net --uts --fork --kill-child --mount-proc="$1/proc" sh -euc '
		ip link set lo up
		hostname here
		mount --rbind /dev "$1/dev"
		exec chroot "$@"' sh "$@"
}

worst=0
application() { # NAME
	room=$work/$1
	logs=$room/logs
	say "$1: the release, its wheels, a signed list"
	prepare "$1"
	[ -z "$prepare_only" ] || return 0

	version=$(dpkg-parsechangelog --file "$room/tree/debian/changelog" --show-field Version)
	deb=$1_${version}_$(dpkg --print-architecture).deb
	first=$room/first
	second="$room/the naïve copy"
	say "$1: two builds"
	# shellcheck disable=SC2086 # a command with its options
	build 022 "$first" "$logs/build-1.log" clean_env TZ=UTC $spent --output "$logs/build.time" $buildpackage
	took=$(in_sum "$logs/build.time")
	# shellcheck disable=SC2086
	build 077 "$second" "$logs/build-2.log" \
		clean_env TZ=NZT-13:30 LC_ALL=C HOME="$room/another home" unshare --net faketime -f +400d $buildpackage
	for directory in "$first" "$second"; do
		printf '    %s  %s\n' "$(sha256sum <"$directory/$deb" | cut -d ' ' -f 1)" "${directory#"$top/"}/$deb"
	done
	if cmp -s -- "$first/$deb" "$second/$deb"; then
		same=equal
	else
		printf '%s: error: THE TWO PACKAGES DIFFER\n' "${0##*/}" >&2
		same=differ worst=1
	fi

	# dpkg-deb's own share, which any package of these files has
	rm -rf "$room/again" "$room/again.deb"
	dpkg-deb --raw-extract "$first/$deb" "$room/again"
	# shellcheck disable=SC2086
	clean_env $spent --output "$logs/dpkg-deb.time" dpkg-deb --root-owner-group --build "$room/again" "$room/again.deb" >/dev/null
	share=$(in_sum "$logs/dpkg-deb.time")

	say "$1: lintian"
	logged "$logs/lintian" lintian --allow-root --tag-display-limit 0 --fail-on none "$first/$deb"
	sed -n "s/^\([EW]\): $1: \([a-z0-9-]*\).*/    \1 \2/p" "$logs/lintian" | sort | uniq -c | sed 's/^ */    /'

	depends=$(dpkg-deb --field "$first/$deb" Depends)
	printf '    Depends: %s\n' "$depends"
	say "$1: installed in a clean $suite"
	rm -rf "$room/system"
	logged "$logs/chroot.log" scripts/chroot.sh -i "$(printf '%s' "$depends" | sed 's/([^)]*)//g; s/|[^,]*//g' | tr -d ' ')" \
		"$suite" "$room/system"
	cp "$first/$deb" "$room/system/"
	install -m 755 "$applications/$1/start" "$room/system/start"
	logged "$logs/install.log" within "$room/system" dpkg --install "/$deb"
	logged "$logs/useradd.log" within "$room/system" useradd --create-home --home-dir /srv/somebody somebody

	say "$1: started by an ordinary user"
	logged "$logs/start.log" within "$room/system" setpriv --reuid somebody --regid somebody --init-groups \
		env -i --chdir=/srv/somebody PATH=/usr/bin:/bin HOME=/srv/somebody LC_ALL=C.UTF-8 /start
	tail -n 6 "$logs/start.log" | sed 's/^/    /'
	rm -rf "$room/system" "$room/again" "$room/again.deb"

	wheels=$(sed -n 's/^rustvenv: \([0-9]*\) wheels verified.*/\1/p' "$logs/build-1.log" | head -n 1)
	installed=$(dpkg-deb --field "$first/$deb" Installed-Size)
	tags=$(grep -c '^E: ' "$logs/lintian" || :)E+$(grep -c '^W: ' "$logs/lintian" || :)W
	ratio=$("$python" -c 'import sys; print("%.2f" % (float(sys.argv[1]) / float(sys.argv[2])))' "$took" "$share")
	printf '%-16s %6s %9s %9s %8s %8s %6s %8s  %s\n' "$1" "$wheels" "$(($(stat --format=%s "$first/$deb") / 1024))" "$installed" \
		"$took" "$share" "$ratio" "$tags" "$same, started" >>"$work/table"
}

[ -n "$prepare_only" ] || rm -f "$work/table"
for name; do application "$name"; done
if [ -n "$prepare_only" ]; then exit 0; fi
say "the table: sizes in KiB, seconds of processor time, lintian's errors and warnings"
printf '%-16s %6s %9s %9s %8s %8s %6s %8s  %s\n' application wheels .deb unpacked build dpkg-deb ratio lintian 'two builds'
cat "$work/table"
if [ "$worst" != 0 ]; then exit 1; fi
