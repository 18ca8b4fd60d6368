//! Every event rule of `dosing::timeline`, by number, against values computed without any rule:
//! `scripts/reference/event_rules.py` writes each scenario out as boluses and infusion windows by hand and solves it with
//! scipy's matrix exponential; a steady state is thousands of doses one after another.

use exposim::dosing::record::{Carry, Dose, Kind, Rate, Record, SteadyState, Target};
use exposim::dosing::timeline::{Ending, Entry, Timeline, ZeroOrder};
use exposim::kinetics::subject::{Equations, Linear, LinearSystem, Ode, Reason, walk};
use exposim::ode::{Method, Settings, Tolerances};

const KA: f64 = 0.6;
const K: f64 = 0.15;

/// A depot and a central compartment; the elimination rate of every record.
struct Oral(Vec<f64>, usize);

impl LinearSystem for Oral {
    fn states(&self) -> usize {
        2
    }

    fn coefficients(
        &mut self,
        record: usize,
        a: &mut [f64],
        _: &mut [f64],
        _: &mut [f64],
    ) -> Result<(), Reason> {
        a.copy_from_slice(&[-KA, 0.0, KA, -self.0[record]]);
        Ok(())
    }
}

impl Equations for Oral {
    fn states(&self) -> usize {
        2
    }

    fn hold(&mut self, record: usize) -> Result<(), Reason> {
        self.1 = record;
        Ok(())
    }

    fn rhs(&mut self, _: f64, x: &[f64], dx: &mut [f64]) {
        dx[0] = -KA * x[0];
        dx[1] = KA * x[0] - self.0[self.1] * x[1];
    }
}

/// A dose into a compartment (from 1) at once.
fn bolus(amount: f64, compartment: usize) -> Dose {
    Dose::once(amount, Target::Number(compartment), Rate::Bolus).unwrap()
}

/// A dose with everything that a record can say.
fn dose(amount: f64, compartment: usize, rate: Rate, ii: f64, addl: u32, ss: Option<SteadyState>) -> Dose {
    Dose::new(amount, Target::Number(compartment), rate, ii, addl, ss).unwrap()
}

fn look(time: f64) -> Record {
    Record { time, kind: Kind::Observation { measured: true } }
}

fn give(time: f64, dose: Dose) -> Record {
    Record { time, kind: Kind::Dose(dose) }
}

fn plain(_: usize, dose: &Dose, out: &mut Vec<Entry>) -> Result<(), String> {
    out.push(Entry::plain(place(dose)));
    Ok(())
}

fn place(dose: &Dose) -> usize {
    match dose.target() {
        Target::Number(number) => number - 1,
        Target::Default | Target::Named(_) => 0,
    }
}

type Entries<'a> = &'a mut dyn FnMut(usize, &Dose, &mut Vec<Entry>) -> Result<(), String>;

/// The central amount at every observation record: by propagators, and by the integrator as a second witness.
fn central(records: &[Record], rates: &[f64], carry: Carry, entries: Entries<'_>) -> Vec<f64> {
    let timeline = Timeline::resolve(records, entries).unwrap();
    let rates = |i: usize| if rates.is_empty() { K } else { rates[i] };
    let rates: Vec<f64> = (0..records.len()).map(rates).collect();
    let mut seen = Vec::new();
    let collect = |seen: &mut Vec<f64>, record: usize, state: &[f64]| {
        if records[record].is_measured() {
            seen.push(state[1]);
        }
    };
    let mut exact = Linear::new(Oral(rates.clone(), 0));
    walk(&timeline, &mut exact, carry, |record, _, state| collect(&mut seen, record, state)).unwrap();
    let settings = Settings::new(Method::Automatic, Tolerances::uniform(1e-11, 1e-12).unwrap());
    let mut integrated = Vec::new();
    let mut second = Ode::new(Oral(rates, 0), settings);
    walk(&timeline, &mut second, carry, |record, _, state| collect(&mut integrated, record, state)).unwrap();
    near(&integrated, &seen, 1e-8);
    seen
}

fn near(got: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(got.len(), expected.len(), "{got:?} for {expected:?}");
    for (g, e) in got.iter().zip(expected) {
        assert!((g - e).abs() <= relative * e.abs().max(1e-6), "{got:?} for {expected:?}");
    }
}

fn check(records: &[Record], expected: &[f64], entries: Entries<'_>) {
    near(&central(records, &[], Carry::Backward, entries), expected, 1e-11);
}

#[test]
fn rule_1_parameters_hold_over_the_interval_that_ends_at_their_record() {
    let records = [give(0.0, dose(100.0, 1, Rate::Bolus, 8.0, 1, None)), look(5.0), look(10.0)];
    let rates = [0.10, 0.20, 0.05];
    near(
        &central(&records, &rates, Carry::Backward, &mut plain),
        &[47.7138559205363, 106.971078730141],
        1e-11,
    );
    near(&central(&records, &rates, Carry::Forward, &mut plain), &[66.809230961372, 82.3221506764892], 1e-11);
}

