#!/bin/sh
# elf-wheels.sh few|more: puts the binary wheels that tests/elf_wheels/few or tests/elf_wheels/more name, a file for each
# architecture of Debian, into target/elf/wheels/ARCHITECTURE. They are for Python 3.11.
# They come by hash from the index of the user's own pip configuration; what is there already is not fetched again.
set -eu
. "$(dirname -- "$0")/lib.sh"

set=${1-few}
[ -d "tests/elf_wheels/$set" ] || die "there are no wheels called $set" "few and more are known"
work=$top/target/elf
mkdir -p "$work/fetched/$set"
# tests that run at the same time ask for it at the same time
exec 9>"$work/lock"
flock 9

# Every platform that a wheel of the lists is called after; which of them is meant is in the hash.
platforms() { # MACHINE
	for tag in manylinux1 manylinux2010 manylinux2014; do printf -- '--platform %s_%s ' "$tag" "$1"; done
	for minor in 5 12 17 24 26 27 28 31 34 35 36 38 39; do printf -- '--platform manylinux_2_%s_%s ' "$minor" "$1"; done
}

for list in "tests/elf_wheels/$set"/*.txt; do
	architecture=$(basename "$list" .txt)
	if cmp -s "$list" "$work/fetched/$set/$architecture"; then continue; fi
	case $architecture in
	amd64) machine=x86_64 ;;
	arm64) machine=aarch64 ;;
	armhf) machine=armv7l ;;
	i386) machine=i686 ;;
	ppc64el) machine=ppc64le ;;
	*) machine=$architecture ;;
	esac
	# shellcheck disable=SC2046 # a word each
	logged "$work/fetch.log" "$python" -m pip download --quiet --require-hashes --no-deps --only-binary=:all: \
		--disable-pip-version-check --python-version 3.11 $(platforms "$machine") --dest "$work/wheels/$architecture" \
		--requirement "$list"
	cp "$list" "$work/fetched/$set/$architecture"
done
