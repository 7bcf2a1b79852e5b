#!/bin/sh
# applications-lock.sh [NAME]...: refreshes the locks of tests/applications, of all or of those that are named: the newest
# release, and what it needs, each with the hashes of all its files. uv resolves, for the distribution's Python, and asks
# the index that uv is set to. debian/changelog gets the version of the release.
set -eu
. "$(dirname -- "$0")/lib.sh"

applications=$top/tests/applications
work=$top/target/applications/lock
uv=$top/target/lock-tools/bin/uv
rm -rf "$work"
mkdir -p "$work"
[ $# != 0 ] || set -- matrix-synapse ocrmypdf retext

# lock FILE OPTION... SOURCE: FILE with what SOURCE needs
lock() {
	file=$1
	shift
	"$uv" pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url --python "$python" \
		--output-file "$file" "$@"
}
# release NAME DIRECTORY: the newest sdist, unpacked
release() {
	echo "$1" >"$work/$1.in"
	lock "$applications/$1/source.txt" --no-deps --no-binary :all: "$work/$1.in"
	logged "$work/fetch.log" "$stage/usr/bin/rustvenv" fetch --requirements "$applications/$1/source.txt" --sdists "$work/$1"
	mkdir "$work/$1/tree"
	tar --extract --file "$work/$1"/*.tar.gz --directory "$work/$1/tree" --strip-components 1 --no-same-owner
}

for name; do
	say "$name"
	requirements=$applications/$name/requirements
	case $name in
	matrix-synapse)
		echo 'matrix-synapse[all]' >"$work/$name.in"
		lock "$requirements/requirements.txt" "$work/$name.in"
		;;
	ocrmypdf)
		release "$name"
		lock "$requirements/requirements.txt" --no-sources "$work/$name/tree/pyproject.toml"
		echo hatchling >"$work/hatchling.in"
		lock "$requirements/build.txt" "$work/hatchling.in"
		;;
	retext)
		release "$name"
		# Debian's python3-pyqt6 has it, and all that only it requires
		lock "$requirements.txt" --no-emit-package pyqt6 --no-emit-package pyqt6-qt6 --no-emit-package pyqt6-sip \
			"$work/$name/tree/pyproject.toml"
		;;
	*) die "no application of tests/applications: $name" ;;
	esac
	from=$applications/$name/source.txt
	[ -e "$from" ] || from=$requirements/requirements.txt
	version=$(sed -n "s/^$name==\([^ ]*\).*/\1/p" "$from")
	sed -i "1s/([^)]*)/($version)/" "$applications/$name/debian/changelog"
done
