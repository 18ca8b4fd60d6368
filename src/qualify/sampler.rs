//! Moments of the random numbers, each within five standard errors of what it should be (Fisher 1930 for those of
//! skewness and kurtosis).

use super::{Check, Depth};
use crate::math::chi_square_tail;
use crate::random::{Address, Purpose, Stream};

/// Numbers of each subject.
const EACH: u64 = 100;

pub(super) fn checks(depth: Depth) -> Vec<Check> {
    let subjects = depth.of(5_000, 100_000);
    let n = (subjects * EACH) as f64;
    let stream = |subject| Stream::new(Address::new(20_260_101, Purpose::Luck).subject(subject));
    let mut sums = [0.0_f64; 4];
    let mut bins = [0_u64; 100];
    let (mut neighbours, mut before) = (0.0, 0.0);
    for subject in 0..subjects {
        let mut stream = stream(subject);
        for number in 0..EACH {
            let z = stream.normal();
            let squared = z * z;
            for (sum, power) in sums.iter_mut().zip([z, squared, squared * z, squared * squared]) {
                *sum += power;
            }
            if number == 0 {
                neighbours += z * before;
                before = z;
            }
        }
        for _ in 0..EACH {
            // A share of the bins.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let bin = (stream.uniform() * bins.len() as f64) as usize;
            if let Some(count) = bins.get_mut(bin) {
                *count += 1;
            }
        }
    }
    let [first, second, third, fourth] = sums.map(|sum| sum / n);
    let variance = second - first * first;
    let check = |name, deviation: f64, error: f64| {
        Check::at_most("sampler", format!("{name}, in standard errors"), Some((deviation / error).abs()), 5.0)
    };
    let expected = n / bins.len() as f64;
    let chi_square =
        bins.iter().map(|c| (*c as f64 - expected) * (*c as f64 - expected) / expected).sum::<f64>();
    let p = chi_square_tail(chi_square, bins.len() as u32 - 1);
    vec![
        check("mean of normals", first, (1.0 / n).sqrt()),
        check("variance of normals", variance - 1.0, (2.0 / n).sqrt()),
        check("skewness of normals", third, (15.0 / n).sqrt()),
        check("kurtosis of normals", fourth - 3.0, (96.0 / n).sqrt()),
        check(
            "correlation of neighbouring subjects",
            neighbours / subjects as f64,
            (1.0 / subjects as f64).sqrt(),
        ),
        Check {
            area: "sampler",
            name: format!("uniforms in {} bins, p of chi-square", bins.len()),
            found: format!("{p:.3}"),
            allowed: "above 1e-6".to_owned(),
            passed: p > 1e-6,
        },
    ]
}
