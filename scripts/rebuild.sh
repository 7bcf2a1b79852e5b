#!/bin/sh
# rebuild.sh [-s SUITE] [-w WHEELS]... [-d DEB]... [-o DIRECTORY] BUILDINFO: builds a package once more from what its .buildinfo
# says, and compares what comes out with the sums in it. As root.
#
# Beside the .buildinfo, as an archive has them: the .dsc with its files, and the .deb, in which the provenance record names the
# wheels by hash. WHEELS are directories with these wheels under any name; those that the source package brings need none. DEB are
# packages that the archive of Debian does not have, such as dh-rustvenv itself.
#
# A clean system is made with the versions in Installed-Build-Depends; where the archive no longer has one, its present version
# is taken and that is said. The build has the recorded directory and variables and no network. What it made is left in
# DIRECTORY (target/rebuild). Nothing here checks who signed the .buildinfo or the .dsc: that is asked before.
# Exit status: 0 all sums are the recorded ones, 1 not so, 2 it could not be built.
set -eu
invoked=$PWD
. "$(dirname -- "$0")/lib.sh"

here() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$invoked" "$1" ;; esac; }
work=$top/target/rebuild
output=
suite=
stores=
own=
while getopts s:w:d:o: option; do
	case $option in
	s) suite=$OPTARG ;;
	w) stores="$stores$(here "$OPTARG")
" ;;
	d) own="$own$(here "$OPTARG")
" ;;
	o) output=$(here "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 1 ] || die "usage: rebuild.sh [-s SUITE] [-w WHEELS]... [-d DEB]... [-o DIRECTORY] BUILDINFO"
buildinfo=$(here "$1")
beside=${buildinfo%/*}

# ---- what is recorded

# Whoever wrote the .buildinfo and the source package decides nothing outside of the clean system: every name is looked at, and
# the source is unpacked inside.
export LC_ALL=C
# field NAME: its value, lines after the first without their first blank, and nothing that a terminal would obey
field() {
	awk -v name="$1:" '/^[^ ]/ { on = ($1 == name); sub(/^[^:]*: */, "") } on { sub(/^ /, ""); print }' "$buildinfo" |
		tr -d '\000-\010\013-\037\177'
}
# plain TEXT: TEXT, if it can be a part of a file name of Debian
plain() { printf '%s\n' "$1" | grep -x '[A-Za-z0-9][A-Za-z0-9.+~_-]*' || die "not a name: $1"; }
source=$(plain "$(field Source | cut -d ' ' -f 1)")
version=$(field Version)
file_version=$(plain "${version#*:}") # file names have no epoch
place=$(field Build-Path)
place=${place:-/build/$source-$file_version}
case $place in
*/../* | */..) die "not a directory to build in: $place" ;;
/build/?*) ;;
*) die "not a directory to build in: $place" ;;
esac

# recorded: "sha256 name" of every file
recorded() { field Checksums-Sha256 | awk 'NF == 3 { print $1 "  " $3 }'; }
same() { [ "$(recorded | awk -v name="$1" '$2 == name { print $1 }')" = "$(sha256sum <"$2" | cut -d ' ' -f 1)" ]; }
debs=$(recorded | awk '$2 ~ /\.deb$/ { print $2 }')
[ -n "$debs" ] || die "the .buildinfo names no .deb"
for one in $debs; do
	plain "$one" >/dev/null
	[ -f "$beside/$one" ] || die "there is no $one beside the .buildinfo; its provenance record names the wheels"
	same "$one" "$beside/$one" || die "$one is not the one that the .buildinfo is about"
done
dsc=${source}_$file_version.dsc
[ -f "$beside/$dsc" ] || die "there is no $dsc beside the .buildinfo"
if recorded | grep -q "  $dsc\$" && ! same "$dsc" "$beside/$dsc"; then die "$dsc is not the one that was built"; fi

native=$(dpkg --print-architecture)
for one in $(field Architecture); do
	case $one in
	all | source | "$native") ;;
	*) die "it was built for $one, and this machine is $native" ;;
	esac
