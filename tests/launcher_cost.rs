//! What a relocatable launcher costs over an absolute interpreter line: at most 3 ms.
//!
//! In a test binary of its own: it counts processor time, and other tests of the same process would be counted with it.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

use rustvenv::config::Relocation;
use rustvenv::plan::launcher::Launcher;
use rustvenv::python::entry_points::EntryPoint;
use rustvenv::python::interpreter::Interpreter;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

/// Starts of each launcher.
const STARTS: u32 = 100;

/// Processor time in milliseconds of all children that have ended: fields 16 and 17 of /proc/self/stat (proc(5)), in ticks of
/// 10 ms on every architecture of Debian.
fn milliseconds_of_children() -> u32 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[13].parse::<u32>().unwrap() + fields[14].parse::<u32>().unwrap()) * 10
}

fn cost(program: &Path) -> u32 {
    let before = milliseconds_of_children();
    for _ in 0..STARTS {
        let status = Command::new(program).env_clear().env("PATH", "/usr/bin:/bin").status().unwrap();
        assert!(status.success());
    }
    milliseconds_of_children() - before
}

#[test]
fn a_launcher_costs_at_most_three_milliseconds() {
    let directory = tempfile::tempdir().unwrap();
    let bin = directory.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let interpreter = fs::read_link("/usr/bin/python3").unwrap();
    let interpreter = Interpreter::parse(&interpreter.to_string_lossy()).unwrap();
    symlink(interpreter.path(), bin.join(interpreter.program())).unwrap();
    let entry = EntryPoint { module: "os".into(), attribute: "getpid".into() };
    let write = |name: &str, relocation| {
        let launcher = Launcher::new(&interpreter, relocation, &directory.path().to_string_lossy());
        // the exit status of the script would be its process number
        let text = launcher.entry_point(&entry).replace("sys.exit(getpid())", "getpid()");
        let path = bin.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let (relocatable, fixed) = (write("relocatable", Relocation::Relocatable), write("fixed", Relocation::Fixed));
    assert!(
        fs::read_to_string(&fixed).unwrap().starts_with("#!/")
            && fs::read_to_string(&relocatable).unwrap().starts_with("#!/bin/sh")
    );
    cost(&fixed);
    // in turn, and the best of three: what else the machine does only ever adds
    let best = |measured: [u32; 3]| measured.into_iter().min().unwrap();
    let measured: Vec<(u32, u32)> = (0..3).map(|_| (cost(&relocatable), cost(&fixed))).collect();
    let (ours, theirs) =
        (best([measured[0].0, measured[1].0, measured[2].0]), best([measured[0].1, measured[1].1, measured[2].1]));
    let difference = f64::from(ours.saturating_sub(theirs)) / f64::from(STARTS);
    println!("a start: {difference:.2} ms over {:.2} ms", f64::from(theirs) / f64::from(STARTS));
    assert!(difference <= 3.0, "{difference} ms a start");
}
