//! A long failing history made short: whatever can be left out while something is still wrong is
//! left out.

use std::cell::Cell;

use oscgate::config::Show;

use crate::failure::Failure;
use crate::history::{History, Step};
use crate::pair::Pair;

/// How often a shortened history is tried at most: a minute of work.
const TRIES_MAX: usize = 4_000;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is part of shrinking, and need not be shown.
pub(crate) fn is_quiet() -> bool {
    QUIET.get()
}

/// A failing history, and what is left of it.
struct Shrinker<'a> {
    history: &'a History,
    show: Show,
    kept: Vec<usize>,
    what: Failure,
    tries: usize,
}

/// The shortest failing history that was found, and what is wrong with it; `None` if it does not
/// fail when it is fed to machine and model again.
pub(crate) fn shrink(history: &History, what: &Failure) -> Option<(History, Failure)> {
    QUIET.set(true);
    let mut shrinker = Shrinker {
        history,
        show: history.show.clone(),
        kept: Vec::new(),
        what: what.clone(),
        tries: 0,
    };
    let all: Vec<usize> = (0..history.steps.len()).collect();
    let fails = shrinker.fails_with(history.show.clone(), all);
    if fails {
        shrinker.keep_the_end();
        shrinker.drop_steps();
        shrinker.simplify_show();
        shrinker.drop_steps();
    }
    QUIET.set(false);
    fails.then(|| (shrinker.shortened(), shrinker.what))
}

impl Shrinker<'_> {
    /// Whether something is still wrong with these steps; then they are what is left.
    fn fails_with(&mut self, show: Show, steps: Vec<usize>) -> bool {
        self.tries += 1;
        let start = History {
            show,
            sockets: self.history.sockets.clone(),
            family: self.history.family.clone(),
            steps: Vec::new(),
        };
        let mut pair = Pair::new(&start);
        for (n, &step) in steps.iter().enumerate() {
            if let Err(what) = pair.step(&self.history.steps[step]) {
                // Another fault than this one would lead astray.
                if what.kind != self.what.kind {
                    return false;
                }
                self.kept = steps;
                self.kept.truncate(n + 1);
                self.show = start.show;
                self.what = what;
                return true;
            }
        }
        false
    }

    /// Most faults need but the last few steps: the shortest ends are tried first, because they
    /// are the quickest to try.
    fn keep_the_end(&mut self) {
        let all = self.kept.clone();
        let mut length = 1;
        while length < all.len() {
            if self.fails_with(self.show.clone(), all[all.len() - length..].to_vec()) {
                return;
            }
            length *= 3;
        }
    }

    fn drop_steps(&mut self) {
        let mut chunk = self.kept.len().div_ceil(2);
        while chunk > 0 && self.tries < TRIES_MAX {
            let mut shorter = false;
            let mut end = self.kept.len();
            while end > 0 && self.tries < TRIES_MAX {
                let start = end.saturating_sub(chunk);
                let mut fewer = self.kept.clone();
                fewer.drain(start..end);
                shorter |= self.fails_with(self.show.clone(), fewer);
                end = start.min(self.kept.len());
            }
            chunk = match chunk {
                1 if shorter => 1,
                _ => chunk / 2,
            };
        }
    }

    /// Takes entries and rules out of the first show, and sets its tables back to the defaults.
    fn simplify_show(&mut self) {
        for n in (0..self.show.clients.len()).rev() {
            let mut show = self.show.clone();
            show.clients.remove(n);
            self.try_show(show);
        }
        for n in (0..self.show.addresses.len()).rev() {
            let mut show = self.show.clone();
            show.addresses.remove(n);
            self.try_show(show);
        }
        let default = Show::default();
        let simpler: [fn(&mut Show, &Show); 5] = [
            |show, default| show.access = default.access.clone(),
            |show, default| show.locks = default.locks,
            |show, default| show.sessions = default.sessions,
            |show, default| show.limits = default.limits,
            |show, default| show.gateway = default.gateway.clone(),
        ];
        for simplify in simpler {
            let mut show = self.show.clone();
            simplify(&mut show, &default);
            if show != self.show {
                self.try_show(show);
            }
        }
    }

    fn try_show(&mut self, show: Show) {
        let steps = self.kept.clone();
        self.fails_with(show, steps);
    }

    fn shortened(&self) -> History {
        let steps = self.kept.iter();
        let steps: Vec<Step> = steps.map(|&n| self.history.steps[n].clone()).collect();
        History {
            show: self.show.clone(),
            sockets: self.history.sockets.clone(),
            family: self.history.family.clone(),
            steps,
        }
    }
}
