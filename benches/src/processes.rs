//! The processes of this machine as `/proc` tells them: who is whose child, and the processor time each has used.

use std::collections::HashMap;
use std::fs;

#[derive(Debug)]
pub struct Process {
    pub parent: i32,
    pub name: String,
    /// User and system time in clock ticks.
    pub ticks: u64,
}

pub fn all() -> HashMap<i32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect()
}

pub fn children_of(parent: i32, name: &str) -> Vec<i32> {
    let all = all();
    let children = all.iter().filter(|(_, process)| process.parent == parent && process.name == name);
    children.map(|(pid, _)| *pid).collect()
}

/// Children, their children, and so on.
pub fn below(ancestor: i32) -> Vec<i32> {
    let all = all();
    let mut found = vec![ancestor];
    let mut seen = 0;
    while let Some(parent) = found.get(seen).copied() {
        found.extend(all.iter().filter(|(_, process)| process.parent == parent).map(|(pid, _)| *pid));
        seen += 1;
    }
    found.split_off(1)
}

/// Once waited for by its parent, a process has no entry any more; a zombie's says Z and does nothing.
pub fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

/// proc_pid_stat(5): the command's name stands in brackets and may hold anything.
fn parse(stat: &str) -> Option<Process> {
    let (front, rest) = stat.rsplit_once(") ")?;
    let (_, name) = front.split_once(" (")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let (user, system): (u64, u64) = (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
    Some(Process { parent: fields.get(1)?.parse().ok()?, name: name.to_owned(), ticks: user + system })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_find_ourselves_among_our_parents_children() {
        let all = all();
        let us = &all[&(std::process::id() as i32)];
        assert!(children_of(us.parent, &us.name).contains(&(std::process::id() as i32)));
        let above = all[&us.parent].parent;
        assert!(below(above).contains(&(std::process::id() as i32)));
    }

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 3 7 7 0 -1 4194304 1 0 0 0 20 22 0 0 20 0 1 0 5 0 0";
        let process = parse(stat).unwrap();
        assert_eq!((process.parent, process.name.as_str(), process.ticks), (3, "a) b (c", 42));
    }
}
