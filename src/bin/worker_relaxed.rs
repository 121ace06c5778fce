//! The worker with relaxed SIMD instructions (wasm): the same, for browsers that know them.

fn main() {
    #[cfg(target_arch = "wasm32")]
    octlens::web::worker::run();
}
