//! Postgres refuses to run as root: as root we run it as `postgres`, or else as `nobody`.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{PrivatePostgresError, error::Doing};

/// The user that Postgres runs as.
#[derive(Clone, Debug)]
pub(super) struct ServiceUser {
    name: String,
    pub uid: u32,
    gid: u32,
    /// We are root and this is another user: folders have to be handed over, processes have to drop to it.
    drops: bool,
}

impl ServiceUser {
    pub fn find() -> ServiceUser {
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            let gid = rustix::process::getegid().as_raw();
            return ServiceUser { name: uid.to_string(), uid, gid, drops: false };
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let (name, (uid, gid)) = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some((name, ids_of(&passwd, name)?)))
            .unwrap_or(("nobody", (65534, 65534)));
        ServiceUser { name: name.to_owned(), uid, gid, drops: true }
    }

    /// A command that runs as this user with nothing of our environment.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir("/").stdin(Stdio::null());
        if self.drops {
            // The standard library drops root's supplementary groups together with the uid.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Creates the folder if needed, readable by this user alone.
    pub fn own_folder(&self, folder: &Path) -> Result<(), PrivatePostgresError> {
        fs::create_dir_all(folder).doing(|| format!("create the folder {}", folder.display()))?;
        self.take(folder)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(folder, mode).doing(|| format!("close {} to others", folder.display()))
    }

    /// Makes a file or folder (not what is in it) this user's.
    pub fn take(&self, path: &Path) -> Result<(), PrivatePostgresError> {
        if !self.drops {
            return Ok(());
        }
        chown(path, Some(self.uid), Some(self.gid))
            .doing(|| format!("give {} to user {}", path.display(), self.name))
    }

    /// Whether this user can get to the folder, asked of the kernel and not of the mode bits: there are ACLs.
    pub fn check_reach(&self, postgres: &Path, folder: &Path) -> Result<(), PrivatePostgresError> {
        let probe = |at: &Path| self.command(postgres).arg("--version").current_dir(at).output();
        match probe(folder) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                // The root folder can be entered by everybody: a refusal there is about the program.
                let goal = if probe(Path::new("/")).is_ok() { folder } else { postgres };
                let folder = self.closed_ancestor(goal);
                Err(PrivatePostgresError::NotTraversable { folder, user: self.name.clone() })
            }
            Err(e) => Err(e).doing(|| format!("run {}", postgres.display())),
        }
    }

    /// The same by the mode bits alone: at once, and with no Postgres installed.
    pub fn may_enter(&self, folder: &Path) -> bool {
        !self.drops || folder.ancestors().all(|ancestor| self.mode_lets_in(ancestor))
    }

    fn closed_ancestor(&self, path: &Path) -> PathBuf {
        let mut ancestors: Vec<&Path> = path.ancestors().collect();
        ancestors.reverse();
        let closed = ancestors.into_iter().find(|folder| !self.mode_lets_in(folder));
        closed.unwrap_or(path).to_owned()
    }

    fn mode_lets_in(&self, folder: &Path) -> bool {
        let Ok(metadata) = fs::metadata(folder) else { return false };
        let execute = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        metadata.mode() & execute != 0
    }
}

/// `name:x:uid:gid:…` of an /etc/passwd.
fn ids_of(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104::/var:/bin/sh\n";
        assert_eq!(ids_of(passwd, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(passwd, "nobody"), None);
    }
}
