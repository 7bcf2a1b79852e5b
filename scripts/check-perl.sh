#!/bin/sh
# check-perl.sh FILE...: holds the Perl side to its size and form.
#
# Each file compiles and its POD is sound; no line is longer than 120 columns (a tab counts 4); and the first file, the
# debhelper program, has at most 60 lines of code. What is more belongs into Rust, where it is tested.
set -eu
. "$(dirname -- "$0")/lib.sh"

# What these two say when all is well is of no interest.
quiet() {
	"$@" 2>target/perl.log && return
	cat target/perl.log >&2
	status=1
}

mkdir -p target
status=0
for file in "$@"; do
	# A module of the add-on calls functions that dh provides: compiled, not run.
	quiet perl -c "$file"
	if grep -q '^=head1' "$file"; then quiet podchecker "$file"; fi
	expand -t 4 "$file" | awk -v file="$file" '
		length($0) > 120 { print file ":" NR ": " length($0) " columns; 120 are allowed"; long = 1 }
		END { exit long }' >&2 || status=1
done

lines=$(sed -e '/^=[a-z]/,/^=cut/d' -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' "$1" | wc -l)
printf '%s: %s lines of code, 60 are allowed\n' "$1" "$lines"
[ "$lines" -le 60 ] || status=1
exit "$status"
