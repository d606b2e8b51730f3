//! Load harness, peers and drills.

fn main() {}
