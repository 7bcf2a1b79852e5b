#!/bin/sh
# example-sources.sh: fetches three small sdists with the `rustvenv` that was staged, from the index of the user's own pip
# configuration, and holds their bytes against the lock with sha256sum. A second run finds everything there, and a file that
# was damaged is refused. Without a network this fails.
set -eu
. "$(dirname -- "$0")/lib.sh"

lock=tests/fetch/requirements.txt
work=$top/target/example-sources
rm -rf "$work"
mkdir -p "$work"

fetch() { "$stage/usr/bin/rustvenv" fetch --requirements "$lock" --sdists "$work/sdists" "$@"; }

say "sources: fetching three sdists by hash into target/example-sources/sdists"
fetch >"$work/first"
count=$(wc -l <"$work/first")
[ "$count" -eq 3 ] || die "three files were to be fetched, not $count"
while read -r name sha256 size; do
	echo "$sha256  $name" >>"$work/sums"
	grep -q -- "--hash=sha256:$sha256" "$lock" || die "$name is not locked"
	[ "$(stat -c %s "$work/sdists/$name")" -eq "$size" ] || die "$name has another size than was said"
done <"$work/first"
(cd "$work/sdists" && sha256sum --check --strict --quiet ../sums)

# Nothing is asked for a second time: there is no index here.
fetch --index-url "$work/nowhere" >"$work/second"
cmp "$work/first" "$work/second"

printf 'x' >>"$work/sdists/six-1.17.0.tar.gz"
status=0
fetch >"$work/third" 2>"$work/refused" || status=$?
if [ "$status" -ne 3 ] || ! grep -q '^error\[file-in-the-way\]' "$work/refused"; then
	cat "$work/refused" >&2
	die "a damaged file was not refused"
fi
say "sources: fetched by hash, found again, and refused when damaged"
