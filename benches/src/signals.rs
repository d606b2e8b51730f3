//! The signals that end a run before its time: Ctrl-C and SIGTERM.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// By one of them.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub name: &'static str,
    number: u8,
}

impl Ended {
    /// What a shell reports for a program that a signal ended.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(128 + self.number)
    }
}

/// Waits for the first of them.
pub async fn ended() -> std::io::Result<Ended> {
    let listen = |kind: SignalKind, name| {
        let number = u8::try_from(kind.as_raw_value()).expect("signals are numbered below 128");
        Ok::<_, std::io::Error>((signal(kind)?, Ended { name, number }))
    };
    let (mut interrupts, interrupted) = listen(SignalKind::interrupt(), "SIGINT")?;
    let (mut terms, terminated) = listen(SignalKind::terminate(), "SIGTERM")?;
    Ok(tokio::select! {
        _ = interrupts.recv() => interrupted,
        _ = terms.recv() => terminated,
    })
}
