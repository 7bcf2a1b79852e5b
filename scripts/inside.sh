#!/bin/sh
# inside.sh [-u USER] DIRECTORY COMMAND...: runs COMMAND in the Debian system in DIRECTORY, a clean one of chroot.sh's. As root.
#
# It sees that system and nothing else: no network, no process and no mount of this machine, and none of the caller's variables.
# With -u it runs as USER, who is made if the system does not have that name. Mounts and processes vanish when COMMAND ends. The
# system is the root of the mounts and not just a changed root, so that COMMAND may make namespaces of its own (bubblewrap).
set -eu
. "$(dirname -- "$0")/lib.sh"

user=root
while getopts u: option; do
	case $option in
	u) user=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 1 ] || die "usage: inside.sh [-u USER] DIRECTORY COMMAND..."
[ "$(id -u)" = 0 ] || die "needs root: the files of such a system belong to many users"
system=$(CDPATH='' cd -- "$1" && pwd -P)
shift

# shellcheck disable=SC2016 # what is quoted is for the other shell
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
	unshare --mount --pid --net --ipc --uts --fork --kill-child -- sh -eu -c '
	user=$1 system=$2
	shift 2
	hostname clean
	mount --bind -- "$system" "$system"
	cd -- "$system"
	mount -t proc proc proc
	mkdir -p dev/shm
	mount -t tmpfs -o mode=1777 tmpfs dev/shm
	mount --move . /
	exec chroot . sh -eu -c '\''
		user=$1
		shift
		getent passwd "$user" >/dev/null || useradd --create-home --user-group "$user"
		unset OLDPWD
		home=$(getent passwd "$user" | cut -d : -f 6)
		export HOME="$home" LOGNAME="$user" USER="$user"
		if [ "$user" = root ]; then exec "$@"; fi
		exec setpriv --reuid "$user" --regid "$user" --init-groups -- "$@"
	'\'' inside "$user" "$@"
' inside "$user" "$system" "$@" </dev/null
