#!/bin/sh
# update-campaign.sh: from an empty directory and a lock of twenty projects to a .deb: one command, one signature. Then one
# project is bumped, in the same way. Leaves the transcript in target/update-campaign/transcript.
#
# The key is made for this and thrown away. Sources and crates come from the index and registry that pip and cargo are set to.
set -eu
. "$(dirname -- "$0")/lib.sh"

room=$top/target/update-campaign
project=$room/twenty
rm -rf "$room"
mkdir -p "$project/debian/signers" "$project/debian/source" "$project/requirements"
cd "$project"

# GnuPG's sockets need a short path.
keys=$(mktemp -d)
export GNUPGHOME="$keys"
finish() {
	gpgconf --kill all 2>/dev/null || :
	rm -rf -- "$keys"
}
trap finish EXIT
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'ann <ann@example.org>' ed25519 sign never
gpg --batch --armor --export ann >debian/signers/ann.asc

# What is there before: an application, the six files of its packaging, and two locks.
cat >pyproject.toml <<'EOF'
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "twenty"
version = "1.0"
dependencies = ["aiohttp", "bcrypt", "certifi", "cffi", "click", "jinja2", "msgpack", "psutil", "pyyaml"]

[project.scripts]
twenty = "twenty:main"

[tool.setuptools]
py-modules = ["twenty"]
EOF
cat >twenty.py <<'EOF'
import importlib.metadata
import sys

import aiohttp, bcrypt, certifi, cffi, click, jinja2, markupsafe, msgpack, psutil, yaml


def main():
    count = len(list(importlib.metadata.distributions()))
    ffi = cffi.FFI()
    ffi.cdef("size_t strlen(const char *);")
    print(sys.prefix, count, "distributions, markupsafe", importlib.metadata.version("markupsafe"))
    assert bcrypt.checkpw(b"x", bcrypt.hashpw(b"x", bcrypt.gensalt(4))) and psutil.Process().pid and aiohttp.ClientSession
    assert msgpack.unpackb(msgpack.packb([1])) == [1] and yaml.safe_load("[1]") == [1] and certifi.where() and click.command
    assert jinja2.Template("{{ 6 * 7 }}").render() == "42" and markupsafe._speedups and ffi.dlopen(None).strlen(b"four") == 4
    print("all of it works")
EOF
printf '#!/usr/bin/make -f\n%%:\n\tdh $@ --with rustvenv\n' >debian/rules
chmod 755 debian/rules
echo '3.0 (native)' >debian/source/format
echo 'commands = ["twenty"]' >debian/twenty.rustvenv
cat >debian/control <<'EOF'
Source: twenty
Section: misc
Priority: optional
Maintainer: A Person <a@example.org>
Standards-Version: 4.6.2
Rules-Requires-Root: no
Build-Depends: debhelper-compat (= 13), dh-rustvenv, python3-setuptools

Package: twenty
Architecture: any
Depends: ${misc:Depends}
Description: twenty projects of PyPI
 Ten of them have parts in C, and one has parts in Rust.
EOF
cp "$top/scripts/update-campaign.txt" requirements/requirements.txt
cp "$top/scripts/update-campaign-build.txt" requirements/build.txt

# run TEXT COMMAND...: shows TEXT, what the command says and how long it took.
run() {
	printf '\n$ %s\n' "$1"
	shift
	began=$(date +%s)
	"$@" 2>&1 || die "failed with status $?: $*"
	printf '(%s s)\n' "$(($(date +%s) - began))"
}
# rustvenv runs with the user's own environment, since it fetches; the package is built without.
rustvenv() { "$stage/usr/bin/rustvenv" "$@"; }
update() { rustvenv update --yes --local-user ann; }
release() {
	printf 'twenty (%s) unstable; urgency=medium\n\n  * Release.\n\n -- A Person <a@example.org>  %s\n' "$1" "$(date -R)" >debian/changelog
}
package() { clean_env dpkg-buildpackage -us -uc -b -d >"$room/dpkg-buildpackage.log" || return; tail -n 1 "$room/dpkg-buildpackage.log"; }
application() {
	rm -rf "$room/unpacked"
	dpkg-deb -x "$room/twenty_$1_$(dpkg --print-architecture).deb" "$room/unpacked"
	# its link in /usr/bin is absolute, since it leads to another directory below the root
	env -i "$room/unpacked/opt/venvs/twenty/bin/twenty"
}
all() {
	say "from nothing to a package"
	run 'rustvenv update --yes --local-user ann' update
	run 'rustvenv verify' rustvenv verify --manifest wheels/sha256sums.txt --keyring debian/signers --wheels wheels \
		--requirements requirements.txt --reference-time "$(date +%F)T23:59:59Z"
	release 1.0
	run 'dpkg-buildpackage -us -uc -b -d' package
	run 'twenty' application 1.0
	say "nothing to do"
	run 'rustvenv update --yes --local-user ann' update
	say "a bump"
	bump=$(sed -n 's/^# bump: //p' requirements/requirements.txt)
	sed -i "s/^${bump%%==*}==.*/$bump/" requirements/requirements.txt
	run 'rustvenv update --yes --local-user ann' update
	release 1.1
	run 'dpkg-buildpackage -us -uc -b -d' package
	run 'twenty' application 1.1
}
all | tee "$room/transcript"
grep -c '^all of it works$' "$room/transcript" | grep -qx 2 || die "not everything worked"
