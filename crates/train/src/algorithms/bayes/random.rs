//! Random numbers for eight chains at once.

use rand::SeedableRng;
use rand_distr::{Distribution, Gamma};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::lanes::{self, LANES, Lanes};
use crate::state::{StateError, StateReader, StateWriter};

/// One generator per lane: xoshiro128++ (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators",
/// 2021), and normal numbers by the Box-Muller transform. Both vectorise.
pub(super) struct LaneRandom {
    state: [[u32; LANES]; 4],
    /// The transform makes two numbers at a time.
    spare: Option<Lanes>,
    scalar: Xoshiro256PlusPlus,
}

impl LaneRandom {
    pub(super) fn new(seed: u64) -> Self {
        use rand::Rng;
        let mut scalar = Xoshiro256PlusPlus::seed_from_u64(seed);
        let state = std::array::from_fn(|_| std::array::from_fn(|_| scalar.next_u32()));
        Self { state, spare: None, scalar }
    }

    /// Standard normal numbers.
    #[inline(always)]
    pub(super) fn normal(&mut self) -> Lanes {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = logarithm(self.uniform()).map(|log| (-2.0 * log).max(0.0).sqrt());
        let (sine, cosine) = turn(self.uniform());
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// Numbers of the gamma distribution with this shape, and a rate of 1.
    pub(super) fn standard_gamma(&mut self, shape: f64) -> [f64; LANES] {
        match Gamma::new(shape, 1.0) {
            Ok(gamma) => std::array::from_fn(|_| gamma.sample(&mut self.scalar)),
            Err(_) => [shape; LANES],
        }
    }

    /// Writes the position in the sequence.
    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.value(&(self.state, &self.scalar, self.spare.is_some()));
        lanes::save(&[self.spare.unwrap_or(Lanes::ZERO)], state);
    }

    /// Returns to the [saved](Self::save) position in the sequence.
    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        let has_spare: bool;
        (self.state, self.scalar, has_spare) = state.value()?;
        let mut spare = [Lanes::ZERO];
        lanes::restore(&mut spare, state)?;
        self.spare = has_spare.then_some(spare[0]);
        Ok(())
    }

    /// Numbers in (0, 1], 24 bits each.
    #[inline(always)]
    fn uniform(&mut self) -> Lanes {
        let bits = self.next();
        Lanes::from_fn(|lane| ((bits[lane] >> 8) + 1) as f32 * (1.0 / 16_777_216.0))
    }

    #[inline(always)]
    fn next(&mut self) -> [u32; LANES] {
        let [a, b, c, d] = &mut self.state;
        let mut result = [0; LANES];
        for lane in 0..LANES {
            result[lane] = a[lane].wrapping_add(d[lane]).rotate_left(7).wrapping_add(a[lane]);
            let shifted = b[lane] << 9;
            c[lane] ^= a[lane];
            d[lane] ^= b[lane];
            b[lane] ^= c[lane];
            a[lane] ^= d[lane];
            c[lane] ^= shifted;
            d[lane] = d[lane].rotate_left(11);
        }
        result
    }
}

/// The natural logarithm of numbers in (0, 1], to about 1e-6: the mantissa is brought to [2/3, 4/3), where
/// `ln(m) = 2 artanh((m - 1) / (m + 1))` converges quickly.
#[inline(always)]
fn logarithm(numbers: Lanes) -> Lanes {
    numbers.map(|number| {
        const TWO_THIRDS: u32 = 0x3f2a_aaab;
        let bits = number.to_bits().wrapping_sub(TWO_THIRDS);
        let exponent = bits.cast_signed() >> 23;
        let mantissa = f32::from_bits((bits & 0x007f_ffff) + TWO_THIRDS);
        let t = (mantissa - 1.0) / (mantissa + 1.0);
        let t2 = t * t;
        let series = 2.0 + t2 * (2.0 / 3.0 + t2 * (2.0 / 5.0 + t2 * (2.0 / 7.0 + t2 * (2.0 / 9.0))));
        exponent as f32 * std::f32::consts::LN_2 + t * series
    })
}

