//! Draws with addresses.
//!
//! A draw is not "the next number" but the number at an address: seed, purpose, parameter draw, replicate, subject,
//! occasion and index. What is drawn can therefore not depend on threads, blocks, shards or the order of the work,
//! and an arm, an output or a noise term that is added disturbs no other.
//!
//! The generator is ChaCha with 8 rounds (Bernstein 2008) of `rand_chacha`: seed, purpose, draw, replicate and
//! occasion are its key, the subject its stream, the index its position. One uniform gives one normal, by the inverse
//! distribution function, so the index of a draw never depends on the values before it.

use std::convert::Infallible;
use std::ops::Range;

use rand::SeedableRng;
use rand::rand_core::{Rng, TryRng};
use rand_chacha::ChaCha8Rng;

use crate::math::{exp, ln, normal_quantile};

/// What a draw is for. The numbers are part of the promise that results stay the same: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Covariates of a virtual subject.
    Covariates = 1,
    /// Between-subject random effects.
    Etas = 2,
    /// Between-occasion random effects.
    Occasions = 3,
    /// Residual error of concentrations.
    Residual = 4,
    /// The subject's luck against a probability: one uniform per endpoint.
    Luck = 5,
    /// Draws of uncertain parameters.
    Parameters = 6,
    /// Chains and resampling in the fitting of evidence.
    Evidence = 7,
    /// Dropout and discontinuation.
    Discontinuation = 8,
    /// Doses missed, late or doubled.
    Adherence = 9,
    /// Assay error of monitored values.
    Assay = 10,
    /// Allocation to arms.
    Randomisation = 11,
    /// Between-subject spread of biomarkers.
    Biomarkers = 12,
    /// Windows and missed visits.
    Visits = 13,
}

/// The address of a stream of draws.
///
/// ```
/// use exposim::random::{Address, Purpose, Stream};
/// let address = Address::new(20_260_101, Purpose::Etas).subject(7);
/// let mut stream = Stream::new(address);
/// let (first, second) = (stream.normal(), stream.normal());
/// let mut again = Stream::new(address);
/// again.seek(1);
/// assert_eq!(again.normal(), second);
/// assert_ne!(first, second);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    seed: u64,
    purpose: Purpose,
    draw: u32,
    replicate: u32,
    occasion: u32,
    subject: u64,
}

impl Address {
    /// The address of a seed and purpose; draw, replicate, occasion and subject are 0.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Address { seed, purpose, draw: 0, replicate: 0, occasion: 0, subject: 0 }
    }

    /// The same address at another draw of the uncertain parameters.
    #[must_use]
    pub fn draw(self, draw: u32) -> Self {
        Address { draw, ..self }
    }

    /// The same address in another simulated trial.
    #[must_use]
    pub fn replicate(self, replicate: u32) -> Self {
        Address { replicate, ..self }
    }

    /// The same address on another occasion.
    #[must_use]
    pub fn occasion(self, occasion: u32) -> Self {
        Address { occasion, ..self }
    }

    /// The same address for something with a name, such as a response or an output: another one disturbs no draw of
    /// its own. The name takes the place of the occasion, by its [`number_of`].
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.occasion(number_of(name))
    }

    /// A seed for what draws at many addresses of its own.
    pub fn own_seed(self) -> u64 {
        Stream::new(self).0.next_u64()
    }

    /// The same address for another subject.
    #[must_use]
    pub fn subject(self, subject: u64) -> Self {
        Address { subject, ..self }
    }
}

/// Subjects by their numbers, within one simulated trial. Replicate 0 is the trial that is simulated once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subjects {
    /// The simulated trial: each has subjects of its own.
    pub replicate: u32,
    /// Their numbers in it.
    pub numbers: Range<u64>,
}

impl From<Range<u64>> for Subjects {
    fn from(numbers: Range<u64>) -> Self {
        Subjects { replicate: 0, numbers }
    }
}

impl Subjects {
    /// How many they are.
    pub fn count(&self) -> usize {
        usize::try_from(self.numbers.end.saturating_sub(self.numbers.start)).unwrap_or(0)
    }

