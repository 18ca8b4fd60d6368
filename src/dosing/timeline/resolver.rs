//! From records to events: the state of what is running and what is still to come.

use super::form::{form, not_negative};
use super::pending::{Due, Pending};
use super::{Administered, Change, Ending, Entry, Event, Fault, Form, Period, PeriodicDose, Timeline};
use crate::dosing::record::{Dose, Record, SteadyState};

/// An infusion that is running.
struct Running {
    compartment: usize,
    rate: f64,
    administered: Option<usize>,
}

/// Resolves one record after the other.
pub(super) struct Resolver<'a> {
    /// The last time of any record: what is due later is not part of the timeline.
    horizon: f64,
    /// The record that is being dealt with.
    record: usize,
    /// The records whose times are in order with it.
    ordered: &'a [Record],
    events: Vec<Event>,
    administered: Vec<Administered>,
    pending: Pending,
    /// Running infusions, by the number under which their end is pending.
    running: Vec<(usize, Running)>,
    started: usize,
}

impl<'a> Resolver<'a> {
    /// Before the first record.
    pub(super) fn new(records: &'a [Record]) -> Self {
        Resolver {
            horizon: records.iter().map(|r| r.time).fold(f64::NEG_INFINITY, f64::max),
            record: 0,
            ordered: ordered_from(records, 0),
            events: Vec::new(),
            administered: Vec::new(),
            pending: Pending::default(),
            running: Vec::new(),
            started: 0,
        }
    }

    /// The clock comes to a record: what is due happens, and a reset clears (rules 3 and 7).
    pub(super) fn arrive(&mut self, records: &'a [Record], index: usize) {
        self.record = index;
        let Some(record) = records.get(index) else { return };
        self.arrivals_until(record.time);
        if record.resets() {
            self.ordered = ordered_from(records, index);
            self.clear(record.time);
            self.push(record.time, Change::Reset);
        }
    }

    /// The record has been dealt with.
    pub(super) fn look(&mut self, time: f64) {
        self.push(time, Change::Look);
    }

    fn push(&mut self, time: f64, change: Change) {
        self.events.push(Event { time, record: self.record, change });
    }

    /// Everything pending that is due by now happens, before the record of this time (rule 3).
    fn arrivals_until(&mut self, now: f64) {
        while let Some((time, due)) = self.pending.next_until(now) {
            match due {
                Due::Arrival { administered, compartment, form } => {
                    self.enter(time, compartment, form, Some(administered));
                }
                Due::Given => self.push(time, Change::Given),
                Due::End { infusion } => self.stop(time, infusion),
            }
        }
    }

    /// Running infusions and pending doses are no more (rules 5 and 7).
    fn clear(&mut self, now: f64) {
        for (_, due) in self.pending.drain() {
            if let Due::Arrival { administered, .. } = due {
                self.administered[administered].ending = Ending::Cancelled { at: now };
            }
        }
        for (_, running) in self.running.drain(..) {
            if let Some(administered) = running.administered {
                self.administered[administered].ending = Ending::Interrupted { at: now };
            }
        }
    }

    /// A dose record: its steady state, the dose itself, and the additional ones.
    pub(super) fn dose(&mut self, now: f64, dose: &Dose, entries: &[Entry]) -> Result<(), (Fault, String)> {
        for entry in entries {
            not_negative("the bioavailability F", entry.bioavailability)?;
            not_negative("the lag time", entry.lag)?;
        }
        if dose.steady() == Some(SteadyState::Replaces) {
            self.clear(now);
        }
        if let Some(how) = dose.steady()
            && dose.is_constant_infusion()
        {
            return self.constant_infusion(now, dose, entries, how);
        }
        let forms = entries.iter().map(|entry| form(dose, entry)).collect::<Result<Vec<_>, _>>()?;
        if let Some(how) = dose.steady() {
            self.steady_state(now, dose, entries, &forms, how)?;
        }
        for number in 0..=dose.additional() {
            let given = self.due(now, f64::from(number) * dose.interval());
            if given > self.horizon {
                break;
            }
            if number == 0 {
                self.push(now, Change::Given);
            } else {
                self.pending.push(given, Due::Given);
            }
            for (entry, form) in entries.iter().zip(&forms) {
                self.give(given, number, dose, entry, *form);
            }
        }
        Ok(())
    }

    /// Rule 6.
    fn constant_infusion(
        &mut self,
        now: f64,
        dose: &Dose,
        entries: &[Entry],
        how: SteadyState,
    ) -> Result<(), (Fault, String)> {
        let mut rates = Vec::with_capacity(entries.len());
        for entry in entries {
            // A dose of nothing still has the form's rate.
            if let Form::Infusion { rate, .. } = form(dose, entry)? {
                rates.push((entry.compartment, rate));
            }
        }
        self.push(now, Change::SteadyInfusion { rates, how });
        Ok(())
    }

