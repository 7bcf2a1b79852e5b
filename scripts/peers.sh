#!/bin/sh
# peers.sh [ROW...]: gives the hostile corpus to the newest pip, to Debian's pip and to uv, and writes what becomes of it into
# HOSTILE.md. As root, because the peers run as nobody in namespaces of their own: without a network, with an empty /tmp, and
# with nothing else that they could write to, since some of the wheels are made to write anywhere. With names of rows, these
# are measured again and the others are as the last time.
set -eu
. "$(dirname -- "$0")/lib.sh"

[ "$(id -u)" = 0 ] || die 'only root can make the namespaces that keep the wheels from the machine'
peers=$top/target/peers
rm -rf "$peers/corpus" "$peers/tools"
[ $# != 0 ] || rm -rf "$peers/out"
mkdir -p "$peers/corpus" "$peers/out"

say 'the corpus'
RUSTVENV_CORPUS=$peers/corpus logged "$peers/corpus.log" \
	scripts/cargo.sh test --locked --test hostile_wheels the_corpus_can_be_written_to_files

say 'the newest pip and uv'
for name in pip uv; do
	logged "$peers/$name.log" "$python" -m pip install --quiet --upgrade --no-compile --target "$peers/tools/$name" "$name"
done
cp scripts/peers.py "$peers/"
chmod -R a+rX "$peers"
chown nobody "$peers/out"

say 'the rows, four times each; all of them take some minutes'
# measure RESULTS PART PARTS [ROW...]
measure() {
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --mount --net --pid --ipc --fork --mount-proc --propagation private sh -eu -c '
		mount --bind "$1" /mnt
		shift
		for directory in /tmp /var/tmp /dev/shm; do
			mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$directory"
		done
		cd /
		exec setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
			env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 \
			"$@"
	' sh "$peers" "$python" /mnt/peers.py run /mnt/corpus /mnt/tools "$@"
}
failed='a part of the rows could not be measured'
if [ $# != 0 ]; then
	measure /mnt/out/again.json 0 1 "$@" || die "$failed"
else
	measure /mnt/out/1.json 1 2 &
	measure /mnt/out/0.json 0 2 || die "$failed"
	wait $! || die "$failed"
fi

say 'the table'
set -- "$peers/out/0.json" "$peers/out/1.json"
[ ! -e "$peers/out/again.json" ] || set -- "$@" "$peers/out/again.json"
"$python" scripts/peers.py table "$peers/corpus" HOSTILE.md "$@"
say 'HOSTILE.md is written'
