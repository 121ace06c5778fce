//! The worker (wasm): owns the model.

fn main() {
    #[cfg(target_arch = "wasm32")]
    octlens::web::worker::run();
}
