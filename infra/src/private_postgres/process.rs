//! The server's process: spawned so that it dies with us, waited for, signalled only while it is surely ours.

use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use super::{PrivatePostgresError, error::Doing};

#[derive(Debug)]
pub(super) struct ServerProcess {
    pid: Pid,
    exit: Arc<Exit>,
}

#[derive(Debug, Default)]
struct Exit {
    status: Mutex<Option<ExitStatus>>,
    known: Condvar,
}

impl Exit {
    fn lock(&self) -> MutexGuard<'_, Option<ExitStatus>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerProcess {
    /// The parent-death signal comes when the *thread* that spawned the child ends. So the child gets a thread of its
    /// own, which then waits for it: it ends with the child or with our whole process.
    pub fn spawn(command: Command, log: File) -> Result<ServerProcess, PrivatePostgresError> {
        let exit = Arc::new(Exit::default());
        let (spawned, pid) = mpsc::channel();
        let waiter = exit.clone();
        thread::Builder::new()
            .name("private-postgres".to_owned())
            .spawn(move || match spawn_bound_to_this_thread(command, log) {
                Ok(child) => {
                    let _ = spawned.send(Ok(Pid::from_child(&child)));
                    wait_for(child, &waiter);
                }
                Err(e) => {
                    let _ = spawned.send(Err(e));
                }
            })
            .doing(|| "start a thread".to_owned())?;
        let pid = pid.recv().expect("the thread sends before it ends").doing(|| "run postgres".to_owned())?;
        Ok(ServerProcess { pid, exit })
    }

    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Signals the server unless it has ended. The lock keeps its number from being given to another meanwhile.
    pub fn signal(&self, signal: Signal) {
        let status = self.exit.lock();
        if status.is_none() {
            let _ = rustix::process::kill_process(self.pid, signal);
        }
    }

    pub fn wait(&self, timeout: Duration) -> Option<ExitStatus> {
        let status = self.exit.lock();
        let waited = self.exit.known.wait_timeout_while(status, timeout, |status| status.is_none());
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn spawn_bound_to_this_thread(mut command: Command, log: File) -> io::Result<Child> {
    let errors = log.try_clone()?;
    // Its own process group: Ctrl-C in the terminal is for us, we stop the server when our work is done.
    command.stdout(Stdio::from(log)).stderr(Stdio::from(errors)).process_group(0);
    let parent = rustix::process::getpid();
    let bind = move || {
        // SIGINT is Postgres's fast shutdown. Set after the change of user, which would clear it.
        rustix::process::set_parent_process_death_signal(Some(Signal::INT))?;
        // The parent may have died before that line: then nobody would ever send the signal.
        match rustix::process::getppid() {
            Some(p) if p == parent => Ok(()),
            _ => Err(io::Error::from_raw_os_error(libc::ESRCH)),
        }
    };
    // SAFETY: between fork and exec the closure makes two system calls and nothing else: no allocation, no lock.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(bind);
    }
    command.spawn()
}

fn wait_for(mut child: Child, exit: &Exit) {
    // Waits without reaping, so that the number stays taken until the lock is held.
    let id = WaitId::Pid(Pid::from_child(&child));
    while let Err(rustix::io::Errno::INTR) =
        rustix::process::waitid(id.clone(), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
    {}
    let mut status = exit.lock();
    *status = child.wait().ok();
    exit.known.notify_all();
}
