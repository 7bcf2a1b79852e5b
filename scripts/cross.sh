#!/bin/sh
# cross.sh [ARCHITECTURE]...: builds a package for other architectures (arm64, armhf, ppc64el and s390x unless some are named),
# installs each where it is at home, runs it there and removes it. `make cross` sees to what it needs first. Needs root.
#
# The package has upstream's wheels with machine code (scripts/cross.txt, by their hashes from the index that pip is set to)
# and a project of its own with a part in C, compiled by Debian's cross compilers. It is built twice in a clean system,
# without a network and before the kernel knows of any emulator, so that nothing foreign can run. Only then are qemu's
# emulators registered with the kernel, by which the clean systems of the other architectures run; those that were not
# there before are taken away in the end. The key is made for this and thrown away. All is in target/cross.
set -eu
. "$(dirname -- "$0")/lib.sh"

suite=bookworm version=3.11 glibc=2.36
[ "$(id -u)" = 0 ] || die "needs root: it makes systems of other architectures"
[ $# != 0 ] || set -- arm64 armhf ppc64el s390x
native=$(dpkg --print-architecture)
room=$top/target/cross
tree=$room/crossed-1.0
builder=$room/builder
mkdir -p "$room/logs"

# machine ARCHITECTURE: as platform tags and uname have it; emulator ARCHITECTURE: as qemu has it
machine() {
	case $1 in
	arm64) echo aarch64 ;;
	armhf) echo armv7l ;;
	ppc64el) echo ppc64le ;;
	s390x) echo s390x ;;
	*) die "no wheels are locked for $1" ;;
	esac
}
emulator() { case $1 in armhf) echo qemu-arm ;; *) echo "qemu-$(machine "$1")" ;; esac; }
# looks ARCHITECTURE: what file(1) calls its machine code
looks() {
	case $1 in
	arm64) echo 'ELF 64-bit LSB .*ARM aarch64' ;;
	armhf) echo 'ELF 32-bit LSB .*ARM, EABI5' ;;
	ppc64el) echo 'ELF 64-bit LSB .*64-bit PowerPC' ;;
	s390x) echo 'ELF 64-bit MSB .*IBM S/390' ;;
	esac
}

# ---- the source package

rm -rf "$tree"
mkdir -p "$tree/debian/signers" "$tree/debian/source" "$tree/crossed" "$tree/wheels"
architectures=$*
for architecture in $architectures; do
	[ "$architecture" != "$native" ] || die "$native is this machine's own architecture"
	projects=$(sed -n "/^[a-z]/{/;/{/\"$(machine "$architecture")\"/!d};s/==.*//p}" scripts/cross.txt)
	say "$architecture: fetching upstream's wheels"
	# shellcheck disable=SC2046,SC2086 # names of projects, each with its option
	logged "$room/logs/fetch-$architecture.log" "$stage/usr/bin/rustvenv" fetch --requirements scripts/cross.txt \
		--architecture "$architecture" --python "$version" --glibc "$glibc" --sdists "$room/sdists" \
		--wheels "$tree/wheels" $(printf ' --upstream-wheels %s' $projects)
done

cp scripts/cross.txt "$tree/requirements.txt"
cat >"$tree/pyproject.toml" <<'EOF'
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "crossed"
version = "1.0"
dependencies = ["click"]

[project.scripts]
crossed = "crossed.main:main"

[tool.setuptools]
packages = ["crossed"]
EOF
cat >"$tree/setup.py" <<'EOF'
from setuptools import Extension, setup

setup(ext_modules=[Extension("crossed.answer", ["crossed/answer.c"])])
EOF
cat >"$tree/crossed/answer.c" <<'EOF'
#include <Python.h>

static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "answer", NULL, -1, methods};

PyMODINIT_FUNC PyInit_answer(void) { return PyModule_Create(&module); }
EOF
: >"$tree/crossed/__init__.py"
cat >"$tree/crossed/main.py" <<'EOF'
import importlib.metadata
import platform

