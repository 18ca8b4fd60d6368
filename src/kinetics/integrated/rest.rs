//! Regular dosing at rest: where the interval between doses has left a subject as it found it, the intervals that follow
//! and are dosed alike would do the same, and need not be gone through.

use super::doses::Event;
use crate::ode::Tolerances;

/// What may change in all the intervals that are left out, as a share of the tolerance.
const UNSEEN: f64 = 0.1;
/// Times are the same that differ by less than this share of the interval.
const AT_ONCE: f64 = 1e-10;
/// Changes by no more than so many units in the last place are none.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// Watches subjects for rest.
#[derive(Debug)]
pub(super) struct Rest<'a> {
    interval: f64,
    tolerances: &'a Tolerances,
    /// By subject.
    beats: Vec<Beat>,
    /// By look: the look an interval earlier, if there is one.
    echoes: Vec<Option<usize>>,
    /// By look: when (h) somebody looks next, at this look or after it, who did not an interval earlier.
    unheard: Vec<f64>,
}

/// A subject at an event, before it happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing<'a> {
    pub events: &'a [Event],
    /// The event.
    pub next: usize,
    pub x: &'a [f64],
    pub rates: &'a [f64],
    /// The look that comes next.
    pub look: usize,
    /// Nothing is left out beyond this time.
    pub last: f64,
}

/// Where a subject stood an interval ago.
#[derive(Clone, Debug)]
struct Beat {
    event: usize,
    /// When that was (h).
    time: f64,
    x: Vec<f64>,
    rates: Vec<f64>,
    /// By how much the interval before that changed each state; less than nothing where that is not known.
    changes: Vec<f64>,
}

impl<'a> Rest<'a> {
    /// For subjects dosed at an interval (h) and looked at at these times (h, ascending).
    pub(super) fn new(interval: f64, tolerances: &'a Tolerances, subjects: usize, looks: &[f64]) -> Self {
        let mut earlier = 0;
        let echo = |look: &f64| {
            let passed = |at: &&f64| **at + interval < look - AT_ONCE * interval;
            earlier += looks[earlier..].iter().take_while(passed).count();
            looks.get(earlier).filter(|at| alike(**at + interval, *look, interval)).map(|_| earlier)
        };
        let echoes: Vec<Option<usize>> = looks.iter().map(echo).collect();
        let mut unheard = vec![f64::INFINITY; looks.len()];
        let mut next = f64::INFINITY;
        for ((unheard, echo), look) in unheard.iter_mut().zip(&echoes).zip(looks).rev() {
            next = if echo.is_none() { *look } else { next };
            *unheard = next;
        }
        let never =
            Beat { event: 0, time: f64::NEG_INFINITY, x: Vec::new(), rates: Vec::new(), changes: Vec::new() };
        Rest { interval, tolerances, beats: vec![never; subjects], echoes, unheard }
    }

    /// The look that shows what this one shows, where the intervals of both are alike.
    pub(super) fn echo(&self, look: usize) -> Option<usize> {
        self.echoes.get(look).copied().flatten()
    }

    /// The event up to which a subject may be taken as it stands: the one that it stands at, where it is not at rest.
    pub(super) fn until(&mut self, subject: usize, at: Standing<'_>) -> usize {
        let (time, beat) = (at.events[at.next].time, &self.beats[subject]);
        let since = time - beat.time;
        if since < self.interval * (1.0 - AT_ONCE) {
            return at.next;
        }
        let regular = alike(since, self.interval, self.interval) && beat.rates == at.rates;
        let period = at.next - beat.event;
        let still = self.settles(subject, at, period, regular);
        let until = if still { self.leap(at, period) } else { at.next };
        let beat = &mut self.beats[subject];
        (beat.event, beat.time) = (until, at.events[until].time);
        for (kept, now) in [(&mut beat.x, at.x), (&mut beat.rates, at.rates)] {
            kept.clear();
            kept.extend_from_slice(now);
        }
        until
    }

    /// Notes what the interval has changed and says whether the doses to come would not move the subject: every state
    /// changes by less from interval to interval, and so little that as much again in each of them is within the
    /// tolerance.
    fn settles(&mut self, subject: usize, at: Standing<'_>, period: usize, regular: bool) -> bool {
        let left = (at.events.len() - at.next).div_ceil(period.max(1)) as f64;
        let Beat { x, changes, .. } = &mut self.beats[subject];
        changes.resize(at.x.len(), f64::NEG_INFINITY);
        if !regular {
            changes.fill(f64::NEG_INFINITY);
            return false;
        }
        let mut settles = true;
        for (state, (now, before)) in at.x.iter().zip(x.iter()).enumerate() {
            let (change, size) = ((now - before).abs(), now.abs());
            let before = std::mem::replace(&mut changes[state], change);
            let tolerated = self.tolerances.absolute(state) + self.tolerances.relative() * size;
            let slight = change <= before && change * left <= UNSEEN * tolerated;
            settles &= slight || change <= ROUNDING * size;
        }
        settles
    }

