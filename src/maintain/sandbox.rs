//! The sandbox in which foreign code runs: bubblewrap, told everything on its command line.
//!
//! Enters: a [`Sandbox`], which says what is seen inside and at which path, and a command line. Leaves: how the command
//! ended, after every process in the sandbox is dead. Inside there is no network, no file of the user (not even one that the caller has open), no key of the
//! session, no setuid, no capability; the system is read-only, and the user is 1000 whoever called, never root: when root calls, the sandbox
//! belongs to a user number that nobody has. Two sandboxes have nothing in common but what is mounted in both, read-only.
//! Deliberately absent: any way to run without it.
//!
//! bubblewrap: <https://github.com/containers/bubblewrap>; user namespaces: user_namespaces(7).

use crate::code::Code;
use crate::refusal::{Failure, Refusal};
use crate::system::fs;
use crate::system::process::{Ended, Environment, Program};
use crate::system::processors;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where bubblewrap is.
const BUBBLEWRAP: &str = "/usr/bin/bwrap";

/// The user and group inside.
const INSIDE: &str = "1000";

/// The home directory inside.
pub const HOME: &str = "/builder";

/// The first of the user numbers that sandboxes have outside when root calls. 65520 to 65533 belong to nobody, and are there in
/// a container with 65536 numbers too (<https://systemd.io/UIDS-GIDS/>).
const FIRST_STRANGER: u32 = 65520;

/// Files of /etc without which programs do not start: what chooses the compiler, and where libraries are.
const ETC: &[&str] = &["/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"];

/// Directories at the root that are links into /usr on a merged system, and directories of their own elsewhere.
const ROOTS: &[&str] = &["bin", "lib", "lib32", "lib64", "libx32", "sbin"];

/// What one process may take, as the shell sets it where the caller's own limits are not lower: 16 GiB of memory (in units of
/// 1 KiB) and of one file (in units of 512 bytes), 8192 processes, no memory images. Far above what builds take.
const LIMITS: &str = "for limit in '-d 16777216' '-f 33554432' '-p 8192' '-c 0'; do ulimit $limit 2> /dev/null; done";

/// What bubblewrap would let through from whoever called: open files, by which one gets out of any mount namespace, and the session's
/// keyring, in which secrets are and by which one build could leave word for the next. A program of perl-base, which every Debian
/// system has; the numbers are those of keyctl(2) where Debian runs.
const NOTHING_INHERITED: &str = "opendir my $d, '/proc/self/fd' or die $!; my @all = grep { /^\\d+$/ && $_ > 2 } readdir $d; \
    closedir $d; for (@all) { open my $f, '<&=', $_ and close $f } \
    my %number = (x86_64 => 250, i686 => 288, aarch64 => 219, riscv64 => 219, loongarch64 => 219, armv7l => 311, armv8l => 311, \
    ppc64le => 271, s390x => 280); \
    my (undef, undef, undef, undef, $machine) = do { require POSIX; POSIX::uname() }; \
    syscall $number{$machine}, 1, 0 if $number{$machine}; exec { $ARGV[0] } @ARGV or die $!";

/// Which of two sandboxes for one thing: they differ in what must not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// As many processors as there are.
    First,
    /// Another user number outside (when root calls), other process numbers inside, and one processor.
    Second,
}

impl Turn {
    /// The user number outside when root calls.
    fn stranger(self) -> u32 {
        match self {
            Self::First => FIRST_STRANGER,
            Self::Second => FIRST_STRANGER + 1,
        }
    }
}

/// A directory or file outside, and its path inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Outside.
    pub from: PathBuf,
    /// Inside.
    pub to: String,
}

