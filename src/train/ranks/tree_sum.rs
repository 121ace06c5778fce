//! Sums in an order that does not depend on who adds: neighbours in pairs, then pairs of pairs, and so on. In another order,
//! floats are rounded otherwise, and training makes the difference larger with every step.

use std::collections::BTreeMap;

/// The sum of addends that have numbers, in the largest complete parts: no more of them than the logarithm of the number of
/// addends, if they come in order.
pub(crate) struct TreeSum<T> {
    /// By the number of the first addend, a multiple of 2^level: the sum of 2^level addends.
    parts: BTreeMap<usize, (u32, T)>,
}

impl<T> TreeSum<T> {
    /// Of no addend yet.
    pub(crate) fn new() -> Self {
        Self { parts: BTreeMap::new() }
    }

    /// Adds the addend of number `i`.
    ///
    /// # Errors
    /// Those of `add`.
    pub(crate) fn insert<E>(&mut self, i: usize, addend: T, add: impl Fn(T, T) -> Result<T, E>) -> Result<(), E> {
        self.insert_part(i, 0, addend, add)
    }

    /// Adds the sum of the 2^`level` addends from number `start`.
    ///
    /// # Errors
    /// Those of `add`.
    pub(super) fn insert_part<E>(
        &mut self,
        mut start: usize,
        mut level: u32,
        mut sum: T,
        add: impl Fn(T, T) -> Result<T, E>,
    ) -> Result<(), E> {
        loop {
            let neighbour = start ^ (1 << level);
            match self.parts.remove(&neighbour) {
                Some((of_level, other)) if of_level == level => {
                    sum = if neighbour < start { add(other, sum)? } else { add(sum, other)? };
                    start = start.min(neighbour);
                    level += 1;
                }
                of_another_level => {
                    self.parts.extend(of_another_level.map(|part| (neighbour, part)));
                    self.parts.insert(start, (level, sum));
                    return Ok(());
                }
            }
        }
    }

    /// The parts in order, with the number of the first addend and the level of each.
    pub(crate) fn into_parts(self) -> impl Iterator<Item = (usize, u32, T)> {
        self.parts.into_iter().map(|(start, (level, sum))| (start, level, sum))
    }

    /// The whole sum, of which the last parts are added first; none without addends.
    ///
    /// # Errors
    /// Those of `add`.
    pub(crate) fn total<E>(self, add: impl Fn(T, T) -> Result<T, E>) -> Result<Option<T>, E> {
        let mut parts = self.parts.into_values().rev().map(|(_, sum)| sum);
        let Some(last) = parts.next() else { return Ok(None) };
        parts.try_fold(last, |sum, part| add(part, sum)).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn bracket(a: String, b: String) -> Result<String, Infallible> {
        Ok(format!("({a}{b})"))
    }

    fn of(numbers: &[usize]) -> TreeSum<String> {
        let mut sum = TreeSum::new();
        numbers.iter().for_each(|i| sum.insert(*i, i.to_string(), bracket).unwrap());
        sum
    }

    #[test]
    fn neighbours_are_added_first_in_whatever_order_they_come() {
        let total = |numbers: &[usize]| of(numbers).total(bracket).unwrap();
        assert_eq!(total(&[]), None);
        for numbers in [[0, 1, 2, 3, 4, 5, 6], [6, 2, 4, 0, 5, 3, 1]] {
            assert_eq!(total(&numbers).unwrap(), "(((01)(23))((45)6))");
        }
    }

    #[test]
    fn few_parts_are_kept() {
        let starts = |numbers: &[usize]| of(numbers).into_parts().map(|(start, level, _)| (start, level)).collect();
        let kept: Vec<(usize, u32)> = starts(&[3, 4, 5, 6, 7, 8]);
        assert_eq!(kept, [(3, 0), (4, 2), (8, 0)]);
    }
}
