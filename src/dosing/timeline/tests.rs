use super::*;
use crate::dosing::record::{Kind, Rate, SteadyState, Target};

fn resolve(records: &[Record], lag: f64) -> Timeline {
    Timeline::resolve(records, |_, _, out| {
        out.push(Entry { lag, ..Entry::plain(0) });
        Ok(())
    })
    .unwrap()
}

fn look(time: f64) -> Record {
    Record { time, kind: Kind::Observation { measured: true } }
}

fn give(time: f64, dose: Dose) -> Record {
    Record { time, kind: Kind::Dose(dose) }
}

fn infusion(amount: f64, rate: f64, interval: f64, additional: u32) -> Dose {
    Dose::new(amount, Target::Default, Rate::Given(rate), interval, additional, None).unwrap()
}

#[test]
fn input_is_exactly_zero_when_nothing_runs() {
    let records = [give(0.0, infusion(0.7, 0.1, 0.3, 30)), look(100.0)];
    let timeline = resolve(&records, 0.0);
    let last = timeline.events().iter().rev().find_map(|event| match event.change {
        Change::Rate { rate, .. } => Some(rate),
        _ => None,
    });
    assert_eq!(last, Some(0.0));
}

#[test]
fn nothing_happens_after_the_last_record() {
    let timeline = resolve(&[give(0.0, infusion(10.0, 1.0, 24.0, 1000)), look(50.0)], 1.0);
    assert!(timeline.events().iter().all(|event| event.time <= 50.0));
    assert_eq!(timeline.administered().len(), 3);
    assert_eq!(timeline.administered()[2].enters, 49.0);
    assert_eq!(timeline.administered()[2].ends(), 59.0);
}

#[test]
fn a_period_is_a_programme_that_comes_back_to_its_start() {
    // An infusion of 20 h every 8 h that begins 3 h into the interval: two run, three from 3 h to 7 h.
    let dose = PeriodicDose::new(0, Form::Infusion { rate: 5.0, duration: 20.0 }, 3.0, 8.0).unwrap();
    let steps = Period::new(8.0, vec![dose]).steps();
    let rate = |rate| Step::Rate { compartment: 0, rate };
    let expected = [
        rate(10.0),
        Step::Advance { from: 0.0, to: 3.0 },
        rate(15.0),
        Step::Advance { from: 3.0, to: 7.0 },
        rate(10.0),
        Step::Advance { from: 7.0, to: 8.0 },
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_steady_state_of_absurdly_many_infusions_is_refused() {
    assert!(PeriodicDose::new(0, Form::Infusion { rate: 1.0, duration: 1e9 }, 0.0, 1.0).is_err());
    assert!(PeriodicDose::new(0, Form::Bolus(1.0), 1e9, 1.0).is_err());
}

#[test]
fn what_is_refused_is_called_by_its_name() {
    let long = Form::Infusion { rate: 1.0, duration: 1e9 };
    let infusion = PeriodicDose::new(0, long, 5.0, 1.0).unwrap_err();
    assert!(infusion.contains("an infusion of 1000000000 h"), "{infusion}");
    let lag = PeriodicDose::new(0, Form::Infusion { rate: 1.0, duration: 2.0 }, 1e9, 1.0).unwrap_err();
    assert!(lag.contains("a lag of 1000000000 h"), "{lag}");
}

#[test]
fn doses_on_their_way_at_steady_state_were_given_before_it() {
    // A lag of 2.5 intervals: two doses of the past are still to come in.
    let dose = Dose::new(100.0, Target::Default, Rate::Bolus, 8.0, 0, Some(SteadyState::Replaces)).unwrap();
    let timeline = resolve(&[give(40.0, dose), look(100.0)], 20.0);
    let times: Vec<(f64, f64)> = timeline.administered().iter().map(|a| (a.given, a.enters)).collect();
    assert_eq!(times, [(24.0, 44.0), (32.0, 52.0), (40.0, 60.0)]);
}

#[test]
fn an_additional_dose_meets_the_record_of_its_time_in_spite_of_rounding() {
    // 1000.1 + 7 * 0.1 is the number after 1000.8; a look an hour's millionth later is another time.
    let records = [give(1000.1, infusion(1.0, 10.0, 0.1, 7)), look(1000.8), look(1000.8 + 1e-6)];
    let timeline = resolve(&records, 0.0);
    assert_ne!(1000.1 + 7.0 * 0.1, 1000.8);
    assert_eq!(timeline.administered()[7].given, 1000.8);
}

proptest::proptest! {
    /// The amount that enters does not depend on how records cut the time.
    #[test]
    fn looking_changes_nothing(
        looks in proptest::collection::vec(0.0_f64..200.0, 1..20),
        lag in 0.0_f64..30.0,
        rate in 0.5_f64..50.0,
        additional in 0_u32..20,
    ) {
        let mut looks = looks;
        looks.sort_by(f64::total_cmp);
        let entered = |records: &[Record]| {
            let timeline = resolve(records, lag);
            let (mut total, mut running, mut clock) = (0.0, 0.0, 0.0);
            for event in timeline.events() {
                total += running * (event.time - clock);
                clock = event.time;
                if let Change::Rate { rate, .. } = event.change {
                    running = rate;
                }
            }
            total
        };
        let dose = || give(0.0, infusion(30.0, rate, 7.0, additional));
        let mut records = vec![dose()];
        records.extend(looks.into_iter().map(look));
        records.push(look(200.0));
        let few = entered(&[dose(), look(200.0)]);
        let many = entered(&records);
        proptest::prop_assert!((few - many).abs() <= 1e-9 * few.abs().max(1.0), "{few} {many}");
    }
}
