#!/bin/sh
# apt-need.sh PACKAGE...: installs those of the packages that are not installed, with apt, and says so.
# Does nothing, and needs no rights, when nothing is missing. Uses sudo only when it is not run by root.
# A/B is satisfied by either; A is the one that gets installed.
set -eu
. "$(dirname -- "$0")/lib.sh"

missing=
for want in "$@"; do
	found=
	for package in $(printf '%s' "$want" | tr '/' ' '); do
		status=$(dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | head -n 1)
		if [ "$status" = installed ]; then found=yes; fi
	done
	if [ -z "$found" ]; then missing="$missing ${want%%/*}"; fi
done
if [ -z "$missing" ]; then exit 0; fi

as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || die "not installed:$missing" "run as root: apt-get install$missing"
	as_root=sudo
fi
mkdir -p target
log=$top/target/apt.log
say "installing with apt:$missing (details: target/apt.log)"
# shellcheck disable=SC2086 # the lists are meant to be split
install_missing() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing
}
# The package lists may be old or not there at all; only then is it worth asking for new ones.
if ! install_missing >"$log" 2>&1 </dev/null; then
	$as_root apt-get update --quiet >>"$log" 2>&1 </dev/null || tail -n 5 "$log" >&2
	install_missing >>"$log" 2>&1 </dev/null || {
		tail -n 25 "$log" >&2
		die "apt-get could not install:$missing"
	}
fi
