#!/bin/sh
# example-key.sh [DIRECTORY]: signs the example's list of wheels with a key of your own.
#
# The key is in DIRECTORY (~/.local/share/dh-rustvenv-example unless you choose another), a GnuPG home outside of the
# source tree; it is made if there is none. Its certificate goes into debian-example/debian/signers/, the signature to
# debian-example/wheels/. A second run changes nothing.
#
# It is a key for an example: without passphrase, without expiry. It is also dated: key and signature carry the time of
# the example's changelog instead of today's, so that running this again gives the same bytes. Do neither of these for a
# package that anyone relies on; there, `gpg --armor --detach-sign wheels/sha256sums.txt` is all it takes.
set -eu
. "$(dirname -- "$0")/lib.sh"

home=${1:-${XDG_DATA_HOME:-$HOME/.local/share}/dh-rustvenv-example}
name='dh-rustvenv example signer <example@invalid>'
example=$top/debian-example
list=$example/wheels/sha256sums.txt
certificate=$example/debian/signers/example.asc
time=$(dpkg-parsechangelog --file "$example/debian/changelog" --show-field Timestamp)

case $(realpath -m -- "$home") in "$top" | "$top"/*) die "the secret key must not be in the source tree: $home" ;; esac
(umask 077 && mkdir -p -- "$home")
chmod 700 -- "$home"

# gpg warns of the faked time each time; what it says is shown only if it fails.
talk=$(mktemp)
run_gpg() {
	gpg --homedir "$home" --batch --no-tty --quiet --faked-system-time "$time!" "$@" 2>"$talk" || {
		cat -- "$talk" >&2
		die "gpg failed"
	}
}
signing() { run_gpg --pinentry-mode loopback --passphrase '' "$@"; }
finish() {
	gpgconf --homedir "$home" --kill gpg-agent 2>/dev/null || :
	rm -f -- "$talk"
}
trap finish EXIT

fingerprint() { run_gpg --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }'; }
key=$(fingerprint)
if [ -z "$key" ]; then
	signing --quick-generate-key "$name" ed25519 sign never
	key=$(fingerprint)
	say "made a key in $home"
fi

rm -f -- "$certificate.new" "$list.asc.new"
run_gpg --armor --export-options export-minimal --output "$certificate.new" --export "$key"
signing --armor --local-user "$key" --output "$list.asc.new" --detach-sign "$list"
# gpg makes files for their owner only; these two are for everyone.
chmod 644 -- "$certificate.new" "$list.asc.new"
mv -f -- "$certificate.new" "$certificate"
mv -f -- "$list.asc.new" "$list.asc"
say "signed debian-example/wheels/sha256sums.txt as $key"
say "certificate: debian-example/debian/signers/example.asc; the secret key stays in $home"
