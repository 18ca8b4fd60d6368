//! The results of a dose-reduction study, made up but plausible: the size of every figure follows the published
//! kinetics (24 h troughs near 8 ng/mL on 30 mg) and safety tables (haemoglobin falls of 5 to 15 %).

use exposim::run::results::*;

pub const STAY: &str = "stay on 30 mg";
pub const STEP: &str = "step down at week 24";
pub const EARLY: &str = "15 mg from week 12";
const ARMS: [&str; 3] = [STAY, STEP, EARLY];

/// The fixture.
pub fn dose_reduction() -> Results {
    Results {
        title: "Step down to 15 mg after endoscopic remission".into(),
        question: Some(
            "What do patients with Crohn\u{2019}s disease lose, and what do they gain, if those in endoscopic \
             remission step from 30 mg of upadacitinib down to 15 mg?"
                .into(),
        ),
        design: design(),
        summary: summary(),
        trials: None,
        contrast_draws: contrast_draws(),
        distributions: ARMS.iter().zip([8.3, 6.1, 4.2]).map(|(arm, median)| distribution(arm, median)).collect(),
        profiles: ARMS.iter().zip([1.0, 0.72, 0.5]).map(|(arm, scale)| profile(arm, scale)).collect(),
        curves: vec![remission_curve(), haemoglobin_curve()],
        courses: ARMS.iter().zip([4.8, 3.9, 2.9]).map(|(arm, fall)| course(arm, fall)).collect(),
        persistence: ARMS.iter().map(|arm| persistence(arm)).collect(),
        patients: ARMS.iter().flat_map(|arm| [patient(arm, 1), patient(arm, 17)]).collect(),
        dependences: vec![
            dependence("remission_52", "endoscopic_remission: b", [-0.4, -7.1], 0.63),
            dependence("remission_52", "TVCL", [-4.3, -1.9], 0.12),
            dependence("hb_fall", "HB: b", [-0.9, -2.3], 0.58),
        ],
        parameters: parameters(),
        assumptions: vec![
            "Creatinine clearance, which the cohort paper does not report, follows Cockcroft-Gault from age, weight and sex."
                .into(),
            "Patients take every dose.".into(),
            "The association of trough and endoscopic remission in 24 patients is taken as causal.".into(),
        ],
        warnings: vec![
            "Remission evidence: 24 patients of one cohort, 7 in remission; their upper quartile (106.7 ng/mL) lies above \
             the typical peak on 30 mg, so some samples may have been mistimed."
                .into(),
        ],
        provenance: Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            command: "exposim run examples/dose-reduction.toml --seed 20260101".into(),
            inputs: vec![
                ("examples/dose-reduction.toml".into(), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into()),
                ("models/upadacitinib-klunder-2019.toml".into(), "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752".into()),
            ],
            resolved: serde_json::json!({"subjects": 10000, "seed": 20260101, "arms": ARMS}),
        },
    }
}

fn design() -> Design {
    let arm = |name: &str, phases: &[&str]| ArmDesign {
        name: name.into(),
        phases: phases.iter().map(|phase| (*phase).into()).collect(),
    };
    let endpoint = |name: &str, label: &str, unit: &str, kind, better| EndpointDesign {
        name: name.into(),
        label: label.into(),
        unit: unit.into(),
        kind,
        better,
    };
    use Better::{Higher, Lower, Neither};
    use EndpointKind::{Continuous, Event, Probability};
    Design {
        model: "upadacitinib-klunder-2019".into(),
        population: "crohn-anti-tnf-failure".into(),
        subjects: 10_000,
        draws: 500,
        seed: 20_260_101,
        arms: vec![
            arm(STAY, &["45 mg ER every 24 h for 12 weeks", "30 mg ER every 24 h for 40 weeks"]),
            arm(
                STEP,
                &[
                    "45 mg ER every 24 h for 12 weeks",
                    "30 mg ER every 24 h for 12 weeks",
                    "at week 24, if in endoscopic remission: 15 mg ER every 24 h, else 30 mg",
                ],
            ),
            arm(EARLY, &["45 mg ER every 24 h for 12 weeks", "15 mg ER every 24 h for 40 weeks"]),
        ],
        endpoints: vec![
            endpoint("remission_52", "Endoscopic remission at week 52", "%", Probability, Higher),
            endpoint("remission_event_52", "Simulated endoscopic remission at week 52", "%", Event, Higher),
            endpoint("hb_fall", "Haemoglobin fall > 20 g/L", "%", Event, Lower),
            endpoint("hb_80", "Haemoglobin < 80 g/L", "%", Event, Lower),
            endpoint("anc_1", "ANC < 1.0 \u{d7} 10\u{2079}/L", "%", Event, Lower),
            endpoint("ctrough_52", "24 h trough at week 52", "ng/mL", Continuous, Neither),
        ],
        random: vec![
            "covariates".into(),
            "random effects of the kinetics".into(),
            "response parameters".into(),
            "events".into(),
        ],
        fixed: vec!["typical values of the kinetics".into(), "dosing times".into()],
        failures: vec![],
        max_failures: 0.001,
    }
}

