//! Explains one scan: loads a weights file, analyses a picture and prints what both heads answer and why.
//!
//! ```text
//! cargo run --release --example explain -- weights/compact.safetensors www/samples/drusen.png
//! ```

use std::error::Error;

use octlens::engine::{Engine, Input};
use octlens::report::Options;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(weights), Some(scan)) = (args.next(), args.next()) else {
        return Err("give a weights file and a scan".into());
    };
    let engine = Engine::load(&weights, std::fs::read(&weights)?)?;
    let bytes = std::fs::read(&scan)?;
    let report = engine.analyze(&Input { name: &scan, bytes: &bytes, frame: 0 }, &Options::default())?.report;

    for (head, answer) in [("image", &report.image), ("text", &report.text)] {
        println!("{head:>6}: {} ({:.1} %)", answer.label, 100. * answer.probabilities[&answer.label]);
    }
    println!("caption: {} (similarity {:.2})", report.caption.text, report.caption.similarity);
    for word in &report.tokens.words {
        println!("{:>+7.1} %  {}", 100. * word.score, word.text);
    }
    println!("heatmap of {} for {}:", report.heatmap.layer, report.heatmap.target);
    for row in report.heatmap.values.chunks(report.heatmap.cols) {
        // One character per cell, from no evidence to the most.
        let cells: String = row.iter().map(|value| b" .:-=+*#%@"[(value * 9.).round() as usize] as char).collect();
        println!("  |{cells}|");
    }
    Ok(())
}
