//! Elementary functions over 1,024 values in cache, at each level that this processor has; libm beside them.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use exposim::math::{self, Level};

fn elementary(c: &mut Criterion) {
    let x: Vec<f64> = (0..1024).map(|i| -8.0 + f64::from(i) / 64.0).collect();
    let positive: Vec<f64> = x.iter().map(|&x| math::exp(x)).collect();
    let probabilities: Vec<f64> = (0..1024).map(|i| (f64::from(i * 379 % 1024) + 0.5) / 1024.0).collect();
    let mut y = vec![0.0; 1024];
    let mut group = c.benchmark_group("elementary");
    group.throughput(Throughput::Elements(1024));
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let before = Level::in_force();
        if Level::force(level).is_err() {
            continue;
        }
        let mut bench = |name: &str, function: fn(&[f64], &mut [f64]), x: &[f64]| {
            group.bench_function(format!("{name}/{level:?}"), |b| b.iter(|| function(black_box(x), &mut y)));
        };
        bench("exp", math::exp_slice, &x);
        bench("expm1", math::expm1_slice, &x);
        bench("ln", math::ln_slice, &positive);
        bench("pow", |x, y| math::pow_all_slice(x, 0.256, y), &positive);
        bench("normal_quantile", math::normal_quantile_slice, &probabilities);
        let _ = Level::force(before);
    }
    for (name, function) in [("exp", libm::exp as fn(f64) -> f64), ("ln", libm::log)] {
        group.bench_function(format!("{name}/libm"), |b| {
            b.iter(|| {
                for (x, y) in black_box(&positive).iter().zip(&mut y) {
                    *y = function(*x);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, elementary);
criterion_main!(benches);
