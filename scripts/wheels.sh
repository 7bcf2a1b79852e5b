#!/bin/sh
# wheels.sh [NAME...]: builds the sdists of much used projects (scripts/wheels.txt), each twice, from sources alone, and
# prints a table of which reproduce and why not. Takes hours for all; what an earlier run built is not built again.
set -eu
. "$(dirname -- "$0")/lib.sh"

room=$top/target/wheels
rustvenv=$top/target/stage/usr/bin/rustvenv
mkdir -p "$room"

say "fetching sdists by hash"
"$python" scripts/wheels-fetch.py scripts/wheels.txt "$room/sdists"
if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046 # names have no blanks
	set -- $(sed -n 's/^# table: //p' scripts/wheels.txt)
fi
"$rustvenv" crates --sdists "$room/sdists" --crates "$room/crates" "$@"
say "building $# projects and what they need"
status=0
"$rustvenv" build --sdists "$room/sdists" --wheels "$room/wheels" --crates "$room/crates" --timeout 7200 "$@" \
	>"$room/sums" 2>"$room/log" || status=$?
sed -n '/^error/,$p' "$room/log"

say "the table"
built=0
for name; do
	pattern=$(printf '%s' "$name" | tr '.-' '__')
	wheel=$(find "$room/wheels" -maxdepth 1 -iname "$pattern-[0-9]*.whl" -printf '%f ')
	if [ -n "$wheel" ]; then
		built=$((built + 1))
		printf '%-24s equal      %s\n' "$name" "$wheel"
	else
		printf '%-24s not built  %s\n' "$name" "$(grep -i "rustvenv: $name [^ ]*: " "$room/log" | tail -n 1 | cut -d: -f3-)"
	fi
done | tee "$room/table"
exit "$status"
