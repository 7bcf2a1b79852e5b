#!/bin/sh
# example.sh: the example from its wheels to the running application; `make example` sees to what it needs first.
#
# Builds debian-example twice in surroundings that differ in everything that must not matter, compares the two packages,
# unpacks one, moves the tree and runs the application from there. Nothing is installed, and nothing outside of target/
# is written.
set -eu
. "$(dirname -- "$0")/lib.sh"

work=$top/target/example
wheels=$work/wheels
logs=$work/logs
mkdir -p "$logs"

# ---- two builds

source=$(dpkg-parsechangelog --file debian-example/debian/changelog --show-field Source)
version=$(dpkg-parsechangelog --file debian-example/debian/changelog --show-field Version)
deb=${source}_${version}_$(dpkg --print-architecture).deb

# build UMASK DIRECTORY LOG COMMAND...: the example as a fresh copy below DIRECTORY, built by COMMAND
build() (
	umask "$1"
	directory=$2
	log=$3
	shift 3
	tree=$directory/$source-$version
	rm -rf -- "$directory"
	mkdir -p -- "$directory"
	cp -R -- debian-example "$tree"
	cp -- "$wheels"/*.whl "$tree/wheels/"
	cd -- "$tree"
	logged "$log" "$@"
)

first=$work/first
second="$work/the naïve copy"
buildpackage='dpkg-buildpackage -us -uc -b -d'

say "first build: in target/example/first (details: target/example/logs/build-1.log)"
# shellcheck disable=SC2086 # a command with its options
build 022 "$first" "$logs/build-1.log" clean_env TZ=UTC $buildpackage

# Without a network, if the kernel lets us: a builder has none.
offline=
for way in 'unshare --net' 'unshare --user --map-current-user --net'; do
	if [ -z "$offline" ] && $way true 2>/dev/null; then offline=$way; fi
done
say "second build: other directory, umask, time zone, locale and home, 400 days later${offline:+, without a network}"
# shellcheck disable=SC2086
build 077 "$second" "$logs/build-2.log" \
	clean_env TZ=NZT-13:30 LC_ALL=C HOME="$work/another home" $offline faketime -f +400d $buildpackage

for directory in "$first" "$second"; do
	printf '    %s  %s\n' "$(sha256sum <"$directory/$deb" | cut -d ' ' -f 1)" "${directory#"$top/"}/$deb"
done
if cmp -s -- "$first/$deb" "$second/$deb"; then
	say "the two packages are equal, byte for byte"
else
	printf '%s: error: THE TWO PACKAGES DIFFER\n' "${0##*/}" >&2
	if command -v diffoscope >/dev/null; then
		diffoscope --text - "$first/$deb" "$second/$deb" || :
	else
		printf '  to see where: apt-get install diffoscope-minimal, and run this again\n' >&2
	fi
	exit 1
fi

# ---- the application, from a tree that was moved

rm -rf "$work/unpacked" "$work/moved" "$work/desk"
dpkg-deb --extract "$first/$deb" "$work/unpacked"
mkdir -p "$work/moved" "$work/desk/a link"
mv "$work/unpacked" "$work/moved/here"
venv=$work/moved/here/opt/venvs/$source
ln -s "$venv/bin/tidings" "$work/desk/a link/tidings"
say "unpacked, moved to ${venv#"$top/"}; running the application there"

# run PROGRAM ARGUMENT...: with nothing of the user's environment, from the desk
run() (
	cd "$work/desk"
	program=$1
	shift
	env -i PATH=/usr/bin:/bin HOME="$work/desk" LC_ALL=C.UTF-8 "$program" "$@"
)

# round_trip PROGRAM: what is sealed comes back when it is opened, and only with the right key
round_trip() (
	program=$1
	cd "$work/desk"
	rm -rf -- *.key spool inbox note.* config.toml
	printf 'the bytes of the news: \303\251 \000 end\n' >note.txt
	public=$(run "$program" keygen reader.key)
	run "$program" keygen other.key >note.other
	run "$program" seal --to "$public" note.txt >note.sealed
	run "$program" open --key reader.key note.sealed >note.opened
	cmp -- note.txt note.opened
	if run "$program" open --key other.key note.sealed >note.wrong 2>&1; then
		echo "another key opened the message"
		exit 1
	fi
	mkdir spool
	echo "all is well" >spool/morning
	printf 'reader = "%s"\nspool = "spool"\ninbox = "inbox"\n' "$public" >config.toml
	run "$venv/bin/tidingsd" --config config.toml --once
	run "$program" report --key reader.key inbox >note.report
	grep -q 'all is well' note.report
	cat note.report
)

for program in "$venv/bin/tidings" "$work/desk/a link/tidings"; do
	[ "$(run "$program" --version)" = "$source $version" ] || die "\`$program --version\` is not \`$source $version\`"
	logged "$logs/run.log" round_trip "$program"
	say "${program#"$top/"}: $(run "$program" --version), sealed, opened, reported"
done
say "the package: ${first#"$top/"}/$deb"
