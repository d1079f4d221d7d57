//! `spacing`: devices that lose what comes too fast are sent one datagram at a time.

use std::time::Duration;

use super::deadlines::TimerId;
use super::destination::DestinationId;
use super::output::Outputs;
use super::{Gateway, Timer};
use crate::time::Instant;

/// The pace of one destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spacing {
    interval: Duration,
    /// When the next datagram may leave; none: at once.
    pub(super) timer: Option<TimerId>,
}

impl Gateway {
    /// Gives a destination the pace of its dialect, if it has one and nothing waits already.
    pub(super) fn pace_destination(&mut self, id: DestinationId, out: &mut Outputs) {
        let interval = self
            .mapping_at(id)
            .and_then(|mapping| mapping.about.spacing);
        let destination = self.clients.destination_mut(id);
        match (&mut destination.spacing, interval) {
            (Some(spacing), Some(interval)) => spacing.interval = interval,
            (None, Some(interval)) => {
                destination.spacing = Some(Spacing {
                    interval,
                    timer: None,
                });
                out.pace(destination.queue, id);
            }
            (Some(spacing), None) => {
                let timer = spacing.timer.take();
                destination.spacing = None;
                out.release(destination.queue);
                if let Some(timer) = timer {
                    self.deadlines.disarm(timer);
                }
            }
            (None, None) => {}
        }
    }

    /// Lets the first of what was put in paced queues leave.
    pub(super) fn let_leave(&mut self, now: Instant, out: &mut Outputs) {
        let mut paced = std::mem::take(&mut self.paced);
        out.take_paced(&mut paced);
        for &id in &paced {
            // It may be closed by now.
            if self.clients.destinations[id.0 as usize].is_some() {
                self.let_next_leave(now, id, out);
            }
        }
        self.paced = paced;
    }

    fn let_next_leave(&mut self, now: Instant, id: DestinationId, out: &mut Outputs) {
        let destination = self.clients.destination_mut(id);
        let queue = destination.queue;
        let Some(spacing) = destination
            .spacing
            .as_mut()
            .filter(|one| one.timer.is_none())
        else {
            return;
        };
        if out.let_one_leave(queue) {
            let next = self
                .deadlines
                .arm(now + spacing.interval, Timer::Spacing(id));
            spacing.timer = Some(next);
        }
    }

    /// The next datagram to a destination may leave.
    pub(super) fn on_spacing(&mut self, now: Instant, id: DestinationId, out: &mut Outputs) {
        if let Some(spacing) = &mut self.clients.destination_mut(id).spacing {
            spacing.timer = None;
            self.let_next_leave(now, id, out);
        }
    }
}
