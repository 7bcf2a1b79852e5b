#!/bin/sh
# chroot.sh [-m] [-a ARCHITECTURE] [-i PACKAGE,...] SUITE TARGET: makes a clean Debian system of SUITE with mmdebstrap, from the
# mirror that this machine's own apt is set to. TARGET is a directory, or a file NAME.tar for `sbuild --chroot-mode=unshare`
# and for unpacking again and again.
#
# It has what every build environment has (the buildd variant; with -m only what every system has) and the packages after -i;
# no network settings. Of several architectures, with commas between them, the first is its own. As root the
# system's files belong to root; another user gets the same in a user namespace, as a file only. Whoever calls this keeps
# what it makes: nothing is made twice that is asked for once.
set -eu
. "$(dirname -- "$0")/lib.sh"

architecture=$(dpkg --print-architecture)
include=
variant=buildd
while getopts a:i:m option; do
	case $option in
	a) architecture=$OPTARG ;;
	i) include=$OPTARG ;;
	m) variant=minbase ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 2 ] || die "usage: chroot.sh [-m] [-a ARCHITECTURE] [-i PACKAGE,...] SUITE TARGET"
suite=$1 target=$2

# The first of apt's own archives that is Debian's main one.
mirror=$(apt-get indextargets --format "\$(REPO_URI) \$(LABEL)" 'Created-By: Packages' |
	sed -n 's/ Debian$//p' | grep -v '^file:' | sort -u | head -n 1)
[ -n "$mirror" ] || die "apt has no archive of Debian among its sources"

# mmdebstrap's apt reads nothing below /etc/apt: a proxy or a certificate of this machine has to be handed over.
settings=$(mktemp)
trap 'rm -f "$settings"' EXIT
apt-config dump | sed -n -E '/^Acquire::(http|https|Retries|Check-Valid-Until)/p' >"$settings"
chmod 644 "$settings"

case $(id -u) in
0) mode=root ;;
*) mode=unshare ;;
esac
# shellcheck disable=SC2016 # $1 is mmdebstrap's
mmdebstrap --quiet --mode="$mode" --variant="$variant" --architectures="$architecture" ${include:+--include="$include"} \
	--keyring=/usr/share/keyrings/debian-archive-keyring.gpg --aptopt="$settings" \
	--aptopt='Acquire::Languages "none"' \
	--customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname; echo 127.0.0.1 localhost >"$1"/etc/hosts' \
	"$suite" "$target" "$mirror"
