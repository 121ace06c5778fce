//! The `train` binary: see `octlens::train`.

use std::process::ExitCode;

use libmimalloc_sys::{mi_option_set, mi_option_t};
use octlens::train::cli::Cli;

// Training takes and frees large buffers all the time; glibc's allocator gives each back to the system.
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After how many milliseconds the allocator gives memory back, -1 for never (`mi_option_purge_delay` of mimalloc.h, versions
/// 2 and 3; libmimalloc-sys names its neighbours, 14 and 16, but not this one).
const PURGE_DELAY: mi_option_t = 15;

fn main() -> ExitCode {
    // Every step takes again what the one before it freed: given back, each page is faulted in anew, which made a step of
    // RN50 a third longer (8.3 s for 6.2 s).
    // SAFETY: mimalloc knows the option, and takes any value.
    unsafe { mi_option_set(PURGE_DELAY, -1) };
    if std::env::var_os("CANDLE_NUM_THREADS").is_none() {
        // candle's element-wise thread pool spins while it waits, and starves our convolutions of the same cores.
        // SAFETY: no other thread runs yet.
        unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    }
    ExitCode::from(Cli::from_args().run())
}
