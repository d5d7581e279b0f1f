//! `matinee completions` and `matinee man`: what a shell and a manual reader know about the command line.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;

/// The shell.
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell to complete in
    shell: Shell,
}

/// Where the manual goes.
#[derive(Args)]
pub struct ManArgs {
    /// Folder for the pages, such as ~/.local/share/man/man1; it is created if it does not exist
    folder: PathBuf,
}

/// Prints a script that completes commands and options in a shell.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "matinee", &mut script);
    // The reader may stop early.
    let _ = io::Write::write_all(&mut io::stdout().lock(), &script);
    ExitCode::SUCCESS
}

/// Writes a manual page for each command.
pub fn man(args: &ManArgs, command: Command) -> Result<ExitCode> {
    let folder = args.folder.display();
    std::fs::create_dir_all(&args.folder).with_context(|| format!("cannot create {folder}"))?;
    clap_mangen::generate_to(command, &args.folder).with_context(|| format!("cannot write to {folder}"))?;
    say!("the manual is in {folder}: `man --local-file {folder}/matinee.1`");
    Ok(ExitCode::SUCCESS)
}
