//! The page (wasm, UI thread).

fn main() {
    #[cfg(target_arch = "wasm32")]
    octlens::web::app::run();
}
