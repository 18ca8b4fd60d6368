//! Three ways to solve a linear model that share no formula agree within 1e-8 of the profile's maximum.

use exposim::qualify::witnesses::apart_on;

#[test]
fn three_witnesses_agree_on_a_thousand_models() {
    let (mut matrix_apart, mut ode_apart) = (0.0_f64, 0.0_f64);
    for seed in 0..1000 {
        let [second, third] = apart_on(seed, 0.05, 5.0, 0.4, true).unwrap();
        assert!(second < 1e-8 && third < 1e-8, "seed {seed}: {second:e} {third:e}");
        matrix_apart = matrix_apart.max(second);
        ode_apart = ode_apart.max(third);
    }
    println!("closed form and propagator {matrix_apart:e}, closed form and integrator {ode_apart:e}");
}

/// Without steady states: where a compartment exchanges at 1e4 per h and loses 1e-6, the sum on the matrix's diagonal
/// has rounded away most digits of the loss, on which a steady state depends.
#[test]
fn closed_forms_and_propagators_agree_from_1e_6_to_1e4_per_hour() {
    let mut worst = 0.0_f64;
    for seed in 0..1000 {
        let [off, _] = apart_on(10_000 + seed, 1e-6, 1e4, 0.0, false).unwrap();
        worst = worst.max(off);
        assert!(off < 1e-8, "seed {seed}: {off:e}");
    }
    println!("largest difference {worst:e}");
}
