//! Profiles: times and concentrations, checked; and raw data made into profiles.

use thiserror::Error;

/// Data that are no profile.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Different numbers of times and concentrations.
    #[error("{times} times and {concentrations} concentrations: each concentration needs its time")]
    Lengths {
        /// Times given.
        times: usize,
        /// Concentrations given.
        concentrations: usize,
    },
    /// Nothing to work with, or nothing left after cleaning.
    #[error("no concentration is left")]
    Empty,
    /// A time that is not finite, negative, or not after the one before it.
    #[error("row {row}: time {time}: times count from the dose, in order, each once")]
    Time {
        /// Its place, from 0.
        row: usize,
        /// Its value, h.
        time: f64,
    },
    /// A concentration that is negative or not finite.
    #[error("row {row}: concentration {concentration}: it must be zero or more")]
    Concentration {
        /// Its place, from 0.
        row: usize,
        /// Its value, mg/L.
        concentration: f64,
    },
    /// A limit of quantification that is negative or not finite.
    #[error("limit of quantification {0}: it must be zero or more")]
    Limit(f64),
}

/// Times since the dose (h, from 0, strictly ascending) and concentrations (mg/L, zero or more).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile<'a> {
    times: &'a [f64],
    concentrations: &'a [f64],
}

impl<'a> Profile<'a> {
    /// A profile from slices of the same length.
    ///
    /// # Errors
    /// [`ProfileError`] for the first row that breaks a rule.
    pub fn new(times: &'a [f64], concentrations: &'a [f64]) -> Result<Self, ProfileError> {
        if times.len() != concentrations.len() {
            return Err(ProfileError::Lengths { times: times.len(), concentrations: concentrations.len() });
        }
        if times.is_empty() {
            return Err(ProfileError::Empty);
        }
        let mut before = -1.0;
        for (row, (&time, &concentration)) in times.iter().zip(concentrations).enumerate() {
            if !(time.is_finite() && time >= 0.0 && time > before) {
                return Err(ProfileError::Time { row, time });
            }
            if !(concentration.is_finite() && concentration >= 0.0) {
                return Err(ProfileError::Concentration { row, concentration });
            }
            before = time;
        }
        Ok(Profile { times, concentrations })
    }

    /// Times since the dose, h.
    pub fn times(&self) -> &'a [f64] {
        self.times
    }

    /// Concentrations, mg/L.
    pub fn concentrations(&self) -> &'a [f64] {
        self.concentrations
    }

    /// Place of the highest concentration, the first of equals.
    pub(super) fn peak(&self) -> usize {
        let mut peak = 0;
        for (i, c) in self.concentrations.iter().enumerate() {
            if *c > self.concentrations[peak] {
                peak = i;
            }
        }
        peak
    }

    /// Place of the last positive concentration.
    pub(super) fn last(&self) -> Option<usize> {
        self.concentrations.iter().rposition(|c| *c > 0.0)
    }
}

/// What becomes of a value below the limit of quantification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It counts as zero.
    Zero,
    /// The row is left out.
    Drop,
    /// It counts as half the limit.
    HalfLimit,
}

/// The policy for values below the limit of quantification, by where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BelowLimit {
    /// Before the first measurable value.
    pub leading: Treatment,
    /// Between measurable values.
    pub embedded: Treatment,
    /// After the last measurable value.
    pub trailing: Treatment,
}

/// Zero before the first measurable value, left out between, zero after the last: then the area to the last measurable
/// value and the area to the end of the profile both mean what their names say.
impl Default for BelowLimit {
    fn default() -> Self {
        BelowLimit { leading: Treatment::Zero, embedded: Treatment::Drop, trailing: Treatment::Zero }
    }
}

/// An observed profile after cleaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    times: Vec<f64>,
    concentrations: Vec<f64>,
}

