//! Steps along the Taylor polynomials of the solutions, for fleets that know the coefficients. The length of a step
//! follows from the last two coefficients before it is made (Jorba and Zou 2005, Experiment. Math. 14:99, §3.2), so that
//! none is thrown away, and the polynomial is the solution at any time within the step.

use crate::math::{self, dispatch::Kernel};

use super::control::{HOPELESS, INSIDE, StiffnessWatch, cut};
use super::lanes::{END, Lanes, SHOW, wish};

/// The order of the polynomials by which fleets are carried that know their Taylor coefficients.
pub const ORDER: usize = 14;

/// Where the region of stability ends on the negative real axis: there the polynomial of exp has the size 1 again.
const STABILITY: f64 = 6.58;

/// The last term of the polynomial may be so many tolerances. Those left out are about as large together, and errors of
/// steps add up where nothing damps them: a hundredth leaves as much of the tolerance as the method of order 8 does, whose
/// error is less than its estimate.
const LAST_TERM: f64 = 0.01;

/// One step of every lane.
pub(super) struct Advance<'a> {
    pub lanes: &'a mut Lanes,
    pub x: &'a [f64],
    /// Coefficients from order 1 on.
    pub coefficients: &'a [f64],
    pub after: &'a mut [f64],
    pub absolute: &'a [f64],
    pub relative: f64,
    pub longest_step: f64,
    pub most_steps: f64,
    /// Scratch of a column.
    pub spare: &'a mut [f64],
}

impl Kernel for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        self.measure();
        self.choose();
        self.follow();
    }
}

impl<'a> Advance<'a> {
    /// The squares of the last coefficients in units of the tolerance: of the highest order as the error of the lane, of
    /// the one below as `spare`.
    #[inline(always)]
    fn measure(&mut self) {
        let (width, whole) = (self.spare.len(), self.x.len());
        let (error, spare) = (&mut self.lanes.error[..width], &mut self.spare[..width]);
        error.fill(0.0);
        spare.fill(0.0);
        for (row, absolute) in self.absolute.iter().enumerate() {
            let part = |order: usize| &self.coefficients[(order - 1) * whole + row * width..][..width];
            let (x, last, before) = (&self.x[row * width..][..width], part(ORDER), part(ORDER - 1));
            for l in 0..width {
                let scale = 1.0 / (absolute + self.relative * x[l].abs());
                let (last, before) = (scale * last[l], scale * before[l]);
                error[l] += last * last;
                spare[l] += before * before;
            }
        }
    }

    /// The step of every lane, where it ends, and what the lane wants after it.
    #[inline(always)]
    fn choose(&mut self) {
        let width = self.spare.len();
        let Lanes {
            t, to, step, trial, end, error, beyond, within, ask, busy, tried, accepted, wants, ..
        } = &mut *self.lanes;
        let (t, to, ask, busy) = (&t[..width], &to[..width], &ask[..width], &busy[..width]);
        let (step, trial, end) = (&mut step[..width], &mut trial[..width], &mut end[..width]);
        let (error, spare) = (&mut error[..width], &self.spare[..width]);
        let (beyond, within) = (&mut beyond[..width], &mut within[..width]);
        let (tried, accepted, wants) = (&mut tried[..width], &mut accepted[..width], &mut wants[..width]);
        let scale = 1.0 / (self.absolute.len() as f64 * LAST_TERM * LAST_TERM);
        for l in 0..width {
            let (last, before) = (error[l] * scale, spare[l] * scale);
            let by_last = rough_log2(last) * (0.5 / ORDER as f64);
            let by_before = rough_log2(before) * (0.5 / (ORDER - 1) as f64);
            let log = if by_last > by_before { by_last } else { by_before };
            let wanted = math::exp(-std::f64::consts::LN_2 * log);
            let wanted = if wanted < self.longest_step { wanted } else { self.longest_step };
            // Neither infinite nor not a number.
            let good = last + before < f64::INFINITY;
            let left = to[l] - t[l];
            let length = if good { cut(wanted, left) } else { 0.0 };
            let arrives = good & (length == left);
            step[l] = if good { wanted } else { 0.0 };
            trial[l] = length;
            end[l] = if arrives { to[l] } else { t[l] + length };
            error[l] = if good { 0.0 } else { f64::INFINITY };

            // Where a fast decay has come to rule the coefficients, each is the one before times λ / k.
            let reach = ORDER as f64 * length;
            let over = reach * reach * last > (INSIDE * STABILITY) * (INSIDE * STABILITY) * before;
            let mut watch = StiffnessWatch { beyond: beyond[l], within: within[l], ..Default::default() };
            let stiff = watch.note(over);
            let stiff = stiff & good & (to[l] - end[l] > HOPELESS * length);
            (beyond[l], within[l]) = (watch.beyond, watch.within);
            tried[l] += busy[l];
            accepted[l] += if good { busy[l] } else { 0.0 };
            let over = arrives | !good | stiff | (tried[l] >= self.most_steps);
            wants[l] = busy[l] * (wish(good & (ask[l] <= end[l]), SHOW) + wish(over, END));
        }
    }

