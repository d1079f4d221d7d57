//! Valgrind's callgrind: what is counted, where it starts and stops, and what it writes down.

use std::fmt;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where counting begins anew. Callgrind knows it by its name.
#[inline(never)]
pub(crate) fn mark_begin() {
    // Another number than below: two functions of the same code become one.
    black_box(1);
}

/// Where what was counted is written down.
#[inline(never)]
pub(crate) fn mark_end() {
    black_box(2);
}

/// Which calls are counted; nothing outside them is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measured {
    /// The machine, and the parts of it.
    Machine,
    /// What came of it handed over.
    Outbox,
}

impl Measured {
    /// The names of the calls, as callgrind's patterns. None of them calls another.
    const fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Machine => &[
                "*measured_handle*",
                "*measured_view*",
                "*measured_compile*",
                "*measured_match*",
            ],
            Self::Outbox => &["*measured_take*"],
        }
    }
}

/// What was executed between two marks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Instructions.
    pub(crate) instructions: u64,
    /// Reads of data.
    pub(crate) reads: u64,
    /// Writes of data.
    pub(crate) writes: u64,
}

/// What can go wrong.
#[derive(Debug)]
pub(crate) enum Error {
    /// There is no valgrind.
    Missing,
    /// It did not do as it was told.
    Failed(String),
    /// A file or program could not be had.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "valgrind is not installed: it is the package `valgrind` of nearly every Linux \
                 (`apt-get install valgrind`, `dnf install valgrind`)",
            ),
            Self::Failed(what) => f.write_str(what),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// An installed valgrind.
#[derive(Debug)]
pub(crate) struct Valgrind(());

impl Valgrind {
    /// The one that is on the path.
    pub(crate) fn find() -> Result<Self, Error> {
        let asked = Command::new("valgrind")
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        match asked {
            Ok(status) if status.success() => Ok(Self(())),
            Ok(status) => Err(Error::Failed(format!(
                "`valgrind --version` failed: {status}"
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Runs this very program on the named cases and counts; one cost for each, in their order.
    ///
    /// Hash functions are seeded from where things lie in memory, and under valgrind they always
    /// lie in the same place: so each run is given another length of environment to lie behind.
    pub(crate) fn run(
        &self,
        measured: Measured,
        nth: usize,
        names: &[&str],
    ) -> Result<Vec<Cost>, Error> {
        let folder = tempfile::tempdir()?;
        let out = folder.path().join("out");
        let output = Command::new("valgrind")
            .args([
                "--tool=callgrind",
                "--cache-sim=yes",
                "--collect-atstart=no",
            ])
            .args(["--zero-before=*mark_begin*", "--dump-before=*mark_end*"])
            .args(
                measured
                    .calls()
                    .iter()
                    .map(|call| format!("--toggle-collect={call}")),
            )
            .arg(format!("--callgrind-out-file={}", out.display()))
            .env("OSCGATE_BENCH_RUN", "x".repeat(nth * 1_009))
            .arg(std::env::current_exe()?)
            .arg(super::CHILD)
            .args(names)
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Failed(format!("valgrind failed:\n{said}")));
        }
        (1..=names.len())
            .map(|part| read(&folder.path().join(format!("out.{part}"))))
            .collect()
    }
}

/// The totals of one written part.
fn read(path: &Path) -> Result<Cost, Error> {
    let text = fs::read_to_string(path)?;
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let (Some(events), Some(totals)) = (line("events: "), line("summary: ")) else {
        let path = path.display();
        return Err(Error::Failed(format!(
            "{path} is no output of callgrind as it is known here"
        )));
    };
    let mut totals = totals.split(' ');
    let mut cost = Cost::default();
    for event in events.split(' ') {
        // Zeros at the end are left out.
        let total = totals
            .next()
            .and_then(|total| total.parse().ok())
            .unwrap_or(0);
        match event {
            "Ir" => cost.instructions = total,
            "Dr" => cost.reads = total,
            "Dw" => cost.writes = total,
            _ => {}
        }
    }
    Ok(cost)
}