#[test]
fn rule_2_additional_doses_have_the_attributes_of_their_dose_record() {
    let records =
        [give(0.0, dose(100.0, 1, Rate::Bolus, 6.0, 2, None)), look(6.0), look(7.0), look(14.0), look(20.0)];
    let mut asked = Vec::new();
    let expected = [28.1719656248765, 25.2830624862203, 52.5801899486162, 35.6426422858805];
    check(&records, &expected, &mut |record, _, out| {
        asked.push(record);
        let (bioavailability, lag) = if record == 0 { (0.5, 1.0) } else { (1.0, 3.0) };
        out.push(Entry { bioavailability, lag, ..Entry::plain(0) });
        Ok(())
    });
    assert_eq!(asked, [0]);
}

#[test]
fn rule_3_what_is_due_at_a_record_is_in_before_it() {
    // 3 × 0.1 is not 0.3 in binary; the dose is due at the record all the same.
    let records = [give(0.0, dose(100.0, 2, Rate::Bolus, 0.1, 3, None)), look(0.3)];
    check(&records, &[391.155495498467], &mut plain);
    let records = [give(0.0, bolus(100.0, 2)), look(2.0)];
    check(&records, &[100.0], &mut |_, dose, out| {
        out.push(Entry { lag: 2.0, ..Entry::plain(place(dose)) });
        Ok(())
    });
}

#[test]
fn rule_3_a_lagged_dose_due_one_rounding_later_is_not_in() {
    let records = [give(7.9, bolus(100.0, 2)), look(8.2)];
    for (lag, expected) in [(0.2999999999999999, 0.0), (0.2999999999998668, 100.0)] {
        let mut entries = |_: usize, _: &Dose, out: &mut Vec<Entry>| {
            out.push(Entry { lag, ..Entry::plain(1) });
            Ok(())
        };
        near(&central(&records, &[], Carry::Backward, &mut entries), &[expected], 1e-12);
    }
}

#[test]
fn rule_4_what_bioavailability_does_to_an_infusion() {
    let zero_order = ZeroOrder::OnRequest { duration: Some(5.0), rate: Some(30.0) };
    let mut entries = |_: usize, _: &Dose, out: &mut Vec<Entry>| {
        out.push(Entry { compartment: 1, bioavailability: 0.6, lag: 0.0, zero_order });
        Ok(())
    };
    for (rate, expected) in [
        (Rate::Given(20.0), [34.557570575771, 41.5861787108042, 22.822978777175]),
        (Rate::ModelledDuration, [20.7345423454626, 36.0950691124779, 26.9147151767657]),
        (Rate::ModelledRate, [51.8363558636564, 38.4013169175383, 21.0750895656794]),
    ] {
        let records = [give(0.0, dose(100.0, 2, rate, 0.0, 0, None)), look(2.0), look(4.0), look(8.0)];
        check(&records, &expected, &mut entries);
    }
}

#[test]
fn rule_4_a_zero_order_route_turns_a_bolus_into_an_infusion() {
    let records = [give(0.0, bolus(60.0, 2)), look(2.0), look(4.0), look(8.0)];
    check(&records, &[20.7345423454626, 36.0950691124779, 26.9147151767657], &mut |_, _, out| {
        out.push(Entry { zero_order: ZeroOrder::Always { duration: 5.0 }, ..Entry::plain(1) });
        Ok(())
    });
}

#[test]
fn rule_5_a_steady_state_before_the_dose_of_its_record() {
    let ss = Some(SteadyState::Replaces);
    let records =
        [look(0.0), give(0.0, dose(100.0, 1, Rate::Bolus, 8.0, 0, ss)), look(0.0), look(3.0), look(20.0)];
    check(&records, &[0.0, 56.3619630522942, 99.4377969204703, 9.49863132728867], &mut plain);
}

#[test]
fn rule_5_with_a_lag_the_dose_is_still_to_come() {
    let ss = Some(SteadyState::Replaces);
    let records =
        [give(0.0, dose(100.0, 1, Rate::Bolus, 8.0, 0, ss)), look(0.0), look(2.0), look(3.0), look(20.0)];
    let expected = [78.6574188108166, 60.4507525558565, 77.4196279074109, 13.8179268999588];
    check(&records, &expected, &mut |_, _, out| {
        out.push(Entry { lag: 2.5, ..Entry::plain(0) });
        Ok(())
    });
}