done
if [ -n "$output" ] && [ "$(readlink -f -- "$output")" = "$(readlink -f -- "$beside")" ]; then
	die "$output is where the recorded packages are; what is built would replace them"
fi

[ "$(id -u)" = 0 ] || die "needs root: the files of a system belong to many users"
# Whatever fails on the way is no verdict.
judged=
trap '[ -n "$judged" ] || exit 2' EXIT
rm -rf -- "$work"
mkdir -p "$work"
field Installed-Build-Depends | sed -n 's/^\([a-z0-9][a-z0-9.+-]*\) (= \([A-Za-z0-9.+~:-]*\)),*$/\1 \2/p' | sort >"$work/recorded"
unread=$(($(field Installed-Build-Depends | grep -c .) - $(wc -l <"$work/recorded")))
[ "$unread" = 0 ] || say "packages of other architectures, which are not installed: $unread"
if [ -z "$suite" ]; then
	case $(sed -n 's/^base-files //p' "$work/recorded") in
	12*) suite=bookworm ;;
	13*) suite=trixie ;;
	*) suite=sid ;;
	esac
fi
say "$source $version: $(wc -l <"$work/recorded") packages were installed, of $suite; built in $place"

# ---- the wheels that are there, by their content; names say nothing

# wheels_of DEB: "sha256 name" of each wheel that it was made with
wheels_of() {
	members=$(dpkg-deb --fsys-tarfile "$1" | tar -t | grep '/share/rustvenv/provenance\.json$' || :)
	printf '%s\n' "$members" | while read -r member; do
		[ -n "$member" ] || continue
		dpkg-deb --fsys-tarfile "$1" | tar -xO -- "$member" | "$python" -c '
import json, re, sys
record = json.load(sys.stdin)
for wheel in record["wheels"] + record.get("build-wheels", []):
    if "sha256" in wheel:
        line = wheel["sha256"] + "  " + wheel["file"]
        if not re.fullmatch("[0-9a-f]{64}  [A-Za-z0-9][A-Za-z0-9._+!-]*", line):
            sys.exit("not a wheel: " + repr(line))
        print(line)'
	done
}
for one in $debs; do wheels_of "$beside/$one"; done >"$work/wanted"
sort -u -o "$work/wanted" "$work/wanted"
printf '%s' "$stores" | while read -r store; do find "$store" -type f -name '*.whl' -exec sha256sum {} +; done >"$work/found"

# ---- the system

# shellcheck disable=SC2016 # dpkg-deb's own variables
printf '%s' "$own" | while read -r one; do dpkg-deb --show --showformat='${Package} ${Version}\n' "$one"; done |
	sort >"$work/own"
join -v 1 "$work/recorded" "$work/own" >"$work/archive"
system=$work/system
say "making a system of $suite with these versions"
if ! scripts/chroot.sh -i "$(sed 's/ /=/' "$work/archive" | paste -sd ,)" "$suite" "$work/system.tar" >"$work/system.log" 2>&1; then
	say "the archive does not have all of them any more; taking those that it has"
	logged "$work/system.log" scripts/chroot.sh -i "$(cut -d ' ' -f 1 "$work/archive" | paste -sd ,)" "$suite" "$work/system.tar"
fi
mkdir "$system"
tar -C "$system" -xf "$work/system.tar"
rm -f -- "$work/system.tar"
inside() { scripts/inside.sh "$@"; }
mkdir "$system/tmp/rebuild" "$system/tmp/rebuild/debs" "$system/tmp/rebuild/wheels"
printf '%s' "$own" | while read -r one; do cp -- "$one" "$system/tmp/rebuild/debs/"; done
if [ -s "$work/own" ]; then logged "$work/install.log" inside "$system" sh -c 'dpkg --install /tmp/rebuild/debs/*.deb'; fi
# shellcheck disable=SC2016 # dpkg-query's own variables
inside "$system" dpkg-query --show --showformat='${Package} ${Version}\n' | sort >"$work/installed"
join "$work/recorded" "$work/installed" | awk '$2 != $3 { print $1 ": recorded " $2 ", here " $3 }' >"$work/differ"
join -v 1 "$work/recorded" "$work/installed" | awk '{ print $1 ": recorded " $2 ", here not at all" }' >>"$work/differ"
if [ -s "$work/differ" ]; then
	say "$(wc -l <"$work/differ") packages are not what was recorded:"
	sed 's/^/    /' "$work/differ"
