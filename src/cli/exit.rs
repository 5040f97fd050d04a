//! What a command's exit code means: the only place where codes are numbers.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Ok,
    Failed,
    Usage,
    NotComplete,
    UnknownSource,
    NotRunning,
    Differs,
    Damaged,
    Locked,
}

impl Exit {
    pub const ALL: [Exit; 9] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::NotComplete,
        Self::UnknownSource,
        Self::NotRunning,
        Self::Differs,
        Self::Damaged,
        Self::Locked,
    ];

    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotComplete => 3,
            Self::UnknownSource => 4,
            Self::NotRunning => 5,
            Self::Differs => 6,
            Self::Damaged => 7,
            // EX_TEMPFAIL of sysexits.h: the same may work later.
            Self::Locked => 75,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The table at the end of `--help`.
pub const TABLE: &str = "\
Exit codes:
   0  done
   1  failed: the message says what was done, found and expected
   2  the command line or the configuration is wrong; nothing was begun
   3  the run is not complete (partial or failed): its report says why
   4  no source of that id is configured
   5  nothing to ask: no daemon runs on the data directory, and it holds nothing that could answer;
     or the source never ran to an end, or is a demo's that does not run
   6  what was compared differs: the entities are named
   7  what is kept on disk is damaged: the message or the list says what, and what helps
  75  the data directory belongs to another process at this moment, or another backup is being
     made; try again later";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_code_once_and_no_other() {
        let word = |line: &str| line.split_whitespace().next().and_then(|w| w.parse().ok());
        let told: Vec<u8> = TABLE.lines().skip(1).filter_map(word).collect();
        let codes = Exit::ALL.map(Exit::code);
        assert_eq!(told, codes);
        assert!(codes.is_sorted_by(|a, b| a < b));
    }
}
