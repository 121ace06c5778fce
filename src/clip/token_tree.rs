//! Several texts as one tree of tokens (a trie), in which a common beginning occurs once. The text tower is causal: a
//! token's representation depends only on the tokens before it, so texts with the same beginning can share it. The 2ⁿ
//! captions made of some of n phrases share most of their tokens.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use crate::error::Result;

/// Texts that share their beginnings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenTree {
    /// Each node's token id; parents come before their children.
    pub ids: Vec<u32>,
    /// Each node's position in its texts.
    pub positions: Vec<u32>,
    /// The node of each text's last token.
    pub ends: Vec<u32>,
    parents: Vec<Option<usize>>,
}

impl TokenTree {
    /// A tree of token ids, each text from its start to its end token.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t [u32]>) -> Self {
        let mut tree = Self::default();
        let mut nodes: HashMap<(Option<usize>, u32), usize> = HashMap::new();
        for text in texts {
            let mut parent = None;
            for (position, &id) in text.iter().enumerate() {
                let node = *nodes.entry((parent, id)).or_insert(tree.ids.len());
                if node == tree.ids.len() {
                    tree.ids.push(id);
                    tree.positions.push(position as u32);
                    tree.parents.push(parent);
                }
                parent = Some(node);
            }
            tree.ends.extend(parent.map(|node| node as u32));
        }
        tree
    }

    /// Mask (n, n), added to the logits of attention: a node attends to itself and to its ancestors.
    pub fn mask(&self, device: &Device) -> Result<Tensor> {
        let n = self.ids.len();
        let mut mask = vec![f32::NEG_INFINITY; n * n];
        for node in 0..n {
            let (before, row) = mask.split_at_mut(node * n);
            if let Some(parent) = self.parents[node] {
                row[..n].copy_from_slice(&before[parent * n..(parent + 1) * n]);
            }
            row[node] = 0.;
        }
        Ok(Tensor::from_vec(mask, (n, n), device)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_texts_begin_with_in_common_stands_once() {
        let texts: [&[u32]; 3] = [&[1, 5, 2], &[1, 5, 6, 2], &[1, 6, 2]];
        let tree = TokenTree::new(texts);
        assert_eq!(tree.ids, [1, 5, 2, 6, 2, 6, 2]);
        assert_eq!(tree.positions, [0, 1, 2, 2, 3, 1, 2]);
        assert_eq!(tree.ends, [2, 4, 6]);
        let mask = tree.mask(&Device::Cpu).unwrap().to_vec2::<f32>().unwrap();
        let seen: Vec<usize> = (0..7).filter(|i| mask[4][*i] == 0.).collect();
        assert_eq!(seen, [0, 1, 3, 4]);
    }
}
