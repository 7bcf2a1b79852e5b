//! A plan is a function of what is installed and of nothing else: however the same inputs are ordered, and wherever the wheels
//! lie, the plans are equal.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "support/wheel.rs"]
mod wheel;

use rustvenv::blob::Blob;
use rustvenv::config::Config;
use rustvenv::digest::Sha256;
use rustvenv::limits::Limits;
use rustvenv::lock::requirements;
use rustvenv::plan::Plan;
use rustvenv::plan::layout::Request;
use rustvenv::python::architecture::Architecture;
use rustvenv::python::dependency::Target;
use rustvenv::python::interpreter::Interpreter;
use rustvenv::python::tags::{CompatibleTags, Glibc};
use rustvenv::python::wheel_filename::WheelFilename;
use rustvenv::sink::list::Listing;
use rustvenv::trust::verified_wheel::{Approval, Candidate, verify_wheels};
use rustvenv::wheel::Wheel;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers that are the same in every run (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Fisher and Yates.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Wheels that share directories and files and have scripts; of every third release there are three, of which one fits best.
fn wheels() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for number in 0..12 {
        let name = format!("part{number}");
        let tags = ["py3-none-any", "py2.py3-none-any", "cp311-none-any"];
        for tag in &tags[..if number % 3 == 0 { 3 } else { 1 }] {
            let wheel = wheel::Wheel::new(&name, "1.0")
                .tag(tag)
                .file(&format!("shared/{name}.py"), format!("number = {number}\n"))
                .file("shared/__init__.py", "")
                .data(&format!("scripts/{name}-script"), "#!python\n")
                .entry_points(&format!("[console_scripts]\n{name} = shared.{name}:main\n"));
            files.insert(wheel.file_name(), wheel.build());
        }
    }
    files
}

/// The plan of what `lines` lock, from the wheels at `places`.
fn plan(lines: &[String], places: &[String], files: &BTreeMap<String, Vec<u8>>, random: &mut Random) -> Plan {
    let limits = Limits::DEFAULT;
    let interpreter = Interpreter::parse("3.11").unwrap();
    let architecture = Architecture::from_debian("amd64").unwrap();
    let target = Target::new(&interpreter, &architecture).unwrap();
    let tags = CompatibleTags::of(&interpreter, &architecture, Glibc::parse("2.36").unwrap());
    let text = lines.concat();
    let names = ["requirements.txt".to_owned()];
    let lock =
        requirements::read(&names, &target, &limits, &mut |_, name| Ok((name.to_owned(), text.clone()))).unwrap();
    let candidates: Vec<Candidate> = places
        .iter()
        .map(|path| Candidate {
            file_name: WheelFilename::parse(path.rsplit_once('/').unwrap().1).unwrap(),
            path: path.clone(),
        })
        .collect();
    let verified = verify_wheels(&lock, Approval::DangerouslyUnsigned, &candidates, &tags, &mut |candidate| {
        Ok(Blob::from(files[candidate.file_name.as_str()].clone()))
    })
    .unwrap();
    let mut wheels: Vec<Arc<Wheel>> =
        verified.iter().map(|wheel| Arc::new(Wheel::open(wheel, &limits).unwrap())).collect();
    random.shuffle(&mut wheels);
    let config = Config::parse("debian/all.rustvenv", "commands = [\"part3\", \"part1\"]\n", "all").unwrap();
    let location = config.location();
    Request::new(&config, &location, &interpreter, &wheels, 1_709_294_400).plan().unwrap()
}

#[test]
fn any_order_of_the_inputs_gives_the_equal_plan() {
    let files = wheels();
    let mut lines: Vec<String> = (0..12)
        .map(|number| {
            let release = format!("part{number}-1.0-");
            let hashes: String = files
                .iter()
                .filter(|(name, _)| name.starts_with(&release))
                .map(|(_, bytes)| format!(" --hash=sha256:{}", Sha256::of(bytes)))
                .collect();
            format!("part{number}==1.0{hashes}\n")
        })
        .collect();
    let mut places: Vec<String> = files.keys().map(|name| format!("wheels/{name}")).collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let expected = plan(&lines, &places, &files, &mut random);
    assert!(expected.nodes.len() > 100, "{}", expected.nodes.len());
    let listed = Listing::of(&expected).to_json_lines();
    for _ in 0..60 {
        random.shuffle(&mut lines);
        random.shuffle(&mut places);
        // the directories are searched in the order in which the configuration names them
        for place in &mut places {
            let name = place.rsplit_once('/').unwrap().1.to_owned();
            *place = format!("{}/{name}", ["wheels", "more wheels", "vendor/w\u{f6}rter"][random.below(3)]);
        }
        let found = plan(&lines, &places, &files, &mut random);
        assert_eq!(found, expected);
        assert_eq!(Listing::of(&found).to_json_lines(), listed);
    }
}
