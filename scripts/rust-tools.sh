#!/bin/sh
# rust-tools.sh: sees to it that the cargo in use has rustfmt and clippy, which `make check` needs.
# Those that belong to Debian's cargo are installed with apt; rustup's are named, since the toolchain is the user's own.
set -eu
. "$(dirname -- "$0")/lib.sh"

has() { scripts/cargo.sh "$1" --version >/dev/null 2>&1; }
if has fmt && has clippy; then exit 0; fi

program=$(command -v "${CARGO:-cargo}")
owner=$(dpkg-query --search "$(readlink -f -- "$program")" 2>/dev/null | cut -d : -f 1)
case $owner in
cargo) scripts/apt-need.sh rustfmt rust-clippy ;;
cargo-web) scripts/apt-need.sh rustfmt-web ;; # has no clippy; clippy.sh says so
*) die "$program has no rustfmt or no clippy" "rustup component add rustfmt clippy" ;;
esac
