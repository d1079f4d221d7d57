//! The target `pattern` under the engine.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| oscgate_fuzz::pattern::run(input));