/// What is seen inside, beside the system.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Seen and not changed.
    pub read_only: Vec<Mount>,
    /// Seen and not changed, and somewhere where only the caller may go, such as below the home directory of root.
    pub private: Option<Mount>,
    /// Owned by the user inside.
    pub writable: Vec<Mount>,
    /// Directories inside that are empty and in memory, with their size in bytes.
    pub in_memory: Vec<(String, u64)>,
    /// The working directory inside.
    pub directory: String,
    /// The whole environment.
    pub variables: BTreeMap<String, OsString>,
    /// A directory for /etc/passwd and its kin, which is filled.
    pub room: PathBuf,
    /// Which of two.
    pub turn: Turn,
}

impl Sandbox {
    /// Runs `argv` inside; its output goes to `log`. When this returns no process of the sandbox is left, unless its time was
    /// over: then they are being killed.
    ///
    /// # Errors
    /// When it cannot be started. That the command fails is an answer.
    pub fn run(&self, argv: &[OsString], log: &Path, limit: Duration) -> Result<Ended, Failure> {
        self.furnish()?;
        let mut program = Program::new(self.command(argv, fs::our_user()? == 0)?);
        program.environment = Environment::Only(self.variables.clone());
        program.log = Some(log.to_owned());
        program.run_for(limit)
    }

    fn furnish(&self) -> Result<(), Failure> {
        let etc = self.room.join("etc");
        fs::replace(
            &etc.join("passwd"),
            format!("builder:x:{INSIDE}:{INSIDE}::{HOME}:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n").as_bytes(),
            0o644,
        )?;
        fs::replace(&etc.join("group"), format!("builder:x:{INSIDE}:\nnogroup:x:65534:\n").as_bytes(), 0o644)?;
        fs::replace(&etc.join("nsswitch.conf"), b"passwd: files\ngroup: files\nhosts: files\n", 0o644)?;
        fs::replace(&etc.join("hosts"), b"127.0.0.1 localhost\n", 0o644)?;
        // what C libraries and Python take the number of processors from
        fs::replace(&etc.join("online"), b"0\n", 0o644)
    }