/// Value, lower, upper of an endpoint in an arm.
type Figures = (f64, Option<f64>, Option<f64>);

fn summary() -> Vec<Estimate> {
    let arms: [[Figures; 5]; 3] = [
        [
            (34.182_713, Some(19.441), Some(52.873)),
            (34.23, Some(19.2), Some(53.1)),
            (9.761, Some(7.902), Some(11.884)),
            (0.873_1, Some(0.411), Some(1.562)),
            (2.411, Some(1.603), Some(3.482)),
        ],
        [
            (31.067_9, Some(17.902), Some(48.331)),
            (31.11, Some(17.8), Some(48.7)),
            (8.112, Some(6.783), Some(9.661)),
            (0.702, Some(0.338), Some(1.243)),
            (1.942, Some(1.301), Some(2.773)),
        ],
        [
            (24.903_2, Some(11.113), Some(43.017)),
            (24.87, Some(10.9), Some(43.3)),
            (6.043, Some(5.102), Some(7.155)),
            (0.531, Some(0.248), Some(0.981)),
            (1.283, Some(0.877), Some(1.811)),
        ],
    ];
    let names = ["remission_52", "remission_event_52", "hb_fall", "hb_80", "anc_1"];
    let mut summary = Vec::new();
    let mut push = |arm: &str,
                    reference: Option<&str>,
                    endpoint: &str,
                    statistic: &str,
                    (value, lower, upper): Figures,
                    unit: &str,
                    mc: f64| {
        summary.push(Estimate {
            scenario: "base".into(),
            arm: arm.into(),
            reference: reference.map(Into::into),
            endpoint: endpoint.into(),
            statistic: statistic.into(),
            value,
            unit: unit.into(),
            lower,
            upper,
            mc_error: mc,
            pairing_gain: reference.map(|_| 6.3),
        });
    };
    for (arm, figures) in ARMS.iter().zip(&arms) {
        for (endpoint, figures) in names.iter().zip(figures) {
            let statistic = if *endpoint == "remission_52" { "mean" } else { "proportion" };
            push(arm, None, endpoint, statistic, *figures, "%", figures.0.sqrt() * 0.0471);
        }
    }
    for (arm, median) in ARMS.iter().zip([8.312_77, 6.104, 4.156_4]) {
        for (statistic, factor) in [
            ("mean", 1.31),
            ("sd", 0.97),
            ("q05", 0.317),
            ("q25", 0.62),
            ("median", 1.0),
            ("q75", 1.61),
            ("q95", 3.13),
        ] {
            push(
                arm,
                None,
                "ctrough_52",
                statistic,
                (median * factor, None, None),
                "ng/mL",
                median * 0.007_31,
            );
        }
    }
    let halves = [[4.6, 5.0, 0.92, 0.21, 0.47], [9.9, 10.2, 1.83, 0.31, 0.87]];
    for ((arm, figures), halves) in ARMS.iter().zip(&arms).skip(1).zip(halves) {
        for (((endpoint, figures), stay), half) in names.iter().zip(figures).zip(&arms[0]).zip(halves) {
            let value = figures.0 - stay.0;
            // The second arm's remission is made unclear, so that the words for it show.
            push(
                arm,
                Some(STAY),
                endpoint,
                "difference",
                (value, Some(value - half), Some(value + half * 0.8)),
                "%",
                0.093,
            );
        }
    }
    for (arm, value) in [(STEP, -2.208_77), (EARLY, -4.156_37)] {
        push(arm, Some(STAY), "ctrough_52", "difference", (value, None, None), "ng/mL", 0.0432);
    }
    summary
}

