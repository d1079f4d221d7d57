//! Bundles: their messages act in order, with nothing of another client between them.

use super::output::Outputs;
use super::schedule::Timing;
use super::session::Origin;
use super::{Gateway, atomic};
use crate::osc::{BundleView, ElementView};
use crate::time::Instant;

impl Gateway {
    /// A bundle has come: it acts, or waits for its time tag where its client wants that.
    pub(super) fn on_bundle(
        &mut self,
        now: Instant,
        origin: Origin,
        bundle: BundleView<'_>,
        out: &mut Outputs,
    ) {
        let timing = self.timing(now, origin);
        if timing.is_none_or(|timing| self.schedule(now, origin, bundle, timing, out)) {
            self.act_bundle(now, origin, bundle, timing, out);
        }
    }

    /// Does what a bundle says now; what of it is due later waits by itself.
    pub(super) fn act_bundle(
        &mut self,
        now: Instant,
        origin: Origin,
        bundle: BundleView<'_>,
        timing: Option<Timing>,
        out: &mut Outputs,
    ) {
        if atomic::is_atomic(bundle) {
            return self.on_atomic(now, origin, bundle, out);
        }
        for element in bundle.elements() {
            match element {
                ElementView::Message(message) => self.on_message(now, origin, &message, out),
                ElementView::Bundle(inner) if timing.is_some_and(|at| at.waits(inner)) => {}
                // As deep as the view lets bundles lie.
                ElementView::Bundle(inner) => self.act_bundle(now, origin, inner, timing, out),
            }
        }
    }
}
