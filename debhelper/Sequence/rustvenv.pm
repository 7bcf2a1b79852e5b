# The debhelper add-on rustvenv: what `dh $@ --with rustvenv` adds to dh's sequences, and what it keeps out of them.
# See dh_rustvenv(1). debhelper loads this file; it runs nothing by itself.

use strict;
use warnings;
use Debian::Debhelper::Dh_Lib;

# Early: a refusal comes in the first second, and the project's own wheel is built where things are built, not under
# fakeroot. After dh_auto_build, so that what a user's override_dh_auto_build generates gets into that wheel.
insert_after('dh_auto_build', 'dh_rustvenv_prepare');

# Late: after dh_strip, dh_dwz, dh_makeshlibs, dh_shlibdeps, dh_strip_nondeterminism, dh_compress and dh_fixperms, so
# that none of them can change a file that was signed for, not even from an override, where `-X` options get lost.
insert_before('dh_installdeb', 'dh_rustvenv');

# Last: nothing may write after the times are set, and what dh_installdeb, dh_gencontrol and dh_md5sums wrote counts
# as well.
insert_before('dh_builddeb', 'dh_rustvenv_seal');

# debhelper allows no more than insertions where the add-on is used for one kind of package only (Build-Depends-Arch,
# Build-Depends-Indep: dh-sequence-rustvenv): the other kind needs its dh_auto_* steps. There is no public way to ask
# which use this is. Should this variable ever go away, all is taken for unconditional, and debhelper itself objects.
our $use = $Debian::Debhelper::DH::AddonAPI::DH_INTERNAL_ADDON_TYPE // 'both';

if ($use eq 'both') {
	# No build system unless the user names one: setup.py, pyproject.toml or a Makefile that lies about is not for
	# debhelper to run. The steps stay in the sequence, because dh ignores the overrides of a command it was told to
	# remove. `dh $@ --buildsystem=NAME` is passed on after these options and wins.
	add_command_options("dh_auto_$_", '--buildsystem=none') for qw(configure build test install clean);

	# A hook that runs the environment's Python (to generate a configuration file, say) must not leave byte code in it.
	$ENV{PYTHONDONTWRITEBYTECODE} //= 1;
}

1;
