//! How a command says that it failed: a sentence with its causes, and a number that scripts can tell apart.

use std::process::ExitCode;

use crate::client::Problem;

/// A failure that scripts may want to tell from others. Whatever else fails exits with 1, a wrong flag with 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// No server answers.
    NotRunning = 3,
    /// Another instance has the data folder.
    FolderInUse = 4,
    /// Another program has the port.
    PortBusy = 5,
    /// The data was written by a newer version.
    NewerData = 6,
    /// Another server has taken the log over.
    Fenced = 7,
    /// The server said no.
    Refused = 8,
}

/// A failure with its number.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
}

impl Exit {
    const ALL: [Exit; 6] =
        [Exit::NotRunning, Exit::FolderInUse, Exit::PortBusy, Exit::NewerData, Exit::Fenced, Exit::Refused];

    pub fn of_number(number: u8) -> Option<Exit> {
        Exit::ALL.into_iter().find(|exit| *exit as u8 == number)
    }

    pub fn because(self, message: impl Into<String>) -> anyhow::Error {
        Failure { exit: self, message: message.into() }.into()
    }
}

/// Prints the failure and its causes, and gives the number to exit with.
pub fn tell(error: &anyhow::Error) -> ExitCode {
    eprintln!("nexus: {error:#}");
    let exit = match error.downcast_ref::<Failure>() {
        Some(failure) => failure.exit as u8,
        None if error.is::<Problem>() => Exit::Refused as u8,
        None => 1,
    };
    ExitCode::from(exit)
}