    /// The states at the ends of the steps.
    #[inline(always)]
    fn follow(&mut self) {
        let (width, whole) = (self.spare.len(), self.x.len());
        let h = &self.lanes.trial[..width];
        for (row, after) in self.after.chunks_exact_mut(width).enumerate() {
            let x = &self.x[row * width..][..width];
            let parts: [&[f64]; ORDER] =
                std::array::from_fn(|k| &self.coefficients[k * whole + row * width..][..width]);
            for l in 0..width {
                let mut sum = parts[ORDER - 1][l];
                for k in (0..ORDER - 1).rev() {
                    sum = sum * h[l] + parts[k][l];
                }
                after[l] = x[l] + sum * h[l];
            }
        }
    }
}

/// The binary logarithm of a number that is not negative, too small by at most 0.087: the significand less 1 stands for its
/// own logarithm. The step is a 26th root at least, of which that is less than a quarter of a per cent.
#[inline(always)]
fn rough_log2(x: f64) -> f64 {
    const SIGNIFICAND: f64 = (1_u32 << 20) as f64;
    // The half with the exponent is enough, and fits a number that every instruction set can convert.
    f64::from((x.to_bits() >> 32) as i32) * (1.0 / SIGNIFICAND) - 1023.0
}

/// The state of a lane so long after the begin of its step.
pub(super) fn state(begin: f64, coefficients: impl DoubleEndedIterator<Item = f64>, since: f64) -> f64 {
    begin + coefficients.rev().fold(0.0, |sum, coefficient| sum * since + coefficient) * since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ode::{Derivative, Ended, Fleet, FleetIntegrator, Leg, OdeError, Settings, Start, Tolerances};

    /// dx/dt = λ (y - x), dy/dt = -μ y, from 3 and 1 on, of a λ and a μ a lane.
    struct Pairs {
        rates: Vec<[f64; 2]>,
        to: f64,
        asks: Vec<f64>,
        seen: Vec<Vec<(f64, [f64; 2])>>,
        ended: Vec<Option<Ended>>,
    }

    impl Fleet for Pairs {
        fn dimension(&self) -> usize {
            2
        }

        fn rhs(&mut self, _: &[f64], _: &[f64], _: &mut [f64]) {
            panic!("the coefficients are known");
        }

        fn expand(&mut self, t: &[f64], x: &[f64], out: &mut [f64]) -> Derivative {
            let width = t.len();
            for (l, [lambda, mu]) in self.rates.iter().enumerate() {
                let (mut fast, mut slow) = (x[l], x[width + l]);
                for k in 0..ORDER {
                    let share = 1.0 / (k + 1) as f64;
                    (fast, slow) = (lambda * (slow - fast) * share, -mu * slow * share);
                    (out[2 * k * width + l], out[(2 * k + 1) * width + l]) = (fast, slow);
                }
            }
            Derivative::Written
        }

        fn next_leg(&mut self, lane: usize, ended: Ended, x: &mut [f64]) -> Option<Leg> {
            if ended != Ended::NotBegun {
                self.ended[lane] = Some(ended);
                self.seen[lane].push((self.to, [x[0], x[1]]));
                return None;
            }
            x.copy_from_slice(&[3.0, 1.0]);
            let ask = self.asks.first().copied().unwrap_or(f64::INFINITY);
            Some(Leg { from: 0.0, to: self.to, ask, start: Start::Anew })
        }

        fn visit(&mut self, lane: usize, t: f64, x: &[f64]) -> f64 {
            self.seen[lane].push((t, [x[0], x[1]]));
            self.asks.get(self.seen[lane].len()).copied().unwrap_or(f64::INFINITY)
        }
    }

    fn run(rates: &[[f64; 2]], to: f64, asks: &[f64], settings: Settings) -> (Pairs, usize) {
        let lanes = rates.len();
        let (seen, ended) = (vec![Vec::new(); lanes], vec![None; lanes]);
        let mut pairs = Pairs { rates: rates.to_vec(), to, asks: asks.to_vec(), seen, ended };
        let work = FleetIntegrator::new(settings, lanes).run(&mut pairs).unwrap();
        (pairs, work.steps)
    }

    fn settings(relative: f64) -> Settings {
        Settings::new(crate::ode::Method::Tsitouras, Tolerances::uniform(relative, 1e-3 * relative).unwrap())
    }

    fn exact([lambda, mu]: [f64; 2], t: f64) -> [f64; 2] {
        let share = lambda / (lambda - mu);
        let slow = libm::exp(-mu * t);
        [share * slow + (3.0 - share) * libm::exp(-lambda * t), slow]
    }

    #[test]
    fn states_are_within_the_tolerance_at_the_end_and_within_steps() {
        let rates: Vec<[f64; 2]> = (0..9).map(|k| [1.0 + f64::from(k), 0.07]).collect();
        let mut steps = Vec::new();
        for relative in [1e-4, 1e-7, 1e-10] {
            let (pairs, made) = run(&rates, 10.0, &[0.0, 0.013, 0.7, 3.3, 3.4], settings(relative));
            steps.push(made);
            for (seen, rates) in pairs.seen.iter().zip(&rates) {
                assert_eq!(seen.len(), 6);
                for (t, found) in seen {
                    for (found, exact) in found.iter().zip(exact(*rates, *t)) {
                        assert!((found - exact).abs() < relative * exact + 1e-14, "{t}: {found} {exact}");
                    }
                }
            }
        }
        assert!(steps[0] < steps[1] && steps[1] < steps[2] && steps[2] < 9 * 40, "{steps:?}");
    }

    #[test]
    fn rough_logarithms_are_near_and_never_too_large() {
        for exponent in [-1000, -40, -1, 0, 1, 2, 300] {
            for part in 0..64 {
                let x = f64::exp2(f64::from(exponent)) * (1.0 + f64::from(part) / 64.0);
                let short = libm::log2(x) - rough_log2(x);
                assert!((-1e-9..0.087).contains(&short), "{x:e}: {short}");
            }
        }
        assert_eq!(rough_log2(0.0), -1023.0);
    }

    #[test]
    fn lanes_do_not_know_their_company() {
        let rates = [[1.0, 0.1], [30.0, 0.2], [4.0, 0.3]];
        let (together, _) = run(&rates, 10.0, &[0.5], settings(1e-8));
        for (lane, rates) in rates.iter().enumerate() {
            assert_eq!(run(&[*rates], 10.0, &[0.5], settings(1e-8)).0.seen[0], together.seen[lane]);
        }
    }

    #[test]
    fn what_cannot_go_on_says_why() {
        let ended =
            |rates: [f64; 2], to: f64, settings: Settings| run(&[rates], to, &[], settings).0.ended[0];
        assert!(matches!(
            ended([1e4, 1e-3], 1e4, settings(1e-6)),
            Some(Ended::Failed(OdeError::Stiff { time, .. })) if time < 1.0
        ));
        // Too short to be worth another method.
        assert_eq!(ended([1e4, 1e-3], 0.5, settings(1e-6)), Some(Ended::Arrived));
        let few = Settings { most_steps: 3, ..settings(1e-6) };
        assert!(matches!(
            ended([1.0, 0.1], 100.0, few),
            Some(Ended::Failed(OdeError::TooManySteps { steps: 3, time })) if time > 0.0
        ));
        assert!(matches!(
            ended([f64::NAN, 0.1], 100.0, settings(1e-6)),
            Some(Ended::Failed(OdeError::NonFinite { time: 0.0, .. }))
        ));
        assert!(matches!(
            ended([1e200, 0.1], 100.0, settings(1e-6)),
            Some(Ended::Failed(OdeError::NonFinite { time: 0.0, .. }))
        ));
    }

    #[test]
    fn steps_are_no_longer_than_they_may_be() {
        let (pairs, steps) = run(&[[0.0, 0.0]], 10.0, &[], Settings { longest_step: 0.5, ..settings(1e-6) });
        assert_eq!((pairs.ended[0], steps), (Some(Ended::Arrived), 20));
        assert_eq!(run(&[[0.0, 0.0]], 10.0, &[], settings(1e-6)).1, 1);
    }
}
