//! Maintainer scripts at work: the real dpkg installs, upgrades, downgrades and removes packages in a root of its own.
//!
//! That root is a file system in memory with the machine's programs bound into it, in a mount namespace that goes away with
//! the test. It works for root and, where the kernel allows user namespaces, for everybody.

use crate::install::python;
use crate::source_package::{Done, SourcePackage, application, command, run};
use crate::wheel::Wheel;
use std::fs;
use std::path::{Path, PathBuf};

/// Makes the root `$1`, and runs the script `$2` in it.
const ENTER: &str = r#"set -eu
mount -t tmpfs none "$1"
for path in /bin /sbin /lib* /usr/bin /usr/sbin /usr/lib*; do
	[ -e "$path" ] || continue
	mkdir -p "$1${path%/*}"
	if [ -L "$path" ]; then cp -P "$path" "$1$path"; continue; fi
	mkdir "$1$path"
	mount --rbind "$path" "$1$path"
done
for path in /dev /proc; do mkdir "$1$path" && mount --rbind "$path" "$1$path"; done
mkdir -p "$1/etc" "$1/notes" "$1/usr/share" "$1/var/lib/dpkg/info" "$1/var/lib/dpkg/updates" "$1/packages"
[ ! -e /etc/ld.so.cache ] || cp /etc/ld.so.cache "$1/etc/"
mount --rbind "$3" "$1/packages"
cp "$3/status" "$1/var/lib/dpkg/status"
# with a file of its own: dpkg lets a package disappear of which others have everything
printf '%s\n' /. /etc /opt /srv /usr /usr/share "/usr/share/$4" >"$1/var/lib/dpkg/info/$4.list"
exec chroot "$1" /bin/sh -eu -c "$2"
"#;

/// What the scripts below have in common. `check` holds that every source that can be compiled has byte code, that there is no
/// other, and that dpkg finds its files unchanged.
const TOOLS: &str = r#"
venv=/opt/venvs/demo
package=demo
PYTHON=PYTHON_PROGRAM
site=$venv/lib/$PYTHON/site-packages
tag=cpython-$(echo "${PYTHON#python}" | tr -d .)
# "${1:-}" is a root other than /
caches() { find "${1:-}$venv" -name '*.pyc' -o -name '*.pyc.[0-9]*' | sort; }
wanted() {
	find "${1:-}$site" -name '*.py' ! -name broken.py ! -name 'own*' |
		sed "s|\([^/]*\)\.py\$|__pycache__/\1.$tag.pyc|" | sort
}
fail() { echo "$step: $*"; find /opt 2>/dev/null; exit 1; }
check() {
	step=$1
	[ "$(caches)" = "$(wanted)" ] || fail "wanted: $(wanted)"
	[ -z "$(find /opt -name '*.pyc*' ! -perm 0644; find /opt -type d ! -perm 0755)" ] || fail "modes"
	[ -z "$(dpkg --verify $package | grep -v ' c /etc/demo.conf$')" ] || fail "dpkg --verify"
	[ "$($venv/bin/python -B -c 'import shape; print(shape.WORD)')" = "$2" ] || fail "another version runs"
	$venv/bin/python -B -v -c 'import demo_app.cli, shape' 2>&1 | grep "^# code object from '$site" >/notes/loaded
	grep -q "__pycache__/cli.$tag.pyc" /notes/loaded || fail "byte code is not used"
	! grep -q '\.py.$' /notes/loaded || fail "something was compiled"
}
none() { step=$1; [ -z "$(caches)" ] || fail "byte code is left"; }
nothing() { step=$1; [ ! -e /opt/venvs ] || fail "something is left"; }
# what root's runs leave: another level of optimisation, and what a writer that was killed leaves
as_root() { $venv/bin/python -O -c 'import demo_app.cli, shape' && : >"$site/demo_app/__pycache__/cli.$tag.pyc.140"; }
quietly() {
	"$@" >/notes/out 2>/notes/err || { cat /notes/err; fail "status $?"; }
	! grep -v '^dpkg: warning: downgrading' /notes/err || fail "not quiet"
}
step=start
"#;

/// Packages as files, for a root.
pub(crate) struct Packages {
    directory: tempfile::TempDir,
}

