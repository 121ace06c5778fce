//! The `train` binary: see `octlens::train`.

use std::process::ExitCode;

use octlens::train::cli::Cli;

// Training takes and frees large buffers all the time; glibc's allocator gives each back to the system.
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if std::env::var_os("CANDLE_NUM_THREADS").is_none() {
        // candle's element-wise thread pool spins while it waits, and starves our convolutions of the same cores.
        // SAFETY: no other thread runs yet.
        unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    }
    match Cli::of_args().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
