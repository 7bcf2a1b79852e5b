//! `rustvenv check`: the maintainers' look at who signs, with today's clock.
//!
//! Verifies the package's list as a build would, and says what a build does not care about: what has expired or soon will, what
//! the cryptographic policy is going to refuse, who may sign without being pinned. Status 1 when somebody should act.

use super::inputs::Inputs;
use super::{Answer, print};
use crate::cli::{CheckArguments, Format};
use crate::config::Trust;
use crate::refusal::{Failure, printable};
use crate::system::clock;
use crate::trust::openpgp::WarningKind;
use crate::trust::outlook::{Remark, Urgency, outlook};

/// Carries the command out.
///
/// # Errors
/// As in a package build, when the list does not verify.
pub fn run(arguments: &CheckArguments) -> Result<Answer, Failure> {
    let config = arguments.config.clone().unwrap_or_else(|| format!("debian/{}.rustvenv", arguments.package).into());
    let inputs = Inputs::read(&arguments.sourcedir, &config, &arguments.package)?;
    let mut remarks = Vec::new();
    if inputs.config.trust == Trust::DangerouslyUnsigned {
        let message = "nobody signs for the wheels of this package (`trust = \"dangerously-unsigned\"`)".to_owned();
        remarks.push(Remark { urgency: Urgency::Attention, message });
    } else if let Some(manifest) = inputs.manifest_if_needed()? {
        for warning in manifest.warnings() {
            let urgency = match warning.kind {
                WarningKind::Stripped
                | WarningKind::Extra
                | WarningKind::RunsAtStart
                | WarningKind::MachineCodeForeign
                | WarningKind::LibraryUnmet => Urgency::Note,
                WarningKind::DangerouslyUnsigned
                | WarningKind::ExpiredSince
                | WarningKind::RetiredSince
                | WarningKind::BuildPath
                | WarningKind::Rsa2048 => Urgency::Attention,
            };
            remarks.push(Remark { urgency, message: warning.message.clone() });
        }
        remarks.extend(outlook(&inputs.keyring()?, &inputs.signers()?, clock::now()));
        remarks.sort();
    } else {
        let message = "the package has no requirements, so that nobody has to sign".to_owned();
        remarks.push(Remark { urgency: Urgency::Note, message });
    }
    let text: String = remarks.iter().map(|remark| line(remark, arguments.format)).collect();
    print(&text)?;
    let quiet = remarks.iter().all(|remark| remark.urgency == Urgency::Note);
    Ok(if quiet { Answer::Yes } else { Answer::No })
}

fn line(remark: &Remark, format: Format) -> String {
    let urgency = match remark.urgency {
        Urgency::Attention => "attention",
        Urgency::Note => "note",
    };
    match format {
        Format::Text => format!("{urgency}: {}\n", printable(&remark.message)),
        Format::Json => format!("{}\n", serde_json::json!({ "urgency": urgency, "message": remark.message })),
    }
}
