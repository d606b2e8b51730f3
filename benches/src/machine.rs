//! What the figures were taken on: they mean nothing without it.

use std::path::Path;

#[derive(Debug)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_gb: u64,
    pub kernel: String,
    /// Of the folder that the databases lie in: fsync means little on some.
    pub filesystem: String,
}

impl Machine {
    pub fn look(data: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let memory_kb = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let memory_kb: u64 = memory_kb.split(' ').next().and_then(|kb| kb.parse().ok()).unwrap_or(0);
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown CPU".into()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gb: memory_kb.div_ceil(1 << 20),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            filesystem: filesystem_of(data, &read("/proc/mounts")),
        }
    }

    pub fn describe(&self) -> String {
        format!(
            "{}, {} cores, {} GB, Linux {}, {}",
            self.cpu, self.cores, self.memory_gb, self.kernel, self.filesystem
        )
    }
}

/// Which version of the project we stand in: figures and drills belong to one.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "unknown commit".to_owned(),
    }
}

/// The type of the mount with the longest path above the folder.
fn filesystem_of(folder: &Path, mounts: &str) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let above = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    above
        .max_by_key(|(len, _)| *len)
        .map_or_else(|| "unknown file system".into(), |(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_names_the_file_system() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /mnt tmpfs rw 0 0\n/dev/b /mnt/disk xfs rw 0 0\n";
        assert_eq!(filesystem_of(Path::new("/mnt/disk/x"), mounts), "xfs");
        assert_eq!(filesystem_of(Path::new("/mnt/other"), mounts), "tmpfs");
        assert_eq!(filesystem_of(Path::new("/home"), mounts), "ext4");
    }
}