/// A fixed sequence that looks random: multiples of the golden ratio, turned into normal deviates.
fn deviate(i: usize, stream: f64) -> f64 {
    let u = ((i as f64 + 0.5) * 0.618_033_988_75 * stream).fract();
    exposim::math::normal_quantile(u.clamp(1e-6, 1.0 - 1e-6))
}

fn contrast_draws() -> Vec<ContrastDraws> {
    let mut all = Vec::new();
    let arms: [(&str, [(f64, f64); 4]); 2] = [
        (STEP, [(-3.1, 2.3), (-1.6, 0.45), (-0.17, 0.1), (-0.47, 0.23)]),
        (EARLY, [(-9.3, 5.0), (-3.7, 0.9), (-0.34, 0.15), (-1.1, 0.43)]),
    ];
    for (arm, normals) in arms {
        let draws = |centre: f64, spread: f64, stream: f64| -> Vec<f64> {
            (0..300).map(|i| centre + spread * (0.4 * deviate(i, 1.0) + 0.9 * deviate(i, stream))).collect()
        };
        let mut push = |endpoint: &str, draws| {
            all.push(ContrastDraws {
                arm: arm.into(),
                reference: STAY.into(),
                endpoint: endpoint.into(),
                unit: "%".into(),
                draws,
            });
        };
        let names = ["remission_52", "hb_fall", "hb_80", "anc_1"];
        for ((endpoint, (centre, spread)), stream) in names.iter().zip(normals).zip([1.7, 2.3, 3.1, 4.7]) {
            push(endpoint, draws(centre, spread, stream));
        }
    }
    all
}

/// A log-normal distribution, the step-down arm with two humps.
fn distribution(arm: &str, median: f64) -> Distribution {
    let sd = 0.7;
    let probabilities = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99];
    let quantile = |p: f64| median * libm::exp(sd * exposim::math::normal_quantile(p));
    let density = |value: f64, median: f64| {
        let z = libm::log(value / median) / sd;
        libm::exp(-0.5 * z * z) / (sd * 2.506_628) * std::f64::consts::LN_10
    };
    let (low, high) = (quantile(0.004), quantile(0.996));
    let values = (0..=96).map(|i| low * libm::exp(libm::log(high / low) * f64::from(i) / 96.0));
    Distribution {
        arm: arm.into(),
        metric: "ctrough_52".into(),
        label: "24 h trough at week 52".into(),
        unit: "ng/mL".into(),
        quantiles: probabilities.iter().map(|p| (*p, quantile(*p))).collect(),
        density: values
            .map(|value| {
                let height = if arm == STEP {
                    0.5 * density(value, median * 1.35) + 0.5 * density(value, median * 0.65)
                } else {
                    density(value, median)
                };
                (value, height)
            })
            .collect(),
    }
}

/// Zero-order input over 3.3 h with a lag of half an hour, then two exponentials; 30 mg at scale 1.
fn profile(arm: &str, scale: f64) -> Profile {
    let times: Vec<f64> = (0..=96).map(|i| f64::from(i) * 0.25).collect();
    let typical = |t: f64, slow: f64| {
        let tail = |t: f64| 78.0 * libm::exp(-0.26 * t) + 11.0 * libm::exp(-0.045 * t);
        let rise = ((t - 0.5) / 2.9).clamp(0.0, 1.0);
        if t < 3.4 { 8.2 * slow + rise * (tail(0.0) - 8.2 * slow) } else { tail(t - 3.4) * slow.sqrt() }
    };
    let band = |factor: f64, slow: f64| times.iter().map(|t| scale * factor * typical(*t, slow)).collect();
    Profile {
        arm: arm.into(),
        label: "day 364".into(),
        unit: "ng/mL".into(),
        q05: band(0.52, 0.55),
        q25: band(0.79, 0.8),
        median: band(1.0, 1.0),
        q75: band(1.28, 1.3),
        q95: band(1.72, 1.9),
        times,
    }
}