    /// The streams at an address, one a subject in the order of their numbers.
    pub fn streams(&self, address: Address) -> impl Iterator<Item = Stream> + use<> {
        let address = address.replicate(self.replicate);
        self.numbers.clone().map(move |subject| Stream::new(address.subject(subject)))
    }
}

/// The number that stands for a name in addresses: the hash FNV-1a of 32 bits.
pub fn number_of(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The draws at an address, from the first on.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of an address, at its first draw.
    pub fn new(address: Address) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&address.seed.to_le_bytes());
        key[8..12].copy_from_slice(&(address.purpose as u32).to_le_bytes());
        key[12..16].copy_from_slice(&address.draw.to_le_bytes());
        key[16..20].copy_from_slice(&address.replicate.to_le_bytes());
        key[20..24].copy_from_slice(&address.occasion.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(address.subject);
        Stream(generator)
    }

    /// Goes to the draw with an index from 0 on.
    pub fn seek(&mut self, index: u64) {
        self.0.set_word_pos(u128::from(index) * 2);
    }

    /// A uniform draw in the open interval (0, 1): the middle of one of 2^52 equal cells.
    pub fn uniform(&mut self) -> f64 {
        const CELL: f64 = 1.0 / (1u64 << 52) as f64;
        // 52 bits convert without rounding, and so does the half cell.
        #[allow(clippy::cast_precision_loss)]
        let cell = (self.0.next_u64() >> 12) as f64;
        (cell + 0.5) * CELL
    }

    /// A standard normal draw, from one uniform.
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// A chi-square draw with degrees of freedom above 0. It takes a number of draws that depends on their values.
    ///
    /// Twice a gamma draw by rejection (Marsaglia & Tsang 2000, ACM Trans Math Softw 26:363); below a shape of 1 a draw
    /// of one more is scaled by a power of a uniform, as they say.
    pub fn chi_square(&mut self, degrees_of_freedom: f64) -> f64 {
        let shape = 0.5 * degrees_of_freedom;
        let (shape, scale) =
            if shape < 1.0 { (shape + 1.0, exp(ln(self.uniform()) / shape)) } else { (shape, 1.0) };
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            let v = root * root * root;
            let u = self.uniform();
            if v > 0.0 && ln(u) < 0.5 * x * x + d - d * v + d * ln(v) {
                return 2.0 * scale * d * v;
            }
        }
    }
}

/// For distributions of other crates that need rejection: these take a number of draws that depends on the values.
impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_with_different_addresses_differ() {
        let base = Address::new(1, Purpose::Etas);
        let addresses = [
            base,
            base.draw(1),
            base.replicate(1),
            base.occasion(1),
            base.subject(1),
            Address::new(2, Purpose::Etas),
            Address::new(1, Purpose::Luck),
        ];
        let firsts: Vec<f64> = addresses.iter().map(|&a| Stream::new(a).uniform()).collect();
        for i in 0..firsts.len() {
            for j in 0..i {
                assert_ne!(firsts[i], firsts[j], "{i} {j}");
            }
        }
    }

    #[test]
    fn an_index_names_a_draw() {
        let address = Address::new(5, Purpose::Luck).subject(u64::MAX);
        let mut stream = Stream::new(address);
        let draws: Vec<f64> = (0..100).map(|_| stream.uniform()).collect();
        for index in [99u64, 0, 33] {
            stream.seek(index);
            assert_eq!(stream.uniform(), draws[usize::try_from(index).unwrap()]);
        }
        assert!(draws.iter().all(|u| *u > 0.0 && *u < 1.0));
    }

    #[test]
    fn known_answers_pin_the_generator() {
        let mut stream = Stream::new(Address::new(20_260_101, Purpose::Etas).draw(2).replicate(3).subject(4));
        let draws = [stream.uniform(), stream.normal(), stream.normal()];
        assert_eq!(draws, [0.985_360_773_544_886_3, 0.384_965_726_387_441_6, -0.341_121_365_831_778_27]);
    }
}
