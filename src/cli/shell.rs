//! `completions` and `man`: the command line as shells and `man` want it, made of the same words as the help.

use super::args::{Cli, Completions, Man};
use super::exit::Exit;
use super::out;
use clap::CommandFactory;
use std::{fs, io, path::Path};

pub fn completions(args: &Completions) -> Exit {
    out::print(&script(args.shell))
}

fn script(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut offered(), "harvestd", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The command line without what the help hides: clap completes that, too.
fn offered() -> clap::Command {
    let whole = Cli::command();
    let shown = whole
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let shown: Vec<clap::Command> = shown.cloned().collect();
    clap::Command::new("harvestd")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(whole.is_disable_help_subcommand_set())
        .args(whole.get_arguments().cloned())
        .subcommands(shown)
}

pub fn man(args: &Man) -> Exit {
    match &args.folder {
        Some(folder) => match pages(folder) {
            Ok(()) => Exit::Ok,
            Err(e) => out::complain(
                &format!("writing to {}: {e}", folder.display()),
                Exit::Failed,
            ),
        },
        None => {
            let mut page = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut page) {
                Ok(()) => out::print(&String::from_utf8_lossy(&page)),
                Err(e) => out::complain(&format!("making the page: {e}"), Exit::Failed),
            }
        }
    }
}

fn pages(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use clap_complete::Shell;

    /// Every command that the help shows, with those above it: `["held", "approve"]`.
    fn commands() -> Vec<Vec<String>> {
        fn below(command: &clap::Command, above: &[String], found: &mut Vec<Vec<String>>) {
            for command in command.get_subcommands().filter(|c| !c.is_hide_set()) {
                let path = [above, &[command.get_name().to_owned()]].concat();
                below(command, &path, found);
                found.push(path);
            }
        }
        let mut found = Vec::new();
        below(&Cli::command(), &[], &mut found);
        assert!(found.len() > 40, "{found:?}");
        found
    }

    #[test]
    fn shells_know_every_command() {
        for path in commands() {
            let (command, above) = path.split_last().unwrap();
            let above = ["harvestd"]
                .into_iter()
                .chain(above.iter().map(String::as_str));
            let above = above.collect::<Vec<_>>().join("__subcmd__");
            let bash = script(Shell::Bash);
            assert!(
                bash.contains(&format!(" {above},{command})\n")),
                "{path:?} in\n{bash}"
            );
            let zsh = script(Shell::Zsh);
            assert!(zsh.contains(&format!("'{command}:")), "{command} in\n{zsh}");
            let fish = script(Shell::Fish);
            assert!(
                fish.contains(&format!("-a \"{command}\"")),
                "{command} in\n{fish}"
            );
        }
    }

    #[test]
    fn shells_are_told_of_no_hidden_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            assert!(!script.contains("worker"), "{shell}: {script}");
            assert!(
                script.contains("--version") || script.contains("-l version"),
                "{shell}"
            );
        }
    }

    #[test]
    fn every_command_has_its_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        pages(folder.path()).unwrap();
        let page = |path: &[String]| {
            let name = ["harvestd".to_owned()]
                .iter()
                .chain(path)
                .cloned()
                .collect::<Vec<_>>();
            let file = folder.path().join(format!("{}.1", name.join("-")));
            fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
        };
        let commands = commands();
        for path in &commands {
            assert!(page(path).contains(".SH SYNOPSIS"), "{path:?}");
        }
        let whole = page(&[]);
        assert!(whole.contains("Exit codes"), "{whole}");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            commands.len() + 1
        );
    }
}
