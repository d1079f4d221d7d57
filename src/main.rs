//! Arguments in, exit code out: the one place where everything is put together.

use std::process::ExitCode;

use clap::Parser as _;
use oscgate::cli::{self, Arguments, Exit, Failure, Output, Task};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version too come this way. A closed output leaves nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Wrong as u8));
        }
    };
    let environment = std::env::var("OSCGATE").ok();
    let exit = match Task::of_arguments(arguments, environment.as_deref()) {
        Ok(Task::Run(settings)) => exit_of(cli::run(&settings), cli::tell),
        Ok(Task::Check(files)) => exit_of(cli::check(&files), cli::tell),
        Ok(Task::Explain(explanation)) => exit_of(cli::explain(&explanation), cli::tell),
        Ok(Task::Mappings(None)) => exit_of(cli::list_mappings(), cli::tell),
        Ok(Task::Mappings(Some(name))) => exit_of(cli::show_mapping(&name), cli::tell),
        Ok(Task::Init) => exit_of(cli::init(), cli::tell),
        Ok(Task::Ask(link, request)) => {
            let done = cli::ask(&link, &request);
            exit_of(done, |failure| Output::new(link.form).failure(failure))
        }
        Err(error) => exit_of(Err(error.into()), cli::tell),
    };
    ExitCode::from(exit as u8)
}

/// The exit code, after what went wrong has been told.
fn exit_of(done: Result<(), Failure>, tell: impl FnOnce(&Failure)) -> Exit {
    match done {
        Ok(()) => Exit::Done,
        Err(failure) => {
            tell(&failure);
            failure.exit()
        }
    }
}