import click

from crossed.answer import answer


def cffi():
    import cffi

    ffi = cffi.FFI()
    ffi.cdef("size_t strlen(const char *);")
    return ffi.dlopen(None).strlen(b"four") == 4


def cryptography():
    from cryptography.fernet import Fernet

    key = Fernet(Fernet.generate_key())
    return key.decrypt(key.encrypt(b"news")) == b"news"


def jinja2():
    import jinja2
    from markupsafe import _speedups

    return _speedups and jinja2.Template("{{ 6 * 7 }}").render() == "42"


def pyyaml():
    import yaml

    return yaml.load("[1]", yaml.CSafeLoader) == [1]


@click.command()
def main():
    assert answer() == 42
    tried = []
    for name, works in [("cffi", cffi), ("cryptography", cryptography), ("jinja2", jinja2), ("pyyaml", pyyaml)]:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        assert works(), name
        tried.append(name)
    click.echo(f"{platform.machine()}: its own part in C, {', '.join(tried)}: all of it works")
EOF
printf '#!/usr/bin/make -f\n%%:\n\tdh $@ --with rustvenv\n' >"$tree/debian/rules"
chmod 755 "$tree/debian/rules"
echo '3.0 (native)' >"$tree/debian/source/format"
echo 'commands = ["crossed"]' >"$tree/debian/crossed.rustvenv"
cat >"$tree/debian/control" <<'EOF'
Source: crossed
Section: misc
Priority: optional
Maintainer: A Person <a@example.org>
Standards-Version: 4.6.2
Rules-Requires-Root: no
Build-Depends: debhelper-compat (= 13), dh-sequence-rustvenv, libpython3-dev, python3:any, python3-setuptools:native,
 python3-wheel:native

Package: crossed
Architecture: any
Depends: ${misc:Depends}
Description: projects of PyPI with machine code
 And a part in C of its own.
EOF
printf 'crossed (1.0) unstable; urgency=medium\n\n  * Release.\n\n -- A Person <a@example.org>  %s\n' "$(date -R)" >"$tree/debian/changelog"

# GnuPG's sockets need a short path.
keys=$(mktemp -d)
registered=
finish() {
	gpgconf --homedir "$keys" --kill all 2>/dev/null || :
	rm -rf -- "$keys"
	for name in $registered; do echo -1 >"/proc/sys/fs/binfmt_misc/$name" || :; done
}
trap finish EXIT
signing() { gpg --homedir "$keys" --batch --quiet --pinentry-mode loopback --passphrase '' "$@"; }
signing --quick-generate-key 'ann <ann@example.org>' ed25519 sign never
signing --armor --export ann >"$tree/debian/signers/ann.asc"
(cd "$tree/wheels" && sha256sum -- *.whl >sha256sums.txt && signing --armor --detach-sign sha256sums.txt)

# ---- two builds of each

for name in $architectures; do
	[ ! -e "/proc/sys/fs/binfmt_misc/$(emulator "$name")" ] ||
		die "the kernel already runs programs of $name, so that the build would prove nothing" \
			"echo -1 > /proc/sys/fs/binfmt_misc/$(emulator "$name") takes that away"
done
include=debhelper,libgmp10,libhogweed6,libnettle8,python3,python3-setuptools,python3-wheel
foreign=$native
for name in $architectures; do
	foreign=$foreign,$name
	include=$include,libpython3-dev:$name,crossbuild-essential-$name
done
if [ "$(cat "$builder.for" 2>/dev/null)" != "$suite $foreign" ]; then
	say "a clean system of $suite with compilers for $architectures"
	rm -rf "$builder" "$builder.for"
	logged "$room/logs/builder.log" scripts/chroot.sh -a "$foreign" -i "$include" "$suite" "$builder"
	echo "$suite $foreign" >"$builder.for"
