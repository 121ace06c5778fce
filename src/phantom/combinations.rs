//! Which lesions occur together in one AMD image, and how often. Knows words, not pixels.

use super::rng::Rng;
use crate::caption::Lesion::{
    self, ChoroidalFolds as Folds, Fluid, GeographicAtrophy as Atrophy, HardDrusen as Hard,
    HyperfluorescentSpots as Spots, PrLayerDisruption as Gap, ReticularDrusen as Reticular, SoftDrusen as Soft,
    SoftDrusenPed as Ped,
};

/// The lesions of one caption each, with the weight at which it is drawn.
const COMBINATIONS: &[(u32, &[Lesion])] = &[
    (5, &[Folds]),
    (5, &[Fluid]),
    (5, &[Atrophy]),
    (5, &[Hard]),
    (4, &[Spots]),
    (5, &[Gap]),
    (5, &[Reticular]),
    (6, &[Soft]),
    (5, &[Ped]),
    (2, &[Folds, Fluid]),
    (2, &[Folds, Hard]),
    (2, &[Folds, Spots]),
    (2, &[Folds, Soft]),
    (2, &[Folds, Ped]),
    (2, &[Folds, Atrophy]),
    (2, &[Folds, Gap]),
    (2, &[Fluid, Hard]),
    (2, &[Fluid, Spots]),
    (2, &[Fluid, Gap]),
    (2, &[Fluid, Soft]),
    (3, &[Fluid, Ped]),
    (2, &[Fluid, Atrophy]),
    (2, &[Fluid, Reticular]),
    (2, &[Atrophy, Hard]),
    (2, &[Atrophy, Spots]),
    (2, &[Atrophy, Gap]),
    (2, &[Atrophy, Reticular]),
    (2, &[Atrophy, Soft]),
    (2, &[Hard, Spots]),
    (2, &[Hard, Gap]),
    (2, &[Hard, Reticular]),
    (3, &[Hard, Soft]),
    (2, &[Hard, Ped]),
    (2, &[Spots, Gap]),
    (2, &[Spots, Reticular]),
    (3, &[Spots, Soft]),
    (2, &[Spots, Ped]),
    (2, &[Gap, Reticular]),
    (2, &[Gap, Soft]),
    (2, &[Gap, Ped]),
    (2, &[Reticular, Soft]),
    (2, &[Reticular, Ped]),
    (2, &[Soft, Ped]),
    (1, &[Folds, Fluid, Ped]),
    (1, &[Folds, Fluid, Spots]),
    (1, &[Folds, Hard, Soft]),
    (1, &[Folds, Atrophy, Spots]),
    (1, &[Folds, Reticular, Gap]),
    (1, &[Fluid, Spots, Ped]),
    (1, &[Fluid, Hard, Soft]),
    (1, &[Fluid, Gap, Soft]),
    (1, &[Fluid, Atrophy, Spots]),
    (1, &[Atrophy, Hard, Soft]),
    (1, &[Atrophy, Gap, Reticular]),
    (1, &[Atrophy, Spots, Soft]),
    (1, &[Hard, Spots, Soft]),
    (1, &[Hard, Gap, Soft]),
    (1, &[Hard, Reticular, Soft]),
    (1, &[Hard, Spots, Ped]),
    (1, &[Spots, Gap, Ped]),
    (1, &[Gap, Reticular, Soft]),
    (1, &[Spots, Reticular, Soft]),
    (1, &[Spots, Soft, Ped]),
    (1, &[Folds, Fluid, Spots, Ped]),
    (1, &[Fluid, Hard, Spots, Soft]),
    (1, &[Atrophy, Hard, Spots, Reticular]),
    (1, &[Hard, Spots, Gap, Soft]),
    (1, &[Fluid, Spots, Gap, Ped]),
    (1, &[Hard, Gap, Reticular, Soft]),
];

/// A random combination.
pub(super) fn choose(rng: &mut Rng) -> &'static [Lesion] {
    let all: u32 = COMBINATIONS.iter().map(|(weight, _)| weight).sum();
    let mut left = rng.integer(0, all as usize - 1) as u32;
    for (weight, lesions) in COMBINATIONS {
        if left < *weight {
            return lesions;
        }
        left -= weight;
    }
    COMBINATIONS[0].1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_about_as_many_captions_as_in_oct5k() {
        let distinct: BTreeSet<Vec<Lesion>> = COMBINATIONS
            .iter()
            .map(|(_, lesions)| {
                let mut lesions = lesions.to_vec();
                lesions.sort_unstable();
                lesions
            })
            .collect();
        assert_eq!(distinct.len(), COMBINATIONS.len(), "a combination is listed twice");
        assert!((60..=78).contains(&distinct.len()), "{}", distinct.len());
    }

    #[test]
    fn every_lesion_comes_in_at_least_an_eighth_of_the_images() {
        let all: u32 = COMBINATIONS.iter().map(|(weight, _)| weight).sum();
        for lesion in Lesion::ALL {
            let with: u32 = COMBINATIONS.iter().filter(|(_, l)| l.contains(&lesion)).map(|(weight, _)| weight).sum();
            assert!(with * 8 >= all, "{lesion:?}: {with} of {all}");
        }
    }
}
