//! Tells the program its version: that of the package and, in release builds from a repository, the commit.

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let mut version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // Other builds are not stamped, so that a commit alone does not make them anew.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed=src");
        println!("cargo:rerun-if-changed=models");
        if let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
            println!("cargo:rerun-if-changed={head}");
        }
        if let Some(commit) = git(&["describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]) {
            version = format!("{version} ({commit})");
        }
    }
    println!("cargo:rustc-env=EXPOSIM_VERSION={version}");
}
