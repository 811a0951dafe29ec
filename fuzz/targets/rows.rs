#![no_main]

libfuzzer_sys::fuzz_target!(
    // A panic of the Parquet reader that is caught is an error like any other; libFuzzer's own hook would end the process.
    init: {
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !xlt_core::panics::are_caught() {
                abort(panic);
            }
        }));
    },
    |input: &[u8]| xlt_fuzz::rows::check(input)
);