#[test]
fn rule_5_infusions_longer_than_the_interval_go_on_after_the_record() {
    let ss = Some(SteadyState::Replaces);
    let given = || dose(100.0, 2, Rate::Given(5.0), 8.0, 0, ss);
    let records = [give(0.0, given()), look(0.0), look(3.0), look(10.0), look(15.0), look(25.0)];
    let expected = [78.4781231258068, 86.2770454292768, 75.4168088243864, 58.720879541095, 21.4102790091474];
    check(&records, &expected, &mut plain);
    let records = [give(0.0, given()), look(0.0), look(2.0), look(5.0), look(12.0), look(30.0)];
    let expected = [85.1907177599227, 80.3896212373898, 84.0562014683292, 76.8328814542459, 15.8611247998557];
    check(&records, &expected, &mut |_, _, out| {
        out.push(Entry { lag: 3.0, ..Entry::plain(1) });
        Ok(())
    });
}

#[test]
fn rule_5_ss_2_adds_to_what_is_there() {
    let first = dose(100.0, 1, Rate::Bolus, 8.0, 0, Some(SteadyState::Replaces));
    let second = dose(40.0, 2, Rate::Bolus, 24.0, 0, Some(SteadyState::Adds));
    let records = [give(0.0, first), look(5.0), give(6.0, second), look(6.0), look(12.0)];
    check(&records, &[83.4349815138562, 115.024439961692, 48.15856720452], &mut plain);
}

#[test]
fn rule_5_ss_1_clears_what_is_there_running_and_on_its_way() {
    let lagged = |_: usize, dose: &Dose, out: &mut Vec<Entry>| {
        let lag = if dose.amount() == 77.0 { 9.0 } else { 0.0 };
        out.push(Entry { lag, ..Entry::plain(place(dose)) });
        Ok(())
    };
    let records = [
        give(0.0, bolus(500.0, 2)),
        give(2.0, bolus(77.0, 2)),
        give(5.0, dose(100.0, 2, Rate::Given(10.0), 3.0, 5, None)),
        give(10.0, dose(100.0, 1, Rate::Bolus, 8.0, 0, Some(SteadyState::Replaces))),
        look(10.0),
        look(12.0),
        look(16.0),
    ];
    check(&records, &[56.3619630522942, 100.856905904205, 73.9007887294021], &mut lagged.clone());
    let timeline = Timeline::resolve(&records, lagged).unwrap();
    let endings: Vec<_> = timeline.administered().iter().map(|a| (a.amount, a.ending)).collect();
    assert!(endings.contains(&(77.0, Ending::Cancelled { at: 10.0 })), "{endings:?}");
    assert!(endings.contains(&(100.0, Ending::Interrupted { at: 10.0 })), "{endings:?}");
}

#[test]
fn rule_6_a_constant_infusion_at_steady_state_stops_at_its_record() {
    let records = [
        give(0.0, dose(0.0, 2, Rate::Given(7.0), 0.0, 0, Some(SteadyState::Replaces))),
        look(0.0),
        look(4.0),
    ];
    check(&records, &[7.0 / K, 25.6112096843886], &mut |_, _, out| {
        out.push(Entry { bioavailability: 0.4, lag: 2.0, ..Entry::plain(1) });
        Ok(())
    });
}

#[test]
fn rule_7_a_reset_clears_what_is_there_running_and_on_its_way() {
    let mut entries = |_: usize, dose: &Dose, out: &mut Vec<Entry>| {
        let lag = if dose.amount() == 77.0 { 9.0 } else { 0.0 };
        out.push(Entry { lag, ..Entry::plain(place(dose)) });
        Ok(())
    };
    let records = [
        give(0.0, dose(80.0, 2, Rate::Given(10.0), 0.0, 0, None)),
        give(2.0, bolus(77.0, 1)),
        look(3.0),
        Record { time: 4.0, kind: Kind::Reset },
        look(5.0),
        Record { time: 6.0, kind: Kind::ResetAndDose(bolus(50.0, 2)) },
        look(7.0),
    ];
    check(&records, &[24.1581232252151, 0.0, 43.0353988212529], &mut entries);
}

#[test]
fn rule_7_the_clock_may_go_back_at_a_reset_and_nowhere_else() {
    let records = [
        give(100.0, dose(80.0, 2, Rate::Bolus, 24.0, 9, None)),
        look(101.0),
        Record { time: 6.0, kind: Kind::ResetAndDose(bolus(50.0, 2)) },
        look(7.0),
    ];
    check(&records, &[80.0 * (-K).exp(), 43.0353988212529], &mut plain);
    let refused = Timeline::resolve(&[look(2.0), look(1.0)], plain).unwrap_err();
    assert_eq!(refused.record, 1);
}

