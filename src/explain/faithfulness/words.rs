//! Whether a head's answer rests on the phrases that scored highest: it is asked again with the top phrases alone, and without
//! them (sufficiency and comprehensiveness, DeYoung et al. 2020).

use std::collections::BTreeSet;

use super::random::Random;
use crate::error::{Error, Result};
use crate::report::WordFaithfulness;

/// Random orders of the phrases beside the scores'.
const N_RANDOM_ORDERS: usize = 8;
/// Seed of the random orders.
const SEED: u64 = 2020;
/// Most phrases: one for each bit of a set.
const MAX_PHRASES: usize = 64;

/// Asks about captions with some of their phrases. `scores` are those of the phrases for the class: larger ones speak more
/// for it. `probabilities` is called once, with distinct sets of phrases (bit i is phrase i), and returns the probability of
/// the class for the caption of each.
///
/// # Errors
/// There is no phrase, or more than 64, or `probabilities` fails.
pub fn word_faithfulness(
    scores: &[f64],
    probabilities: impl FnOnce(&[u64]) -> Result<Vec<f64>>,
) -> Result<WordFaithfulness> {
    let n = scores.len();
    if n == 0 || n > MAX_PHRASES {
        return Err(Error::caption(format!("the caption has {n} phrases, 1 to {MAX_PHRASES} can be left out")));
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut random = Random::new(SEED);
    let orders: Vec<Vec<usize>> = (0..N_RANDOM_ORDERS)
        .map(|_| {
            let mut shuffled = order.clone();
            random.shuffle(&mut shuffled);
            shuffled
        })
        .collect();
    let all = (0..n).fold(0u64, |all, i| all | 1 << i);
    let sets: BTreeSet<u64> =
        orders.iter().chain([&order]).flat_map(|o| tops(o)).flat_map(|top| [top, all & !top]).collect();
    let sets: Vec<u64> = sets.into_iter().collect();
    let found = probabilities(&sets)?;
    let p = |set: u64| sets.binary_search(&set).ok().and_then(|i| found.get(i).copied()).unwrap_or(f64::NAN);
    let whole = p(all);
    // From the first phrase to all but one, or to the only one.
    let inner = 1..n.max(2);
    let mean_loss = |kept: &dyn Fn(u64) -> u64, order: &[usize]| {
        let lost: f64 = tops(order).skip(1).take(inner.len()).map(|top| whole - p(kept(top))).sum();
        lost / inner.len() as f64
    };
    let over_random = |kept: &dyn Fn(u64) -> u64| {
        (orders.iter().map(|order| mean_loss(kept, order)).sum::<f64>() / orders.len() as f64) as f32
    };
    let only = |top: u64| top;
    let without = |top: u64| all & !top;
    Ok(WordFaithfulness {
        whole: whole as f32,
        only_top: tops(&order).map(|top| p(only(top)) as f32).collect(),
        without_top: tops(&order).map(|top| p(without(top)) as f32).collect(),
        sufficiency: mean_loss(&only, &order) as f32,
        comprehensiveness: mean_loss(&without, &order) as f32,
        random_sufficiency: over_random(&only),
        random_comprehensiveness: over_random(&without),
        order,
    })
}

/// The sets of the first 0, 1, … all phrases of an order.
fn tops(order: &[usize]) -> impl Iterator<Item = u64> {
    let sets = order.iter().scan(0u64, |set, phrase| {
        *set |= 1 << phrase;
        Some(*set)
    });
    std::iter::once(0).chain(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUNDING: f32 = 1e-6;

    /// A head for which phrase i adds `weights[i]` to a probability of 0.1.
    fn of(scores: &[f64], weights: &[f64]) -> WordFaithfulness {
        let probability =
            |set: &u64| 0.1 + (0..weights.len()).filter(|i| set >> i & 1 == 1).map(|i| weights[i]).sum::<f64>();
        word_faithfulness(scores, |sets| {
            assert!(sets.windows(2).all(|pair| pair[0] < pair[1]), "each set once");
            Ok(sets.iter().map(probability).collect())
        })
        .unwrap()
    }

    #[test]
    fn the_phrase_that_decides_suffices_and_is_needed() {
        let found = of(&[0.1, 0.9, 0.], &[0., 0.8, 0.]);
        assert_eq!(found.order, [1, 0, 2]);
        assert!((found.whole - 0.9).abs() < ROUNDING);
        let near = |a: &[f32], b: [f32; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < ROUNDING);
        assert!(near(&found.only_top, [0.1, 0.9, 0.9, 0.9]) && near(&found.without_top, [0.9, 0.1, 0.1, 0.1]));
        assert!(found.sufficiency.abs() < ROUNDING && (found.comprehensiveness - 0.8).abs() < ROUNDING);
    }

    #[test]
    fn scores_in_the_opposite_order_neither_suffice_nor_are_needed() {
        let worst = of(&[0.1, 0., 0.9], &[0., 0.8, 0.]);
        assert!((worst.sufficiency - 0.8).abs() < ROUNDING && worst.comprehensiveness.abs() < ROUNDING);
        assert!(worst.random_sufficiency > 0.2 && worst.random_sufficiency < 0.7);
        // Over all orders, on average the decisive phrase is first of three, second or last.
        assert!(worst.random_comprehensiveness > 0.2 && worst.random_comprehensiveness < 0.7);
    }

    #[test]
    fn one_phrase_is_kept_and_left_out_whole() {
        let found = of(&[1.], &[0.5]);
        assert!(found.sufficiency.abs() < ROUNDING && (found.comprehensiveness - 0.5).abs() < ROUNDING);
        assert!(word_faithfulness(&[], |_| Ok(vec![])).is_err());
    }
}
