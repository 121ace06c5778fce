//! Shapley values: what each player adds to a game, averaged over the orders in which players may come (Shapley 1953;
//! for explanations Štrumbelj & Kononenko 2014, Lundberg & Lee 2017). Knows no word and no tensor.
//!
//! Written here because libraries of Shapley values draw orders at random: the same caption must get the same scores in the
//! page, on the command line and in a test, and a caption has so few phrases that every coalition can be asked.
//!
//! With v(S) the worth of a coalition S of n players, player i gets
//!
//! ```text
//! φᵢ = Σ over S without i of  |S|! (n − |S| − 1)! / n! · (v(S ∪ {i}) − v(S))
//! ```
//!
//! For every v: Σ φᵢ = v(everyone) − v(nobody); players that add the same to every coalition have the same value; a player
//! that lowers the worth of no coalition has no negative value.

use std::collections::HashMap;

use crate::error::{Error, Result};

/// A set of players: bit i is player i.
pub(crate) type Coalition = u64;

/// The largest number of players for which every coalition is evaluated: 2⁶ coalitions. With more, some orders are sampled.
pub(crate) const MAX_EXACT_PLAYERS: usize = 6;
/// The largest number of players, one for each bit.
const MAX_PLAYERS: usize = Coalition::BITS as usize;
/// The largest number of coalitions that are evaluated: enough for every rotation of 13 players.
const MAX_COALITIONS: usize = 160;

/// A game's outcome, in the unit of the coalitions' worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Shapley {
    /// What each player adds.
    pub values: Vec<f64>,
    /// The worth of nobody.
    pub nobody: f64,
    /// The worth of everyone.
    pub everyone: f64,
    /// Whether every order was evaluated, or only some.
    pub is_exact: bool,
    /// Coalitions that were evaluated.
    pub n_coalitions: usize,
}

/// The values of a game of `n_players`. `worth` is called once, with distinct coalitions, and returns the worth of each.
///
/// With more than [`MAX_EXACT_PLAYERS`] the orders are rotations of the players, forwards and backwards: as many as
/// `MAX_COALITIONS` allows, spread evenly. With all n rotations each player has each position once in each direction, which
/// takes n (n − 1) + 2 coalitions instead of 2ⁿ. The values still sum to what everyone adds.
///
/// # Errors
/// More players than a coalition has bits, or `worth` fails.
pub(crate) fn shapley(n_players: usize, worth: impl FnOnce(&[Coalition]) -> Result<Vec<f64>>) -> Result<Shapley> {
    if n_players > MAX_PLAYERS {
        return Err(Error::caption(format!(
            "the caption has {n_players} phrases, at most {MAX_PLAYERS} are weighed: shorten it"
        )));
    }
    let is_exact = n_players <= MAX_EXACT_PLAYERS;
    let orders = if is_exact { Vec::new() } else { circular_orders(n_players) };
    let coalitions: Vec<Coalition> = if is_exact { (0..1 << n_players).collect() } else { beginnings(&orders) };
    let table: HashMap<Coalition, f64> = coalitions.iter().copied().zip(worth(&coalitions)?).collect();
    let v = |coalition: Coalition| table.get(&coalition).copied().unwrap_or(f64::NAN);
    let values = if is_exact { over_all_orders(n_players, v) } else { over_orders(n_players, &orders, v) };
    let everyone = (0..n_players).fold(0, |all, player| all | 1 << player);
    Ok(Shapley { values, nobody: v(0), everyone: v(everyone), is_exact, n_coalitions: coalitions.len() })
}

fn over_all_orders(n: usize, v: impl Fn(Coalition) -> f64) -> Vec<f64> {
    let factorial = |k: usize| (1..=k).product::<usize>() as f64;
    let added = |player: usize| {
        let without = (0..1 << n).filter(|coalition: &Coalition| coalition & 1 << player == 0);
        let weighed = without.map(|coalition| {
            let size = coalition.count_ones() as usize;
            factorial(size) * factorial(n - size - 1) / factorial(n) * (v(coalition | 1 << player) - v(coalition))
        });
        weighed.sum()
    };
    (0..n).map(added).collect()
}

/// Rotations of the players, forwards and backwards.
fn circular_orders(n: usize) -> Vec<Vec<usize>> {
    let n_all = n * (n - 1) + 2;
    // Each start takes n − 1 coalitions forwards and n − 1 backwards; only with all starts do these coincide.
    let n_starts = if n_all <= MAX_COALITIONS { n } else { ((MAX_COALITIONS - 2) / (2 * (n - 1))).max(1) };
    let starts = (0..n_starts).map(|i| i * n / n_starts);
    starts
        .flat_map(|start| {
            let forwards: Vec<usize> = (0..n).map(|i| (start + i) % n).collect();
            let backwards = forwards.iter().rev().copied().collect();
            [forwards, backwards]
        })
        .collect()
}

