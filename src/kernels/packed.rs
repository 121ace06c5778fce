//! Weights in the order in which the kernels read them.

use super::arithmetic::{BLOCK, GROUP, GROUP_STRIDE};

/// 8-bit weights as `[block of 16 outputs][tap][group of 4 inputs][16 outputs][4 inputs]`; padded with zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    n_out: usize,
    n_in: usize,
    taps: usize,
    values: Vec<i8>,
    sums: Vec<i32>,
}

impl Packed {
    /// `values` lie output by output, input by input, tap by tap: a convolution's `(c_out, c_in, rows, cols)` or a
    /// linear layer's `(n_out, n_in)` with one tap.
    ///
    /// # Panics
    /// Their number is not `n_out · n_in · taps`.
    pub fn new(values: &[i8], n_out: usize, n_in: usize, taps: usize) -> Self {
        assert_eq!(values.len(), n_out * n_in * taps, "weights and their sizes differ");
        let mut packed = Self {
            n_out,
            n_in,
            taps,
            values: vec![0; n_out.next_multiple_of(BLOCK) * n_in.next_multiple_of(GROUP) * taps],
            sums: Vec::new(),
        };
        let groups = packed.depth() / GROUP;
        for (out, row) in values.chunks_exact((n_in * taps).max(1)).enumerate() {
            for tap in 0..taps {
                let first = packed.index(out, 0, tap);
                let place = &mut packed.values[first..];
                // A linear layer's inputs lie side by side already; a convolution's are `taps` apart.
                for group in 0..groups {
                    let inputs = group * GROUP..((group + 1) * GROUP).min(n_in);
                    let place = &mut place[group * GROUP_STRIDE..][..inputs.len()];
                    if taps == 1 {
                        place.copy_from_slice(&row[inputs]);
                    } else {
                        place.iter_mut().zip(inputs).for_each(|(place, input)| *place = row[input * taps + tap]);
                    }
                }
            }
            packed.sums.push(row.iter().map(|w| i32::from(*w)).sum());
        }
        packed
    }

    fn index(&self, out: usize, input: usize, tap: usize) -> usize {
        let groups = self.depth() / GROUP;
        (((out / BLOCK * self.taps + tap) * groups + input / GROUP) * BLOCK + out % BLOCK) * GROUP + input % GROUP
    }

    /// The weights in the order in which [`Packed::new`] takes them.
    pub fn unpacked(&self) -> Vec<i8> {
        let mut values = Vec::with_capacity(self.n_out * self.n_in * self.taps);
        for out in 0..self.n_out {
            for input in 0..self.n_in {
                values.extend((0..self.taps).map(|tap| self.values[self.index(out, input, tap)]));
            }
        }
        values
    }

    /// Outputs.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// Inputs.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Pixels of a convolution's kernel.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Inputs, padded to whole groups.
    pub fn depth(&self) -> usize {
        self.n_in.next_multiple_of(GROUP)
    }

    /// The sum of each output's weights: what a zero point of 1 adds.
    pub fn sums(&self) -> &[i32] {
        &self.sums
    }

    /// Blocks of outputs.
    pub(super) fn n_blocks(&self) -> usize {
        self.n_out.div_ceil(BLOCK)
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = &[i8]> {
        self.values.chunks_exact((self.taps * self.depth() * BLOCK).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing() {
        let (n_out, n_in, taps) = (19, 7, 9);
        let values: Vec<i8> = (0..n_out * n_in * taps).map(|i| (i * 37 % 255) as u8 as i8).collect();
        let packed = Packed::new(&values, n_out, n_in, taps);
        assert_eq!(packed.unpacked(), values);
        assert_eq!(packed.depth(), 8);
        assert_eq!(packed.sums()[0], values[..n_in * taps].iter().map(|v| i32::from(*v)).sum::<i32>());
    }
}