impl Observed {
    /// Cleans raw data. Missing concentrations (NaN) are left out; values below `limit` (mg/L; 0 for none) are treated
    /// by the policy.
    ///
    /// # Errors
    /// [`ProfileError`]; rows count within the raw data.
    pub fn new(
        times: &[f64],
        concentrations: &[f64],
        limit: f64,
        policy: BelowLimit,
    ) -> Result<Self, ProfileError> {
        if times.len() != concentrations.len() {
            return Err(ProfileError::Lengths { times: times.len(), concentrations: concentrations.len() });
        }
        if !(limit.is_finite() && limit >= 0.0) {
            return Err(ProfileError::Limit(limit));
        }
        let measurable = |c: &f64| *c >= limit && *c > 0.0;
        let first = concentrations.iter().position(measurable).unwrap_or(concentrations.len());
        let last = concentrations.iter().rposition(measurable).unwrap_or(0);
        let mut kept = Observed { times: Vec::new(), concentrations: Vec::new() };
        let mut before = -1.0;
        for (row, (&time, &concentration)) in times.iter().zip(concentrations).enumerate() {
            if concentration.is_nan() {
                continue;
            }
            if !(concentration.is_finite() && concentration >= 0.0) {
                return Err(ProfileError::Concentration { row, concentration });
            }
            if !(time.is_finite() && time >= 0.0 && time > before) {
                return Err(ProfileError::Time { row, time });
            }
            before = time;
            let treatment = if row < first {
                policy.leading
            } else if row > last {
                policy.trailing
            } else {
                policy.embedded
            };
            let value = if concentration >= limit && limit > 0.0 || concentration > 0.0 && limit == 0.0 {
                Some(concentration)
            } else {
                match treatment {
                    Treatment::Zero => Some(0.0),
                    Treatment::Drop => None,
                    Treatment::HalfLimit => Some(0.5 * limit),
                }
            };
            if let Some(value) = value {
                kept.times.push(time);
                kept.concentrations.push(value);
            }
        }
        if kept.times.is_empty() { Err(ProfileError::Empty) } else { Ok(kept) }
    }

    /// The profile.
    pub fn profile(&self) -> Profile<'_> {
        Profile { times: &self.times, concentrations: &self.concentrations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: [f64; 7] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    #[test]
    fn values_below_the_limit_go_by_where_they_stand() {
        let raw = [0.05, 1.0, 0.04, f64::NAN, 0.5, 0.09, 0.0];
        let clean = |policy| Observed::new(&TIMES, &raw, 0.1, policy).unwrap();
        let by_default = clean(BelowLimit::default());
        assert_eq!(by_default.times, [0.0, 1.0, 4.0, 5.0, 6.0]);
        assert_eq!(by_default.concentrations, [0.0, 1.0, 0.5, 0.0, 0.0]);
        let half = clean(BelowLimit {
            leading: Treatment::Drop,
            embedded: Treatment::HalfLimit,
            trailing: Treatment::HalfLimit,
        });
        assert_eq!(half.times, [1.0, 2.0, 4.0, 5.0, 6.0]);
        assert_eq!(half.concentrations, [1.0, 0.05, 0.5, 0.05, 0.05]);
    }

    #[test]
    fn without_a_limit_an_embedded_zero_is_below_it() {
        let clean = Observed::new(&TIMES[..4], &[0.0, 2.0, 0.0, 1.0], 0.0, BelowLimit::default()).unwrap();
        assert_eq!(clean.concentrations, [0.0, 2.0, 1.0]);
    }

    #[test]
    fn what_is_no_profile_is_refused_by_its_row() {
        let t = &TIMES[..2];
        assert_eq!(Profile::new(t, &[1.0]), Err(ProfileError::Lengths { times: 2, concentrations: 1 }));
        assert_eq!(Profile::new(&[], &[]), Err(ProfileError::Empty));
        assert_eq!(Profile::new(&[0.0, 0.0], &[1.0, 1.0]), Err(ProfileError::Time { row: 1, time: 0.0 }));
        assert_eq!(Profile::new(&[-1.0, 0.0], &[1.0, 1.0]), Err(ProfileError::Time { row: 0, time: -1.0 }));
        assert!(matches!(Profile::new(&[f64::NAN], &[1.0]), Err(ProfileError::Time { row: 0, .. })));
        assert!(matches!(Profile::new(t, &[1.0, f64::NAN]), Err(ProfileError::Concentration { row: 1, .. })));
        let raw = |c: &[f64], limit| Observed::new(t, c, limit, BelowLimit::default());
        assert_eq!(raw(&[1.0, -2.0], 0.0), Err(ProfileError::Concentration { row: 1, concentration: -2.0 }));
        assert_eq!(raw(&[1.0, 2.0], -0.1), Err(ProfileError::Limit(-0.1)));
        assert_eq!(raw(&[f64::NAN; 2], 0.0), Err(ProfileError::Empty));
        assert!(raw(&[0.0, 0.0], 0.1).is_ok(), "all below the limit is a profile of zeros");
    }
}
