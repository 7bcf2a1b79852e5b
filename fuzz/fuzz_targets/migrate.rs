//! Any text as debian/rules, debian/control and whatever else is asked for: never a panic nor a long time, the statements are the
//! whole file, every configuration that comes out is one, and nothing printed can speak to the terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::config::Config;
use rustvenv::maintain::migrate::makefile::Makefile;
use rustvenv::maintain::migrate::{Sources, read};

fuzz_target!(|texts: (&str, &str, &str)| {
    let (rules, control, other) = texts;
    if let Ok(makefile) = Makefile::read("debian/rules", rules) {
        let whole: String = makefile.statements.iter().map(|statement| statement.raw.as_str()).collect();
        assert_eq!(whole, rules);
    }
    let mut load = |_: &str| Some(other.to_owned());
    let rules = format!("{rules}\n%:\n\tdh $@ --with python-virtualenv\n");
    let Ok(migration) = read(Sources { rules: &rules, control, package: None, load: &mut load }) else { return };
    let report = migration.report();
    assert!(report.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
    for package in migration.configurations.keys() {
        let text = migration.configuration(package).expect("it is there");
        Config::parse("x", &text, package).expect("a configuration");
    }
});