impl Packages {
    pub(crate) fn new() -> Self {
        let packages = Self { directory: tempfile::tempdir().unwrap() };
        let architecture = run(command("dpkg").arg("--print-architecture")).ok().stdout;
        let status = format!(
            "Package: {}\nStatus: install ok installed\nVersion: 3\nArchitecture: {}\nMaintainer: nobody\nDescription: bound\n",
            python(),
            architecture.trim()
        );
        fs::write(packages.path("status"), status).unwrap();
        packages
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Builds the package with this version and these wheels, as NAME.deb.
    pub(crate) fn build(&self, name: &str, version: &str, wheel: Wheel, edit: impl FnOnce(&SourcePackage)) {
        let package = SourcePackage::new();
        package.wheels([wheel]);
        package.config("project = \"none\"\n");
        package.write("debian/changelog", package.read("debian/changelog").replace("(1.0)", &format!("({version})")));
        // its own part fails when it is told to, after that of debhelper
        package.write(
            "debian/demo.prerm",
            "#!/bin/sh\nset -e\n#DEBHELPER#\n[ $1 = failed-upgrade ] || [ ! -e /notes/fail-prerm ]\n",
        );
        edit(&package);
        package.buildpackage(&["-b"]).ok();
        let deb = fs::read_dir(package.root.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        let deb: Vec<PathBuf> = deb.filter(|path| path.extension().is_some_and(|end| end == "deb")).collect();
        fs::copy(&deb[0], self.path(&format!("{name}.deb"))).unwrap();
    }

    /// Runs a script in a new root.
    pub(crate) fn script(&self, script: &str) -> Done {
        let root = tempfile::tempdir().unwrap();
        let script = format!("{}{script}", TOOLS.replace("PYTHON_PROGRAM", &python()));
        let is_root = run(command("id").arg("-u")).stdout.trim() == "0";
        let unshare: &[&str] = if is_root { &["--mount"] } else { &["--map-root-user", "--mount"] };
        let mut enter = command("unshare");
        enter
            .args(unshare)
            .args(["/bin/sh", "-c", ENTER, "-"])
            .arg(root.path())
            .arg(script)
            .arg(self.directory.path())
            .arg(python());
        run(&mut enter)
    }
}

/// An application with a file that no Python compiles, one that makes the compiler warn, and `module`.
pub(crate) fn wheel(module: &str, text: &str) -> Wheel {
    application()
        .file("demo_app/broken.py", "def (\n")
        .file("demo_app/warns.py", "pattern = '\\d'\nassert (1, 'always')\n")
        .file("demo_app/__pycache__/notes.pyc.txt", "what is no byte code is the package's\n")
        .file(module, text)
}

#[test]
fn byte_code_comes_and_goes_with_the_package() {
    let packages = Packages::new();
    let first = || wheel("shape.py", "WORD = 'one'\n").file("gone/__init__.py", "").file("gone/sub/m.py", "");
    packages.build("one", "1.0", first(), |_| ());
    packages.build("without", "1.0", first(), |package| package.config("project = \"none\"\nbytecode = \"none\"\n"));
    // of the same date and size, so that neither tells the interpreter that the source is another
    packages.build("again", "1.0", wheel("shape.py", "WORD = 'eno'\n"), |_| ());
    // a module becomes a package, and a package goes
    packages.build("two", "2.0", wheel("shape/__init__.py", "WORD = 'two'\n").file("shape/sub.py", ""), |_| ());
    packages.build("bad", "3.0", wheel("shape.py", "WORD = 'bad'\n"), |package| {
        package.write("debian/demo.preinst", "#!/bin/sh\nset -e\n#DEBHELPER#\nexit 1\n");
    });
    let done = packages.script(
        r#"
cd /packages
step="first installation"; quietly dpkg -i one.deb; check "first installation" one
as_root; quietly dpkg -i two.deb; check upgrade two
[ ! -e $site/gone ] && [ ! -e $site/shape.py ] || fail "left of version 1"
as_root; ! dpkg -i bad.deb >/dev/null 2>&1 || fail "was to fail"; check "failed upgrade" two
as_root; quietly dpkg -i one.deb; check downgrade one
as_root; quietly dpkg -i one.deb; check reinstallation one
quietly dpkg -i again.deb; check "other content of the same time and size" eno
quietly dpkg -i without.deb; none "a version that compiles nothing"
$venv/bin/python -c 'import shape, gone.sub.m'; [ -n "$(caches)" ] || fail "no byte code of root's"
dpkg -i again.deb >/notes/out 2>&1; check "byte code that nobody removed, of other content" eno
as_root; : >/notes/fail-prerm; ! dpkg --remove demo >/dev/null 2>&1 || fail "was to fail"; check "failed removal" eno
dpkg -i two.deb >/dev/null 2>&1; rm /notes/fail-prerm; check "upgrade in spite of the old prerm" two
as_root; sh /var/lib/dpkg/info/demo.prerm deconfigure in-favour other 1; none deconfigured
sh /var/lib/dpkg/info/demo.postinst abort-deconfigure in-favour other 1; check abort-deconfigure two
sh /var/lib/dpkg/info/demo.postinst triggered some; check triggered two
quietly dpkg --configure --pending; check "nothing to do" two
echo 'WORD = 1' >$site/own.py; $venv/bin/python -c 'import own'
as_root; dpkg --purge demo >/notes/out 2>&1
step="an own file"; [ "$(find /opt/venvs -type f)" = $site/own.py ] || fail "not the own file alone"
rm -r /opt; (umask 077; quietly dpkg -i two.deb); check "umask" two
as_root; quietly dpkg --remove demo; nothing removed
quietly dpkg -i one.deb; as_root; quietly dpkg --purge demo; nothing purged
[ -z "$(dpkg-query -f '${db:Status-Status}\n' -W demo 2>/dev/null)" ] || fail "dpkg still knows it"
step="a link in the place of the environment"; quietly dpkg -i one.deb; mv $venv /notes/moved; ln -s /notes/moved $venv
as_root; dpkg --remove demo >/notes/out 2>&1
[ -z "$(find /notes/moved -type f)" ] || { find /notes/moved; fail "something is left behind the link"; }
"#,
    );
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
}

#[test]
fn an_interpreter_that_is_not_there_is_no_failure() {
    let packages = Packages::new();
    packages.build("one", "1.0", wheel("shape.py", "WORD = 'one'\n"), |_| ());
    let done = packages.script(
        r#"
cd /packages
quietly dpkg -i one.deb; check installed one; as_root
mount --bind /dev/null /usr/bin/$PYTHON
quietly dpkg -i one.deb; none reinstalled
umount /usr/bin/$PYTHON; as_root; mount --bind /dev/null /usr/bin/$PYTHON
quietly dpkg --remove demo; nothing removed
"#,
    );
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
}

#[test]
fn scripts_that_run_outside_of_the_root_work_inside_of_it() {
    let packages = Packages::new();
    packages.build("one", "1.0", wheel("shape.py", "WORD = 'one'\n"), |_| ());
    let done = packages.script(
        r#"
cd /packages
root="/notes/another root"; mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
cp status "$root/var/lib/dpkg/status"; echo /. >"$root/var/lib/dpkg/info/$PYTHON.list"
dpkg="dpkg --force-script-chrootless --root"
step=installed; quietly $dpkg "$root" -i one.deb
[ "$(caches "$root")" = "$(wanted "$root")" ] || fail "not compiled"
[ ! -e /opt ] || fail "something outside of the root"
[ "$($PYTHON -c 'import marshal, sys; print(marshal.loads(open(sys.argv[1], "rb").read()[16:]).co_filename)' \
	"$root$site/__pycache__/shape.$tag.pyc")" = $site/shape.py ] || fail "the root is in the byte code"
step=removed; quietly $dpkg "$root" --remove demo
[ ! -e "$root/opt" ] || fail "something is left"
"#,
    );
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
}

#[test]
fn byte_code_that_another_version_ships_is_dpkgs() {
    let packages = Packages::new();
    packages.build("one", "1.0", wheel("shape.py", "WORD = 'one'\n"), |_| ());
    let two = wheel("shape.py", "WORD = 'two'\n");
    packages.build("two", "2.0", two, |package| package.config("project = \"none\"\nbytecode = \"ship\"\n"));
    let done = packages.script(
        r#"
cd /packages
step=compiled; quietly dpkg -i one.deb; check compiled one
step=shipped; quietly dpkg -i two.deb; check shipped two
[ ! -e /var/lib/dpkg/info/demo.postinst ] || fail "scripts although it is shipped"
step=compiled; quietly dpkg -i one.deb; check "compiled again" one
quietly dpkg --remove demo; nothing removed
"#,
    );
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
}

/// The maintainer scripts of a .deb.
fn scripts(deb: &Path) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    run(command("dpkg-deb").arg("-e").arg(deb).arg(directory.path())).ok();
    let mut names: Vec<String> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| !matches!(name.as_str(), "control" | "md5sums"));
    names.sort();
    names
}