else
	say "every package has the recorded version"
fi

# ---- the source package, which dpkg-source checks by the sums in the .dsc, and the wheels that it does not bring

for one in "$dsc" $(sed -n '/^Checksums-Sha256:/,/^[^ ]/s/^ [0-9a-f]* [0-9]* //p' "$beside/$dsc"); do
	plain "$one" >/dev/null
	cp -- "$beside/$one" "$system/tmp/rebuild/"
done
mkdir -p "$system${place%/*}"
chown 1000:1000 "$system${place%/*}"
# shellcheck disable=SC2016 # of the other shell
logged "$work/unpack.log" inside -u builder "$system" dpkg-source --no-check --extract "/tmp/rebuild/$dsc" "$place"
find "$system$place" -type f -name '*.whl' -exec sha256sum {} + >"$work/brought"
missing=
while read -r sum name; do
	if grep -q "^$sum " "$work/brought"; then continue; fi
	path=$(sed -n "s/^$sum  //p" "$work/found" | head -n 1)
	if [ -n "$path" ]; then cp -- "$path" "$system/tmp/rebuild/wheels/$name"; else missing="$missing $sum=$name"; fi
done <"$work/wanted"
# shellcheck disable=SC2086 # a word each
[ -z "$missing" ] || die "these wheels are neither in the source package nor in a directory that was named with -w:" $missing
say "$(wc -l <"$work/wanted") wheels, each found by its hash"
# The first directory of wheels that the configuration names takes them.
# shellcheck disable=SC2016 # of the other shell
inside -u builder "$system" sh -c '
	cd "$1"
	set -- debian/*rustvenv
	directory=$(sed -n "s/^wheels *= *\[ *\"\([^\"]*\)\".*/\1/p" "$@" | head -n 1)
	mkdir -p "${directory:-wheels}"
	find /tmp/rebuild/wheels -type f -exec cp -t "${directory:-wheels}" {} +' wheels "$place"

# ---- the build

case " $(field Architecture) " in
*' all '*) what=binary ;;
*) what=any ;;
esac
# A line is NAME="value", with quotes and backslashes escaped; each becomes an argument of env.
set --
while read -r line; do
	case $line in
	[A-Z]*=\"*\")
		value=${line#*=\"}
		set -- "$@" "${line%%=*}=$(printf '%s' "${value%\"}" | sed 's/\\\(.\)/\1/g')"
		;;
	esac
done <<TEXT
$(field Environment)
TEXT
say "building"
# shellcheck disable=SC2016 # of the other shell
logged "$work/build.log" inside -u builder "$system" env "$@" sh -c '
	cd "$1" && dpkg-buildpackage --no-sign --build="$2"' build "$place" "$what"

# ---- the verdict

output=${output:-$work/output}
mkdir -p "$output"
worst=0
for one in $debs; do
	made=$system${place%/*}/$one
	# what was built is of whoever wrote the source package: a link would lead to a file of this machine
	if [ -L "$made" ] || [ ! -f "$made" ]; then
		verdict='NOT BUILT' worst=1
	else
		cp -- "$made" "$output/"
		if same "$one" "$made"; then verdict='as recorded'; else verdict=DIFFERS worst=1; fi
	fi
	printf '%s  %s: %s\n' "$(recorded | awk -v name="$one" '$2 == name { print $1 }')" "$one" "$verdict"
done
rm -rf -- "$system"
judged=yes
exit "$worst"