/// Haemoglobin that recovers while the drug takes something.
fn course(arm: &str, fall: f64) -> Course {
    let times: Vec<f64> = [0.0, 4.0, 8.0, 12.0, 24.0, 36.0, 52.0].iter().map(|week| week * 168.0).collect();
    let band = |away: f64| -> Vec<f64> {
        let grown = |t: &f64| 1.0 - libm::exp(-t / 1500.0);
        times.iter().map(|t| 115.0 + (14.0 - fall) * grown(t) + away).collect()
    };
    Course {
        response: "HB".into(),
        thresholds: vec![80.0],
        bands: Profile {
            arm: arm.into(),
            label: "haemoglobin".into(),
            unit: "g/L".into(),
            q05: band(-25.0),
            q25: band(-11.0),
            median: band(0.0),
            q75: band(10.0),
            q95: band(24.0),
            times,
        },
    }
}

fn persistence(arm: &str) -> Persistence {
    let step = |(week, at_risk, share): (f64, u64, f64)| PersistenceStep {
        time: week * 168.0,
        at_risk,
        stopped: 25,
        share,
        lower: share - 0.06,
        upper: share + 0.05,
    };
    let steps = [(3.0, 200, 0.875), (20.0, 175, 0.75)].into_iter().map(step).collect();
    Persistence { arm: arm.into(), subjects: 200, until: 52.0 * 168.0, steps }
}

/// Patient 1 is treated as planned, patient 17 is held and stops.
fn patient(arm: &str, id: u64) -> Patient {
    let span = |from: f64, to: f64, amount: f64, reason: &str, kind: SpanKind| DoseSpan {
        from: from * 168.0,
        to: to * 168.0,
        amount,
        missed: 0,
        reason: reason.into(),
        kind,
    };
    let mut spans = vec![span(0.0, 12.0, 45.0, "planned", SpanKind::Planned)];
    match id {
        1 => {
            spans.push(span(12.0, 52.0, if arm == EARLY { 15.0 } else { 30.0 }, "planned", SpanKind::Planned))
        }
        _ => spans.extend([
            span(12.0, 24.0, 0.0, "on hold: anaemia", SpanKind::Held),
            span(24.0, 30.0, 15.0, "rule: anaemia", SpanKind::Changed),
            span(30.0, 52.0, 0.0, "discontinued: lack of effect", SpanKind::Ended),
        ]),
    }
    Patient { id, arm: arm.into(), unit: "mg".into(), spans }
}