fi
rm -rf "$builder/stage"
cp -R target/stage "$builder/stage"

# build ARCHITECTURE UMASK DIRECTORY: in the clean system, without a network
build() {
	rm -rf "${builder:?}$3"
	mkdir -p "$builder$3"
	cp -R "$tree" "$builder$3/"
	# shellcheck disable=SC2016 # the inner shell's
	logged "$room/logs/build-$1-${3##*/}.log" unshare --mount --net sh -eu -c '
		mount -t proc proc "$1/proc"
		exec chroot "$1" env -i PATH=/stage/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin PERL5LIB=/stage/usr/share/perl5 \
			DH_AUTOSCRIPTDIR=/stage/usr/share/debhelper/autoscripts HOME=/nonexistent LC_ALL=C.UTF-8 sh -c "
				umask $3 && cd $4/crossed-1.0 && exec dpkg-buildpackage -us -uc -b -d -a$2"' - "$builder" "$@"
}
for name in $architectures; do
	say "$name: dpkg-buildpackage -us -uc -b -d -a$name, twice"
	build "$name" 022 /build/one
	build "$name" 077 /var/lib/another/place
	deb=crossed_1.0_$name.deb
	cmp "$builder/build/one/$deb" "$builder/var/lib/another/place/$deb" || die "the two packages for $name differ"
	mv "$builder/build/one/$deb" "$room/$deb"
	rm -rf "$room/unpacked-$name"
	dpkg-deb -x "$room/$deb" "$room/unpacked-$name"
	find "$room/unpacked-$name" -type f -exec file -b {} + | grep '^ELF' >"$room/logs/file-$name" || die "no machine code for $name"
	if grep -v "^$(looks "$name")" "$room/logs/file-$name"; then die "machine code that is not for $name"; fi
done

# ---- each where it is at home

mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
table=$room/table
printf '%-13s %-9s %-9s %4s  %s\n' architecture bytes sha256 ELF Depends >"$table"
for name in $architectures; do
	what=$(emulator "$name")
	if [ ! -e "/proc/sys/fs/binfmt_misc/$what" ]; then
		cat "/usr/lib/binfmt.d/$what.conf" >/proc/sys/fs/binfmt_misc/register
		registered="$registered $what"
	fi
	deb=$room/crossed_1.0_$name.deb
	depends=$(dpkg-deb -f "$deb" Depends)
	needs=$(printf '%s' "$depends" | sed 's/([^)]*)//g; s/ //g')
	system=$room/system-$name
	if [ "$(cat "$system.for" 2>/dev/null)" != "$suite $needs" ]; then
		say "$name: a clean system of $suite with $needs"
		rm -rf "$system" "$system.for"
		logged "$room/logs/system-$name.log" scripts/chroot.sh -m -a "$name" -i "$needs" "$suite" "$system"
		echo "$suite $needs" >"$system.for"
	fi
	cp "$deb" "$system/"
	clean_env chroot "$system" dpkg --purge crossed >"$room/logs/run-$name.log" 2>&1
	clean_env chroot "$system" dpkg -i "/${deb##*/}" >>"$room/logs/run-$name.log" 2>&1 ||
		die "the package cannot be installed; see target/cross/logs/run-$name.log"
	clean_env chroot "$system" /usr/bin/crossed >"$room/logs/said-$name"
	grep "^$(machine "$name"): .*all of it works\$" "$room/logs/said-$name" || die "not everything works on $name"
	clean_env chroot "$system" dpkg --purge crossed >>"$room/logs/run-$name.log" 2>&1
	[ ! -e "$system/opt/venvs" ] || die "something of the package is left on $name: $(find "$system/opt/venvs")"
	printf '%-13s %-9s %.8s… %4s  %s\n' "$name" "$(stat -c %s "$deb")" "$(sha256sum <"$deb")" \
		"$(wc -l <"$room/logs/file-$name")" "$depends" >>"$table"
done
cat "$table"
