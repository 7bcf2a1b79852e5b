#!/bin/sh
# example-lock.sh: refreshes the example's lock files and its list of wheels.
#
# For each Python and architecture below, pip resolves the dependencies that debian-example/pyproject.toml declares, and
# the requirements of its build back end, to the newest wheels; nothing of them is run. All targets have to agree on the
# versions. What was chosen is written with its SHA-256 into requirements.txt, build-requirements.txt and
# wheels/sha256sums.txt. The index is the one of the user's own pip configuration.
#
# Then review the difference, and sign the new list with `make example-key`.
set -eu
. "$(dirname -- "$0")/lib.sh"

pythons='3.11 3.13'           # Debian 12 and 13
architectures='x86_64 aarch64'
example=$top/debian-example
work=$top/target/example-lock

# The dependencies, a line each: `declared SECTION KEY`
declared() {
	"$python" -c 'import sys, tomllib
with open(sys.argv[1], "rb") as file:
    print(*tomllib.load(file)[sys.argv[2]][sys.argv[3]], sep="\n")' "$example/pyproject.toml" "$1" "$2"
}

# lock DIRECTORY: the wheels in DIRECTORY as a requirements file with hashes, a release once, sorted by its name.
lock() {
	(cd "$1" && sha256sum -- *.whl) | LC_ALL=C sort -k 2 | awk '
		{ split($2, part, "-"); name = part[1]; gsub(/_/, "-", name); version = part[2] }
		name in seen && seen[name] != version {
			print "the targets do not agree: " name " " seen[name] " and " version > "/dev/stderr"; exit 1
		}
		!(name in seen) { printf "%s%s==%s", separator, name, version; seen[name] = version; separator = "\n" }
		{ printf " \\\n    --hash=sha256:%s", $1 }
		END { print "" }'
}

rm -rf "$work"
mkdir -p "$work/run" "$work/build"
declared project dependencies >"$work/requirements.in"
declared build-system requires >"$work/build-requirements.in"

for version in $pythons; do
	for architecture in $architectures; do
		say "resolving for Python $version on $architecture"
		abi=cp$(printf '%s' "$version" | tr -d .)
		for what in run build; do
			case $what in run) wanted=requirements.in ;; *) wanted=build-requirements.in ;; esac
			"$python" -m pip download --quiet --only-binary=:all: --dest "$work/$what" --requirement "$work/$wanted" \
				--implementation cp --python-version "$version" --abi "$abi" --abi abi3 --abi none \
				--platform "manylinux_2_28_$architecture" --platform "manylinux_2_17_$architecture" \
				--platform "manylinux2014_$architecture"
		done
	done
done

lock "$work/run" >"$work/requirements.txt"
lock "$work/build" >"$work/build-requirements.txt"
mv "$work/requirements.txt" "$work/build-requirements.txt" "$example/"
mv "$work"/run/*.whl "$work/build/"
(cd "$work/build" && sha256sum -- *.whl) | LC_ALL=C sort -k 2 >"$example/wheels/sha256sums.txt"
say "wrote requirements.txt, build-requirements.txt and wheels/sha256sums.txt in debian-example/"
say "review them, then sign: make example-key"
