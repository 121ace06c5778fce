//! The `train` binary: see `octlens::train`.

use std::process::ExitCode;

use libmimalloc_sys::{mi_option_set, mi_option_t};
use octlens::train::cli::Cli;

// Training allocates and frees large buffers all the time, and glibc's allocator returns each to the system.
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After how many milliseconds the allocator returns memory to the system, -1 for never (`mi_option_purge_delay` of
/// mimalloc.h, versions 2 and 3; libmimalloc-sys names options 14 and 16, but not this one).
const PURGE_DELAY: mi_option_t = 15;

fn main() -> ExitCode {
    // Every step allocates again what the one before it freed. If pages were returned, each would fault anew, which made a
    // step of RN50 a third longer (8.3 s instead of 6.2 s).
    // SAFETY: mimalloc knows the option, and accepts any value.
    unsafe { mi_option_set(PURGE_DELAY, -1) };
    if std::env::var_os("CANDLE_NUM_THREADS").is_none() {
        // candle's element-wise thread pool spins while it waits, and takes the cores from octlens' convolutions.
        // SAFETY: no other thread runs yet.
        unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    }
    ExitCode::from(Cli::from_args().run())
}
