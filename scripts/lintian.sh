#!/bin/sh
# lintian.sh [SUITE...]: what lintian says of dh-rustvenv's own package, which `make deb` left beside the source tree.
#
# By the lintian of this machine, and by that of each SUITE in a clean system below target/lintian, which is kept.
# Everything is printed down to pedantic remarks; exit status 1 when there is an error, a warning or an unused override.
set -eu
. "$(dirname -- "$0")/lib.sh"

version=$(dpkg-parsechangelog -SVersion)
changes=$(dirname -- "$top")/dh-rustvenv_${version}_$(dpkg --print-architecture).changes
[ -e "$changes" ] || die "there is no $changes" "make deb builds it"
work=$top/target/lintian
mkdir -p "$work"
status=0

# judge NAME: a line for each hint in $work/NAME.txt, and the verdict.
judge() {
	cat "$work/$1.txt"
	if grep -E '^[EW]: |: unused-override |^[EW]:.*internal' "$work/$1.txt" >"$work/$1.bad"; then
		say "$1: $(wc -l <"$work/$1.bad") errors, warnings or unused overrides"
		status=1
	else
		say "$1: no error, no warning, no unused override"
	fi
}

options='--allow-root --fail-on none --tag-display-limit 0 --display-info --pedantic'
say "$(lintian --version)"
# shellcheck disable=SC2086 # words
lintian $options "$changes" >"$work/here.txt" 2>&1
judge here

for suite; do
	system=$work/$suite
	if [ ! -e "$system/usr/bin/lintian" ]; then
		rm -rf "$system"
		scripts/chroot.sh -i lintian "$suite" "$system"
	fi
	rm -rf "$system/look"
	mkdir "$system/look"
	sed -n '/^Files:/,/^[^ ]/s/^ .* //p' "$changes" |
		while read -r file; do cp "${changes%/*}/$file" "$system/look/"; done
	cp "$changes" "$system/look/"
	say "$suite: $(clean_env chroot "$system" lintian --version)"
	# shellcheck disable=SC2086 # words
	clean_env chroot "$system" lintian $options "/look/${changes##*/}" >"$work/$suite.txt" 2>&1
	judge "$suite"
done
exit "$status"