#[test]
fn only_who_wants_scripts_has_scripts() {
    let with = |configuration: &str, options: &str| {
        let package = SourcePackage::new();
        package.config(&format!("project = \"none\"\n{configuration}"));
        package.write(
            "debian/rules",
            format!(
                "#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv\n\noverride_dh_rustvenv:\n\tdh_rustvenv {options}\n"
            ),
        );
        package.buildpackage(&["-b"]).ok();
        scripts(&package.deb("demo"))
    };
    assert_eq!(with("", ""), ["postinst", "prerm"]);
    assert_eq!(with("bytecode = \"none\"\n", ""), [""; 0]);
    assert_eq!(with("bytecode = \"ship\"\n", ""), [""; 0]);
    assert_eq!(with("", "--noscripts"), [""; 0]);
}

#[test]
fn scripts_alone_leave_the_package_alone() {
    let package = SourcePackage::new();
    let step = |name: &str| run(package.program(name).arg("--onlyscripts")).ok();
    for name in ["dh_rustvenv_prepare", "dh_rustvenv", "dh_rustvenv_seal"] {
        step(name);
    }
    assert!(!package.root.join("debian/demo").exists());
    let postinst = package.read("debian/demo.postinst.debhelper");
    assert!(
        postinst.contains("/opt/venvs/demo/lib/") && postinst.contains(&format!("/usr/bin/{}", python())),
        "{postinst}"
    );
    assert!(package.read("debian/demo.prerm.debhelper").contains("/opt/venvs/demo\""));
    assert!(!postinst.contains('#') || !postinst.contains("#VENV#") && !postinst.contains("#PYTHON#"), "{postinst}");
    assert!(package.read("debian/demo.substvars").contains(&python()));
    // neither the release of debhelper nor that of this program
    assert!(postinst.starts_with("# Automatically added by dh_rustvenv/1\n"), "{postinst}");
}