    /// Goes over intervals that are dosed like the one before, whose looks all have an echo.
    fn leap(&self, at: Standing<'_>, period: usize) -> usize {
        let unheard = self.unheard.get(at.look).copied().unwrap_or(f64::INFINITY);
        let again = |event: &Event, before: &Event| {
            let as_before = event.compartment == before.compartment && event.change == before.change;
            as_before && alike(event.time - before.time, self.interval, self.interval)
        };
        let mut until = at.next;
        while let Some(end) = at.events.get(until + period) {
            let [before, now] = [until - period, until].map(|from| &at.events[from..from + period]);
            let regular = now.iter().zip(before).all(|(now, before)| again(now, before));
            let whole = alike(end.time - at.events[until].time, self.interval, self.interval);
            if !(regular && whole && end.time <= at.last && end.time < unheard) {
                break;
            }
            until += period;
        }
        until
    }
}

fn alike(a: f64, b: f64, interval: f64) -> bool {
    (a - b).abs() <= AT_ONCE * interval
}

#[cfg(test)]
mod tests {
    use super::super::doses::Change;
    use super::*;

    /// Doses day after day, each with an input of two hours from one hour on.
    fn days(amounts: &[f64]) -> Vec<Event> {
        let of = |(day, amount): (usize, &f64)| {
            let given = 24.0 * day as f64;
            let event = |time, change| Event { time, compartment: 0, change };
            let rate = |sign: f64| Change::Rate(sign * amount);
            [
                event(given, Change::Amount(*amount)),
                event(given + 1.0, rate(1.0)),
                event(given + 3.0, rate(-1.0)),
            ]
        };
        amounts.iter().enumerate().flat_map(of).collect()
    }

    /// Where a subject goes on from, which stood like this at its doses so far.
    fn after(amounts: &[f64], looks: &[f64], states: &[[f64; 2]]) -> usize {
        let events = days(amounts);
        let tolerances = Tolerances::per_state(1e-6, vec![1e-3, 1e-9]).unwrap();
        let mut rest = Rest::new(24.0, &tolerances, 1, looks);
        let mut until = 0;
        for (day, x) in states.iter().enumerate() {
            let time = 24.0 * day as f64;
            for event in 0..3 {
                let (next, look) = (3 * day + event, looks.iter().take_while(|look| **look <= time).count());
                let at = Standing { events: &events, next, x, rates: &[0.0; 2], look, last: 24.0 * 9.0 };
                let found = rest.until(0, at);
                assert!(found == next || event == 0);
                until = if event == 0 { found } else { until };
            }
        }
        until / 3
    }

    const CALM: [[f64; 2]; 3] = [[1.0, 2.0], [1.0, 3.0 - 1e-8], [1.0, 3.0]];

    #[test]
    fn a_subject_at_rest_is_taken_to_the_last_dose_like_those_before() {
        assert_eq!(after(&[5.0; 10], &[], &CALM), 9);
        // The seventh is another one: the days before it are left out, and it is given.
        assert_eq!(after(&[5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 6.0, 5.0, 5.0, 5.0], &[], &CALM), 6);
        assert_eq!(after(&[5.0, 6.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0], &[], &CALM), 2);
        // One that is left out leaves no day of one interval.
        assert_eq!(after(&[5.0, 5.0, 5.0], &[], &CALM), 2);
    }

    #[test]
    fn a_look_is_passed_only_where_it_was_looked_a_day_before() {
        let (morning, daily) = ([130.0], [34.0, 58.0, 82.0, 106.0]);
        assert_eq!(after(&[5.0; 10], &morning, &CALM), 5);
        assert_eq!(after(&[5.0; 10], &daily, &CALM), 9);
        assert_eq!(after(&[5.0; 10], &[34.0, 82.0], &CALM), 3);
        let tolerances = Tolerances::uniform(1e-6, 1e-6).unwrap();
        let rest = Rest::new(24.0, &tolerances, 1, &[10.0, 34.0, 40.0, 58.0, 90.0]);
        assert_eq!([0, 1, 2, 3, 4].map(|look| rest.echo(look)), [None, Some(0), None, Some(1), None]);
    }

    #[test]
    fn who_still_moves_is_not_at_rest() {
        // By more than a tenth of the tolerance in eight days.
        assert_eq!(after(&[5.0; 10], &[], &[[1.0, 2.0], [1.0, 3.0 - 1e-7], [1.0, 3.0]]), 2);
        // By less than that, but more from day to day.
        assert_eq!(after(&[5.0; 10], &[], &[[0.0, 1.0], [1e-9, 1.0], [1e-7, 1.0]]), 2);
        // The first day of all is compared with no other.
        assert_eq!(after(&[5.0; 10], &[], &[[1.0, 3.0 - 1e-8], [1.0, 3.0]]), 1);
        assert_eq!(after(&[5.0; 10], &[], &[[1.0, 3.0], [f64::NAN, 3.0], [f64::NAN, 3.0]]), 2);
    }
}
