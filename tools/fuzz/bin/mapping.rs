//! The target `mapping` under the engine.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| oscgate_fuzz::mapping::run(input));
