//! Refuses answers with NaN or infinity: no label, map or share may be read from them.

use candle_core::Tensor;

use crate::error::{Error, Result};

/// Checks `values`, which `what` names in messages.
///
/// # Errors
/// A value is not finite.
pub(super) fn finite<'v, T: Copy + Into<f64> + 'v>(what: &str, values: impl IntoIterator<Item = &'v T>) -> Result<()> {
    if values.into_iter().all(|value| (*value).into().is_finite()) { Ok(()) } else { Err(Error::not_finite(what)) }
}

/// Checks an embedding (1, D).
///
/// # Errors
/// A value is not finite.
pub(super) fn finite_embeds(embeds: Tensor) -> Result<Tensor> {
    finite("embeddings", &embeds.flatten_all()?.to_vec1::<f32>()?)?;
    Ok(embeds)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::engine::prediction;

    #[test]
    fn logits_and_embeddings_that_are_not_finite_are_errors() {
        let labels = ["healthy", "AMD"].map(str::to_owned);
        let row = |value: f32| Tensor::new(&[[0.5f32, value]], &Device::Cpu).unwrap();
        assert_eq!(prediction(&labels, &row(2.)).unwrap().label, "AMD");
        assert!(finite_embeds(row(2.)).is_ok());
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let refused = [prediction(&labels, &row(value)).err(), finite_embeds(row(value)).err()];
            for (refused, what) in refused.into_iter().zip(["logits", "embeddings"]) {
                let refused = refused.unwrap().to_string();
                assert!(refused.contains(what) && refused.contains("not finite"), "{refused}");
            }
        }
    }
}