    /// Rules 5 and 8: the periodic state, the infusions that earlier doses have left running, and the earlier doses
    /// that are still on their way.
    fn steady_state(
        &mut self,
        now: f64,
        dose: &Dose,
        entries: &[Entry],
        forms: &[Form],
        how: SteadyState,
    ) -> Result<(), (Fault, String)> {
        let interval = dose.interval();
        let mut doses = Vec::with_capacity(entries.len());
        for (entry, form) in entries.iter().zip(forms) {
            let made = PeriodicDose::new(entry.compartment, *form, entry.lag, interval);
            doses.push(made.map_err(|message| (Fault::Interval, message))?);
        }
        let period = Period::new(interval, doses);
        self.push(now, Change::Steady { period: period.clone(), how });
        for periodic in period.doses() {
            if let Form::Infusion { rate, .. } = periodic.form() {
                let compartment = periodic.compartment();
                for left in periodic.running(interval) {
                    self.start(now, now + left, Running { compartment, rate, administered: None });
                }
            }
        }
        for ((entry, form), periodic) in entries.iter().zip(forms).zip(period.doses()) {
            for back in (1..=periodic.on_their_way()).rev() {
                let before = f64::from(back) * interval;
                self.await_arrival(now + entry.lag - before, now - before, 0, dose, entry, *form);
            }
        }
        Ok(())
    }

    /// A dose is given: it enters now or is pending.
    fn give(&mut self, given: f64, number: u32, dose: &Dose, entry: &Entry, form: Form) {
        if number == 0 && entry.lag == 0.0 {
            let administered = self.note(given, given, number, dose, entry, form);
            self.enter(given, entry.compartment, form, Some(administered));
        } else {
            self.await_arrival(given + entry.lag, given, number, dose, entry, form);
        }
    }

    fn await_arrival(
        &mut self,
        arrival: f64,
        given: f64,
        number: u32,
        dose: &Dose,
        entry: &Entry,
        form: Form,
    ) {
        let administered = self.note(given, arrival, number, dose, entry, form);
        if arrival <= self.horizon {
            self.pending.push(arrival, Due::Arrival { administered, compartment: entry.compartment, form });
        }
    }

    fn note(
        &mut self,
        given: f64,
        enters: f64,
        number: u32,
        dose: &Dose,
        entry: &Entry,
        form: Form,
    ) -> usize {
        self.administered.push(Administered {
            record: self.record,
            number,
            given,
            enters,
            compartment: entry.compartment,
            amount: dose.amount(),
            bioavailability: entry.bioavailability,
            lag: entry.lag,
            form,
            ending: Ending::Complete,
        });
        self.administered.len() - 1
    }

    /// The time `after` hours from now, or that of a record which differs by rounding alone (rule 3).
    fn due(&self, now: f64, after: f64) -> f64 {
        if after == 0.0 {
            return now;
        }
        let due = now + after;
        let slack = 4.0 * f64::EPSILON * (now.abs() + after);
        let near = self.ordered.partition_point(|r| r.time < due - slack);
        match self.ordered.get(near) {
            Some(record) if (record.time - due).abs() <= slack => record.time,
            _ => due,
        }
    }

    fn enter(&mut self, time: f64, compartment: usize, form: Form, administered: Option<usize>) {
        match form {
            Form::Bolus(amount) if amount != 0.0 => self.push(time, Change::Bolus { compartment, amount }),
            Form::Infusion { rate, duration } if rate > 0.0 && duration > 0.0 => {
                self.start(time, time + duration, Running { compartment, rate, administered });
            }
            Form::Bolus(_) | Form::Infusion { .. } => {}
        }
    }

    fn start(&mut self, time: f64, end: f64, infusion: Running) {
        let compartment = infusion.compartment;
        let number = self.started;
        self.started += 1;
        self.running.push((number, infusion));
        self.pending.push(end, Due::End { infusion: number });
        self.total_rate(time, compartment);
    }

    fn stop(&mut self, time: f64, number: usize) {
        if let Some(at) = self.running.iter().position(|(n, _)| *n == number) {
            let (_, ended) = self.running.remove(at);
            self.total_rate(time, ended.compartment);
        }
    }

    /// The rate is summed anew from what is running, so that it is exactly zero when nothing runs.
    fn total_rate(&mut self, time: f64, compartment: usize) {
        let rate =
            self.running.iter().filter(|(_, r)| r.compartment == compartment).map(|(_, r)| r.rate).sum();
        self.push(time, Change::Rate { compartment, rate });
    }

    /// After the last record.
    pub(super) fn finish(self) -> Timeline {
        Timeline { events: self.events, administered: self.administered }
    }
}

/// The records from `start` on up to where the clock goes back.
fn ordered_from(records: &[Record], start: usize) -> &[Record] {
    let rest = records.get(start..).unwrap_or_default();
    let back = rest.windows(2).position(|pair| pair[1].time < pair[0].time);
    back.map_or(rest, |last| &rest[..=last])
}
