//! Room `osc`.