fn dependence(endpoint: &str, quantity: &str, at: [f64; 2], explained: f64) -> Dependence {
    Dependence {
        endpoint: endpoint.into(),
        arm: STEP.into(),
        reference: STAY.into(),
        unit: "%".into(),
        quantity: quantity.into(),
        range: [0.02, 0.91],
        range_unit: String::new(),
        at,
        centre: (at[0] + at[1]) / 2.0,
        explained,
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn arm_exposures(medians: [f64; 3], sd: f64, (low, high): (f64, f64)) -> Vec<ArmExposure> {
    let cdf = |x: f64| exposim::math::normal_cdf(x);
    ARMS.iter()
        .zip(medians)
        .map(|(arm, median)| ArmExposure {
            arm: (*arm).into(),
            quantiles: [0.05, 0.25, 0.5, 0.75, 0.95]
                .map(|p| median * libm::exp(sd * exposim::math::normal_quantile(p))),
            share_below: if low > 0.0 { cdf(libm::log(low / median) / sd) } else { 0.0 },
            share_above: 1.0 - cdf(libm::log(high / median) / sd),
        })
        .collect()
}

fn remission_curve() -> Curve {
    let exposures: Vec<f64> = (0..=80).map(|i| libm::exp(libm::log(150.0) * f64::from(i) / 80.0)).collect();
    let curve = |shift: f64| -> Vec<f64> {
        exposures
            .iter()
            .map(|c| {
                let x = libm::log(c / 13.0);
                logistic(-0.9 + 0.95 * x + shift * (0.35 + 0.3 * x * x).sqrt())
            })
            .collect()
    };
    let group = |label: &str, exposure, exposure_lower, exposure_upper| EvidencePoint {
        label: label.into(),
        exposure,
        exposure_lower,
        exposure_upper,
        proportion: None,
    };
    let range = (3.24, 106.66);
    Curve {
        response: "remission_52".into(),
        label: "Endoscopic remission".into(),
        metric: "24 h trough".into(),
        unit: "ng/mL".into(),
        method: "Normal discriminant on log concentrations, from reported quartiles; parametric bootstrap"
            .into(),
        source: "Fang 2025, 24 patients with endoscopy and a level 24 h after the dose".into(),
        lower95: curve(-1.96),
        lower50: curve(-0.674),
        median: curve(0.0),
        upper50: curve(0.674),
        upper95: curve(1.96),
        exposures,
        evidence_range: range,
        points: vec![
            group("remission, n = 7", 27.15, 14.79, 106.66),
            group("no remission, n = 17", 10.18, 3.24, 17.86),
        ],
        arms: arm_exposures([8.31, 6.10, 4.16], 0.7, range),
    }
}

fn haemoglobin_curve() -> Curve {
    let exposures: Vec<f64> = (0..=60).map(f64::from).collect();
    let curve = |shift: f64| -> Vec<f64> {
        exposures
            .iter()
            .map(|c| logistic(-3.42 + 0.052 * c + shift * (0.03 + 0.000_06 * (c - 16.0) * (c - 16.0)).sqrt()))
            .collect()
    };
    let point = |label: &str, exposure: f64, proportion| EvidencePoint {
        label: label.into(),
        exposure,
        exposure_lower: exposure * 0.78,
        exposure_upper: exposure * 1.28,
        proportion: Some(proportion),
    };
    let range = (0.0, 39.5);
    Curve {
        response: "hb_fall".into(),
        label: "Haemoglobin fall > 20 g/L".into(),
        metric: "average concentration".into(),
        unit: "ng/mL".into(),
        method: "Logistic, binomial likelihood over each arm's simulated exposures".into(),
        source: "pooled rheumatoid arthritis phase 3, 4851 patients".into(),
        lower95: curve(-1.96),
        lower50: curve(-0.674),
        median: curve(0.0),
        upper50: curve(0.674),
        upper95: curve(1.96),
        exposures,
        evidence_range: range,
        points: vec![
            point("placebo, 31 of 1036", 0.0, (0.0299, 0.0212, 0.0421)),
            point("15 mg, 189 of 2622", 15.4, (0.0721, 0.0628, 0.0826)),
            point("30 mg, 182 of 1193", 30.9, (0.1526, 0.1333, 0.1741)),
        ],
        arms: arm_exposures([30.9, 23.0, 15.4], 0.37, range),
    }
}

fn parameters() -> Vec<ParameterRow> {
    let row = |group: &str,
               name: &str,
               description: &str,
               value: &str,
               precision: &str,
               source: &str,
               class: &str| ParameterRow {
        group: group.into(),
        name: name.into(),
        description: description.into(),
        value: value.into(),
        precision: precision.into(),
        source: source.into(),
        class: class.into(),
    };
    let klunder = "Kl\u{fc}nder 2019, Clin Pharmacokinet 58:1045, Table 3";
    vec![
        row("upadacitinib-klunder-2019", "TVCL", "Apparent clearance", "40.9 L/h", "RSE 1.6 %", klunder, "A"),
        row(
            "upadacitinib-klunder-2019",
            "TVV2",
            "Apparent central volume",
            "156 L",
            "RSE 1.7 %",
            klunder,
            "A",
        ),
        row(
            "upadacitinib-klunder-2019",
            "Q",
            "Intercompartmental clearance",
            "3.22 L/h",
            "RSE 5.8 %",
            klunder,
            "A",
        ),
        row("upadacitinib-klunder-2019", "V3", "Peripheral volume", "68.0 L", "RSE 7.2 %", klunder, "A"),
        row(
            "crohn-anti-tnf-failure",
            "ALB",
            "Albumin",
            "38.85 (35.25 to 42.20) g/L",
            "108 patients",
            "Fang 2025, Table 1",
            "A",
        ),
        row(
            "crohn-anti-tnf-failure",
            "ANC",
            "Neutrophils",
            "5.2 \u{b7} 10\u{2079}/L, CV 35 %",
            "",
            "no source in this population",
            "assumption",
        ),
        row(
            "remission_52",
            "slope",
            "Log-odds per e-fold trough",
            "0.95",
            "0.21 to 1.83",
            "fitted in this run",
            "D",
        ),
    ]
}
