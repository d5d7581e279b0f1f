//! Seeds of independent streams of random numbers.
//!
//! A run has one seed and many uses for random numbers: groups of chains, projections, initial factors, folds. Each use
//! gets the hash of the seed, its purpose and its index, so that no two share a stream, neither within a run nor between
//! runs with consecutive seeds. `share_of` applies the same hash to ratings, to mark a hold-out.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The seed of the stream with this purpose and index, in a run with this seed.
pub fn derive(seed: u64, purpose: &str, index: u64) -> u64 {
    absorb(absorb(hash(seed, purpose), index), 0)
}

/// A generator of the stream with this purpose, in a run with this seed.
pub fn generator(seed: u64, purpose: &str) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(derive(seed, purpose, 0))
}

/// The hash of a text.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    let bytes = text.as_bytes().chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    bytes.fold(absorb(absorb(0, seed), text.len() as u64), absorb)
}

/// Where the pair of two hashes falls between 0 and 1, evenly.
pub(crate) fn share_of(one: u64, other: u64) -> f64 {
    // The 53 bits that a float holds.
    (absorb(one, other) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The state of a hash after one more word: the finaliser of `SplitMix64` (Steele, Lea, Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014), in which each bit of the input changes half of the output.
fn absorb(state: u64, word: u64) -> u64 {
    let mut mixed = state.rotate_left(23).wrapping_add(word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2 {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_streams_of_consecutive_seeds_are_the_same() {
        let mut seen = HashSet::new();
        for seed in 0..200 {
            for purpose in ["chains", "projection", "initial factors", "folds"] {
                for index in 0..50 {
                    assert!(seen.insert(derive(seed, purpose, index)), "{seed} {purpose} {index}");
                }
            }
        }
    }

    #[test]
    fn texts_are_told_apart_wherever_they_differ() {
        let texts = ["", "1", "11", "\0", "1\0", "12345678", "123456781", "12345678\0", "21345678"];
        let hashes: HashSet<u64> = texts.iter().map(|text| hash(0, text)).collect();
        assert_eq!(hashes.len(), texts.len());
        assert_ne!(hash(0, "1"), hash(1, "1"));
    }

    #[test]
    fn shares_are_even() {
        let mut bins = [0_u32; 20];
        for user in 0..300_u64 {
            for movie in 0..300_u64 {
                let share = share_of(hash(7, &user.to_string()), hash(7, &movie.to_string()));
                bins[(share * 20.0) as usize] += 1;
            }
        }
        // 4,500 are expected, with a standard deviation of 65.
        assert!(bins.iter().all(|&count| count.abs_diff(4500) < 330), "{bins:?}");
    }
}
