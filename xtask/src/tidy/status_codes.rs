//! Only the door knows HTTP status codes; clients (the CLI and the load harness) read them.

use super::{Finding, tree::Tree};

const MAY_KNOW: &[&str] = &["command-api", "nexus", "benches", "xtask"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = vec![];
    for file in tree.rust("").filter(|file| !MAY_KNOW.contains(&file.folder())) {
        for (line, code) in file.production() {
            if code.contains("StatusCode") {
                findings.push(Finding::at(&file.path, line, "HTTP status codes belong to command-api"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "//! x\nlet status = StatusCode::CONFLICT;\n";

    #[test]
    fn the_door_and_its_clients_pass() {
        assert_eq!(check(&Tree::of(&[("command-api/src/a.rs", CODE), ("nexus/src/client.rs", CODE)])), []);
    }

    #[test]
    fn a_status_code_in_the_core_is_found() {
        assert_eq!(check(&Tree::of(&[("ledger-core/src/refusal.rs", CODE)])).len(), 1);
    }
}
