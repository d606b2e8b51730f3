//! The data folder as its server uses it: made, locked, and marked with who runs on it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use anyhow::{Context, Result};

use crate::{config::DataFolder, exit::Exit};

/// A folder that no other server can use while this lives. The kernel frees it however we end.
#[derive(Debug)]
pub struct LockedFolder {
    pub folder: DataFolder,
    _lock: File,
}

impl LockedFolder {
    pub fn lock(folder: &DataFolder) -> Result<LockedFolder> {
        make(&folder.path)?;
        let file = folder.pid();
        let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&file);
        let mut lock = opened.with_context(|| format!("cannot write {}", file.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = lock.read_to_string(&mut pid);
                let (folder, pid) = (folder.path.display(), pid.trim());
                return Err(Exit::FolderInUse.because(format!(
                    "the data folder {folder} is in use by another nexus, process {pid}; stop that one \
                     (nexus down --data {folder}), or choose another folder (--data)"
                )));
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", file.display()));
            }
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .with_context(|| format!("cannot write {}", file.display()))?;
        // Left by a server that was killed: nobody answers there.
        forget(folder);
        Ok(LockedFolder { folder: folder.clone(), _lock: lock })
    }

    /// From now on the client finds us, and tools find the private Postgres, if there is one.
    pub fn announce(&self, url: &str, database: Option<&str>) -> Result<()> {
        if let Some(database) = database {
            write_whole(&self.folder.database(), &format!("{database}\n"), 0o600)?;
        }
        write_whole(&self.folder.address(), &format!("{url}\n"), 0o644)
    }
}

impl Drop for LockedFolder {
    fn drop(&mut self) {
        forget(&self.folder);
        let _ = fs::write(self.folder.pid(), "");
    }
}

fn forget(folder: &DataFolder) {
    for file in [folder.address(), folder.database()] {
        let _ = fs::remove_file(file);
    }
}

/// For us alone; as root for everybody to pass through, since the Postgres in it runs as another user.
pub fn make(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    made.with_context(|| format!("cannot make the data folder {}", path.display()))
}

/// Writes a file that is there whole or not at all.
pub fn write_whole(path: &Path, text: &str, mode: u32) -> Result<()> {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(mode)
        .open(&beside)
        .with_context(|| format!("cannot write {}", beside.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The process that has the folder, if one has.
pub fn owner(folder: &DataFolder) -> Option<i32> {
    let mut file = File::open(folder.pid()).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).ok()?;
            pid.trim().parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(at: &tempfile::TempDir) -> DataFolder {
        DataFolder { path: at.path().join("data") }
    }

    #[test]
    fn a_folder_has_one_owner_who_is_named() {
        let at = tempfile::tempdir().unwrap();
        let folder = folder(&at);
        assert_eq!(owner(&folder), None);
        let locked = LockedFolder::lock(&folder).unwrap();
        assert_eq!(owner(&folder), Some(i32::try_from(std::process::id()).unwrap()));
        let refused = LockedFolder::lock(&folder).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(locked);
        assert_eq!(owner(&folder), None);
        LockedFolder::lock(&folder).unwrap();
    }

    #[test]
    fn an_address_that_a_killed_server_left_is_taken_away() {
        let at = tempfile::tempdir().unwrap();
        let folder = folder(&at);
        LockedFolder::lock(&folder).unwrap().announce("http://127.0.0.1:1", None).unwrap();
        assert!(!folder.address().exists());
        fs::write(folder.address(), "http://127.0.0.1:1").unwrap();
        let locked = LockedFolder::lock(&folder).unwrap();
        assert!(!folder.address().exists());
        locked.announce("http://127.0.0.1:2", None).unwrap();
        assert_eq!(fs::read_to_string(folder.address()).unwrap(), "http://127.0.0.1:2\n");
    }
}