#[test]
fn rule_8_a_lag_longer_than_the_interval_keeps_the_periodic_state() {
    let records = [
        give(0.0, dose(100.0, 2, Rate::Bolus, 8.0, 0, Some(SteadyState::Replaces))),
        look(0.0),
        look(2.0),
        look(4.0),
        look(10.0),
        look(12.0),
        look(20.0),
    ];
    let expected = [
        67.5962564697112,
        50.0765384426365,
        123.168409749479,
        50.0765384426365,
        123.168409749479,
        37.0976121069736,
    ];
    check(&records, &expected, &mut |_, _, out| {
        out.push(Entry { lag: 11.0, ..Entry::plain(1) });
        Ok(())
    });
}

#[test]
fn rule_8_a_lag_of_whole_intervals_counts_every_dose_once() {
    // The dose given one interval before the record arrives at it; nothing is given twice or left out.
    let ss = Some(SteadyState::Replaces);
    for lag in [8.0, 16.0, 24.0] {
        let records = [give(0.0, dose(100.0, 2, Rate::Bolus, 8.0, 3, ss)), look(0.0), look(8.0), look(15.0)];
        let peak = 100.0 / (1.0 - (-8.0 * K).exp());
        check(&records, &[peak, peak, peak * (-7.0 * K).exp()], &mut |_, _, out| {
            out.push(Entry { lag, ..Entry::plain(1) });
            Ok(())
        });
    }
}

#[test]
fn rule_9_records_at_one_time_act_in_row_order() {
    let ss = || dose(100.0, 2, Rate::Bolus, 8.0, 0, Some(SteadyState::Replaces));
    let trough = 100.0 / ((8.0 * K).exp() - 1.0);
    let records = [give(0.0, bolus(30.0, 2)), look(0.0), give(0.0, ss()), look(0.0)];
    check(&records, &[30.0, trough + 100.0], &mut plain);
    let records = [give(0.0, ss()), look(0.0), give(0.0, bolus(30.0, 2)), look(0.0)];
    check(&records, &[trough + 100.0, trough + 130.0], &mut plain);
    let records = [give(0.0, bolus(30.0, 2)), Record { time: 0.0, kind: Kind::Reset }, look(0.0)];
    check(&records, &[0.0], &mut plain);
}

#[test]
fn attributes_out_of_range_are_refused_with_their_record() {
    let cases: [(Entry, Rate, &str); 6] = [
        (Entry { lag: -1.0, ..Entry::plain(0) }, Rate::Bolus, "lag"),
        (Entry { lag: f64::NAN, ..Entry::plain(0) }, Rate::Bolus, "lag"),
        (Entry { bioavailability: -0.1, ..Entry::plain(0) }, Rate::Bolus, "bioavailability"),
        (Entry::plain(0), Rate::ModelledDuration, "duration"),
        (Entry::plain(0), Rate::ModelledRate, "rate"),
        (
            Entry { zero_order: ZeroOrder::OnRequest { duration: Some(0.0), rate: None }, ..Entry::plain(0) },
            Rate::ModelledDuration,
            "duration",
        ),
    ];
    for (entry, rate, word) in cases {
        let records = [look(0.0), give(1.0, dose(100.0, 1, rate, 0.0, 0, None))];
        let refused = Timeline::resolve(&records, |_, _, out| {
            out.push(entry.clone());
            Ok(())
        })
        .unwrap_err();
        assert_eq!(refused.record, 1);
        assert!(refused.message.contains(word), "{}", refused.message);
    }
}

#[test]
fn a_subject_that_fails_ends_with_its_reason() {
    // Nothing leaves the system: there is no steady state.
    let records = [give(0.0, dose(100.0, 2, Rate::Bolus, 8.0, 0, Some(SteadyState::Replaces))), look(1.0)];
    let timeline = Timeline::resolve(&records, plain).unwrap();
    struct Closed;
    impl LinearSystem for Closed {
        fn states(&self) -> usize {
            2
        }
        fn coefficients(
            &mut self,
            _: usize,
            a: &mut [f64],
            _: &mut [f64],
            _: &mut [f64],
        ) -> Result<(), Reason> {
            a.copy_from_slice(&[-1.0, 2.0, 1.0, -2.0]);
            Ok(())
        }
    }
    let failure = walk(&timeline, &mut Linear::new(Closed), Carry::Backward, |_, _, _| ()).unwrap_err();
    assert_eq!(failure.reason.code(), "no-steady-state");
    // A rate that is no number.
    let mut broken = Linear::new(Oral(vec![f64::NAN; 2], 0));
    let failure = walk(&timeline, &mut broken, Carry::Backward, |_, _, _| ()).unwrap_err();
    assert_eq!((failure.reason.code(), failure.record), ("parameters", 0));
    // A compartment that the model does not have.
    let timeline = Timeline::resolve(&[give(0.0, bolus(1.0, 9)), look(1.0)], plain).unwrap();
    let failure =
        walk(&timeline, &mut Linear::new(Oral(vec![K; 2], 0)), Carry::Backward, |_, _, _| ()).unwrap_err();
    assert_eq!(failure.reason.code(), "parameters");
}