    /// The whole command line, from what gives root's rights away to the command itself.
    fn command(&self, inner: &[OsString], is_root: bool) -> Result<Vec<OsString>, Failure> {
        let mut argv: Vec<OsString> = Vec::new();
        let mut read_only = self.read_only.clone();
        if let Some(private) = &self.private {
            let mut mount = private.clone();
            if is_root {
                // brought within the reach of the stranger, in a mount namespace that ends with the command
                mount.from = self.room.join("private");
                fs::create_dir_all(&mount.from)?;
                argv.extend(
                    ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c"].map(Into::into),
                );
                argv.extend(["mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"", "sh"].map(Into::into));
                argv.extend([private.from.clone().into_os_string(), mount.from.clone().into_os_string()]);
            }
            read_only.push(mount);
        }
        if is_root {
            let id = self.turn.stranger();
            argv.push("/usr/bin/setpriv".into());
            argv.extend([format!("--reuid={id}").into(), format!("--regid={id}").into()]);
            argv.extend(["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"].map(Into::into));
        }
        if self.turn == Turn::Second {
            argv.extend(["/usr/bin/taskset", "--cpu-list", &processors::list(&processors::first(1)?)].map(Into::into));
        }
        argv.extend(["/usr/bin/perl", "-e", NOTHING_INHERITED, "--", BUBBLEWRAP].map(Into::into));
        let mut say = |words: &[&str]| argv.extend(words.iter().map(Into::into));
        say(&["--unshare-all", "--unshare-user", "--uid", INSIDE, "--gid", INSIDE, "--hostname", "builder"]);
        // with a command that is process 1, bubblewrap ends only when the kernel has killed every other process
        say(&["--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1"]);
        say(&["--ro-bind", "/usr", "/usr", "--tmpfs", "/usr/local"]);
        for name in ROOTS {
            let path = Path::new("/").join(name);
            let to = format!("/{name}");
            match fs::status(&path)?.map(|status| status.kind) {
                Some(fs::Kind::Link) => {
                    let target = fs::read_link(&path)?;
                    say(&["--symlink", &target.to_string_lossy(), &to]);
                }
                Some(fs::Kind::Directory) => say(&["--ro-bind", &to, &to]),
                _ => {}
            }
        }
        for path in ETC {
            say(&["--ro-bind-try", path, path]);
        }
        let own = |name: &str| self.room.join("etc").join(name).into_os_string();
        for name in ["passwd", "group", "nsswitch.conf", "hosts"] {
            argv.extend(["--ro-bind".into(), own(name), format!("/etc/{name}").into()]);
        }
        argv.extend(["--ro-bind".into(), own("online"), "/sys/devices/system/cpu/online".into()]);
        argv.extend(["--proc", "/proc", "--dev", "/dev", "--dir", HOME].map(Into::into));
        for (kind, mounts) in [("--ro-bind", &read_only), ("--bind", &self.writable)] {
            for mount in mounts {
                argv.extend([kind.into(), mount.from.clone().into_os_string(), mount.to.clone().into()]);
            }
        }
        for (path, size) in &self.in_memory {
            argv.extend(["--size".into(), size.to_string().into(), "--tmpfs".into(), path.into()]);
        }
        argv.extend(["--remount-ro", "/", "--chdir"].map(Into::into));
        argv.push(self.directory.clone().into());
        // a shell, so that process 1 is one that knows what to do with the signals and orphans it gets
        let before = match self.turn {
            Turn::First => "",
            Turn::Second => "for i in 1 2 3 4 5 6 7; do /bin/true; done; ",
        };
        argv.extend(["--", "/bin/sh", "-c"].map(Into::into));
        argv.push(format!("umask 022; {LIMITS}; {before}\"$@\"; exit $?").into());
        argv.push("sh".into());
        argv.extend(inner.iter().cloned());
        Ok(argv)
    }
}

/// Makes `path` and all below it belong to the user inside of a sandbox of this turn, when root calls; else it does already.
///
/// # Errors
/// When the file system refuses.
pub fn hand_over(path: &Path, turn: Turn) -> Result<(), Failure> {
    if fs::our_user()? != 0 {
        return Ok(());
    }
    fs::give_to(path, turn.stranger())?;
    if fs::status(path)?.is_some_and(|status| status.kind == fs::Kind::Directory) {
        for (below, _) in fs::walk(path)? {
            fs::give_to(&path.join(below), turn.stranger())?;
        }
    }
    Ok(())
}

/// Whether this machine can have a sandbox; `room` is a directory to try it in.
///
/// # Errors
/// [`Code::SandboxMissing`] when bubblewrap is not installed, or may not make namespaces.
pub fn check(room: &Path) -> Result<(), Failure> {
    if fs::status(Path::new(BUBBLEWRAP))?.is_none() {
        return Err(Refusal::new(
            Code::SandboxMissing,
            "there is no bubblewrap, and nothing is built without a sandbox",
        )
        .expected(BUBBLEWRAP)
        .hint("apt install bubblewrap")
        .into());
    }
    let sandbox = Sandbox {
        read_only: Vec::new(),
        private: None,
        writable: Vec::new(),
        in_memory: Vec::new(),
        directory: "/".to_owned(),
        variables: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".into())]),
        room: room.to_owned(),
        turn: Turn::First,
    };
    let log = room.join("sandbox.log");
    match sandbox.run(&["/bin/true".into()], &log, Duration::from_secs(60))? {
        Ended::Well => Ok(()),
        Ended::Badly(_) | Ended::Late => {
            let said = fs::read(&log, 1 << 20)?;
            let text = String::from_utf8_lossy(&said);
            Err(Refusal::new(Code::SandboxMissing, "this machine does not let bubblewrap make a sandbox")
                .expected("user, process, mount and network namespaces for every user")
                .found(text.lines().last().unwrap_or("no reason").to_owned())
                .hint(
                    "the kernel's settings user.max_user_namespaces, kernel.unprivileged_userns_clone and \
                     kernel.apparmor_restrict_unprivileged_userns decide this; in a container, its own settings do",
                )
                .into())
        }
    }
}