/// Sine and cosine of `2 pi t` for t in [0, 1], to about 1e-6: Taylor series on an eighth of a turn to
/// either side of the nearest quarter.
#[inline(always)]
fn turn(turns: Lanes) -> (Lanes, Lanes) {
    let quarters = turns.map(|t| (t * 4.0 + 0.5).floor());
    let angle = Lanes::from_fn(|lane| (turns.0[lane] - quarters.0[lane] * 0.25) * std::f32::consts::TAU);
    let sine = angle.map(|x| {
        let x2 = x * x;
        x * (1.0 - x2 * (1.0 / 6.0 - x2 * (1.0 / 120.0 - x2 * (1.0 / 5_040.0))))
    });
    let cosine = angle.map(|x| {
        let x2 = x * x;
        1.0 - x2 * (0.5 - x2 * (1.0 / 24.0 - x2 * (1.0 / 720.0 - x2 * (1.0 / 40_320.0))))
    });
    // Quarter 0 and 4: (s, c); 1: (c, -s); 2: (-s, -c); 3: (-c, s).
    let rotate = |lane: usize| {
        let (s, c) = (sine.0[lane], cosine.0[lane]);
        let quarter = quarters.0[lane] as i32;
        let (s, c) = if quarter & 1 == 0 { (s, c) } else { (c, -s) };
        if quarter & 2 == 0 { (s, c) } else { (-s, -c) }
    };
    (Lanes::from_fn(|lane| rotate(lane).0), Lanes::from_fn(|lane| rotate(lane).1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_and_turn_are_accurate() {
        for step in 1..=10_000 {
            let t = step as f32 / 10_000.0;
            assert!((logarithm(Lanes::splat(t)).0[0] - t.ln()).abs() < 3e-6, "ln {t}");
            let (sine, cosine) = turn(Lanes::splat(t));
            let (s, c) = (f64::from(t) * std::f64::consts::TAU).sin_cos();
            assert!(
                (f64::from(sine.0[0]) - s).abs() < 3e-6 && (f64::from(cosine.0[0]) - c).abs() < 3e-6,
                "{t}"
            );
        }
        assert!((logarithm(Lanes::splat(1.0 / 16_777_216.0)).0[0] + 16.635_532).abs() < 1e-4);
    }

    /// Moments of a million numbers, each within five standard errors.
    #[test]
    fn normal_numbers_have_normal_moments() {
        let mut random = LaneRandom::new(1);
        let (mut sums, mut beyond) = ([0.0_f64; 4], 0.0);
        let count = 1_000_000;
        for _ in 0..count / LANES {
            for z in random.normal().0.map(f64::from) {
                for (power, sum) in (1..).zip(&mut sums) {
                    *sum += z.powi(power);
                }
                beyond += if z.abs() > 3.0 { 1.0 } else { 0.0 };
            }
        }
        let moment = |power: usize| sums[power - 1] / f64::from(count as u32);
        assert!(moment(1).abs() < 0.005, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.007, "variance {}", moment(2));
        assert!(moment(3).abs() < 0.02, "skewness {}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.05, "kurtosis {}", moment(4));
        assert!((beyond / f64::from(count as u32) - 0.0027).abs() < 0.000_26, "tails");
    }

    #[test]
    fn lanes_are_not_correlated() {
        let mut random = LaneRandom::new(2);
        let mut products = [0.0_f64; LANES];
        for _ in 0..100_000 {
            let z = random.normal().0.map(f64::from);
            for (lane, product) in products.iter_mut().enumerate() {
                *product += z[lane] * z[(lane + 1) % LANES];
            }
        }
        assert!(products.iter().all(|product| product.abs() / 1e5 < 0.016), "{products:?}");
    }
}