/// The coalitions at the beginning of each order, each coalition once.
fn beginnings(orders: &[Vec<usize>]) -> Vec<Coalition> {
    let mut coalitions = vec![0];
    for order in orders {
        coalitions.extend(order.iter().scan(0, |so_far, player| {
            *so_far |= 1 << player;
            Some(*so_far)
        }));
    }
    coalitions.sort_unstable();
    coalitions.dedup();
    coalitions
}

fn over_orders(n: usize, orders: &[Vec<usize>], v: impl Fn(Coalition) -> f64) -> Vec<f64> {
    let mut values = vec![0.; n];
    for order in orders {
        let mut so_far: Coalition = 0;
        for &player in order {
            let with = so_far | 1 << player;
            values[player] += (v(with) - v(so_far)) / orders.len() as f64;
            so_far = with;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounding of sums of a few hundred terms near 1.
    const TOLERANCE: f64 = 1e-9;

    /// A game without pattern: each coalition's worth is drawn from its bits (a step of SplitMix64).
    fn drawn(coalition: Coalition) -> f64 {
        let mixed = coalition.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 40) as f64 / f64::from(1 << 24)
    }

    fn play(n: usize, v: impl Fn(Coalition) -> f64) -> Shapley {
        shapley(n, |coalitions| Ok(coalitions.iter().map(|c| v(*c)).collect())).unwrap()
    }

    /// Every order of `left`, one after the other.
    fn for_every_order(left: &mut Vec<usize>, order: &mut Vec<usize>, see: &mut impl FnMut(&[usize])) {
        if left.is_empty() {
            see(order);
        }
        for i in 0..left.len() {
            order.push(left.remove(i));
            for_every_order(left, order, see);
            left.insert(i, order.pop().unwrap());
        }
    }

    #[test]
    fn it_is_the_mean_over_every_order() {
        for n in 1..=MAX_EXACT_PLAYERS {
            let (mut sums, mut n_orders) = (vec![0.; n], 0.);
            for_every_order(&mut (0..n).collect(), &mut Vec::new(), &mut |order| {
                n_orders += 1.;
                for (i, player) in order.iter().enumerate() {
                    let before = order[..i].iter().fold(0, |c, p| c | 1 << p);
                    sums[*player] += drawn(before | 1 << player) - drawn(before);
                }
            });
            let game = play(n, drawn);
            assert!(game.is_exact && game.n_coalitions == 1 << n);
            for (value, sum) in game.values.iter().zip(&sums) {
                assert!((value - sum / n_orders).abs() < TOLERANCE, "{n} players: {value} and {}", sum / n_orders);
            }
        }
    }

    #[test]
    fn the_values_sum_to_what_everyone_adds_and_the_work_is_bounded() {
        for n in 0..=MAX_PLAYERS {
            let game = play(n, drawn);
            let sum: f64 = game.values.iter().sum();
            assert!((sum - (game.everyone - game.nobody)).abs() < TOLERANCE, "{n} players: {sum}");
            assert!(game.n_coalitions <= MAX_COALITIONS, "{n} players: {} coalitions", game.n_coalitions);
            assert_eq!(game.is_exact, n <= MAX_EXACT_PLAYERS);
        }
        assert!(shapley(MAX_PLAYERS + 1, |_| Ok(Vec::new())).is_err());
    }

    #[test]
    fn who_adds_the_same_gets_the_same_and_who_adds_nothing_gets_nothing() {
        // Any one of the first two is enough, the third is worth 2 more, the others nothing.
        for n in [5, 9] {
            let game = play(n, |c| f64::from(u8::from(c & 0b11 != 0)) + f64::from(u8::from(c & 0b100 != 0)) * 2.);
            let expected = [0.5, 0.5, 2.].into_iter().chain(std::iter::repeat(0.));
            for (value, expected) in game.values.iter().zip(expected) {
                assert!((value - expected).abs() < TOLERANCE, "{n} players: {value} for {expected}");
            }
        }
    }

    #[test]
    fn some_orders_come_close_to_all_where_players_are_redundant() {
        /// Of what everyone adds: the rotations of these ten players are off by 1.36 %.
        const OFF: f64 = 0.015;
        // Players of weights 1 to 10 with diminishing returns: no two values are equal.
        let n = 10;
        let worth = |c: Coalition| {
            let present = (0..n).filter(|player| c & 1 << player != 0);
            (1. + present.map(|player| player as f64 + 1.).sum::<f64>()).ln()
        };
        let (game, exact) = (play(n, worth), over_all_orders(n, worth));
        assert!(!game.is_exact);
        let largest = |values: &[f64]| {
            values.iter().zip(&exact).map(|(value, exact)| (value - exact).abs()).fold(0., f64::max) / game.everyone
        };
        assert!(largest(&game.values) < OFF, "off by {}", largest(&game.values));
        assert!(largest(&vec![game.everyone / n as f64; n]) > 4. * OFF, "equal shares are no answer");
    }
}
