#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| xlt_fuzz::protocol::check(input));
