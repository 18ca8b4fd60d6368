use crate::math::Cholesky;

/// The highest point of a smooth function of a few variables, with its curvature there.
#[derive(Clone, Debug)]
pub(super) struct Mode {
    /// Where it is.
    pub at: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The inverse of the negative second derivatives, row-major: the covariance of a normal law of that curvature.
    pub covariance: Vec<f64>,
}

impl Mode {
    /// Climbs from `start` by Newton's method with numeric derivatives, damped where the function is not concave
    /// (Levenberg). `None` where no maximum is found: the function rises for ever or its top is flat.
    pub(super) fn find(f: impl Fn(&[f64]) -> f64, start: &[f64]) -> Option<Mode> {
        let size = start.len();
        let mut at = start.to_vec();
        let mut value = f(&at);
        let mut damping = 0.0;
        for _ in 0..200 {
            let (gradient, hessian) = (gradient(&f, &at), hessian(&f, &at, value));
            let factor = loop {
                let mut damped: Vec<f64> = hessian.iter().map(|h| -h).collect();
                (0..size).for_each(|i| damped[i * size + i] += damping * (1.0 + damped[i * size + i].abs()));
                match Cholesky::new(&damped, size) {
                    Some(factor) => break factor,
                    None if damping > 1e8 => return None,
                    None => damping = f64::max(4.0 * damping, 1e-3),
                }
            };
            let mut step = gradient;
            factor.solve(&mut step);
            let longest = step.iter().fold(0.0, |m: f64, s| m.max(s.abs()));
            let mut scale = if longest > 3.0 { 3.0 / longest } else { 1.0 };
            let mut next = None;
            for _ in 0..40 {
                let trial: Vec<f64> = at.iter().zip(&step).map(|(x, s)| x + scale * s).collect();
                let then = f(&trial);
                if then >= value - 1e-12 * (1.0 + value.abs()) {
                    next = Some((trial, then));
                    break;
                }
                scale *= 0.5;
            }
            let (trial, then) = next?;
            let moved = scale * longest;
            (at, value) = (trial, then);
            if moved < 1e-9 * at.iter().fold(1.0, |m: f64, x| m.max(x.abs())) && damping < 1e-6 {
                let negative: Vec<f64> = self::hessian(&f, &at, value).iter().map(|h| -h).collect();
                return Some(Mode { covariance: Cholesky::new(&negative, size)?.inverse(), at, value });
            }
            damping = if damping < 1e-6 { 0.0 } else { damping / 10.0 };
        }
        None
    }

    /// Where the function has its maximum with one variable held at a value, from this mode on.
    pub(super) fn with_fixed(&self, f: &impl Fn(&[f64]) -> f64, held: usize, value: f64) -> Option<Mode> {
        let whole = |free: &[f64]| {
            let mut point = free.to_vec();
            point.insert(held, value);
            point
        };
        let mut start = self.at.clone();
        start.remove(held);
        if start.is_empty() {
            let at = vec![value];
            return Some(Mode { value: f(&at), at, covariance: vec![0.0] });
        }
        let mode = Mode::find(|free| f(&whole(free)), &start)?;
        Some(Mode { at: whole(&mode.at), ..mode })
    }

    /// The interval of a variable in which the function, maximised over the others, is at most `drop` below its top; an
    /// infinite end is not bounded.
    pub(super) fn profile(&self, f: &impl Fn(&[f64]) -> f64, variable: usize, drop: f64) -> [f64; 2] {
        let size = self.at.len();
        let error = self.covariance[variable * size + variable].sqrt();
        let lack = |value: f64| {
            self.with_fixed(f, variable, value).map_or(f64::NAN, |mode| self.value - mode.value - drop)
        };
        [-1.0, 1.0].map(|side| {
            let mut width = 2.0 * error;
            for _ in 0..14 {
                let end = self.at[variable] + side * width;
                let value = lack(end);
                if value.is_nan() {
                    break;
                }
                if value > 0.0 {
                    return crate::math::root(lack, self.at[variable], end, 1e-8 * error).unwrap_or(f64::NAN);
                }
                width *= 1.6;
            }
            side * f64::INFINITY
        })
    }
}

/// First derivatives by differences of the fourth order.
fn gradient(f: &impl Fn(&[f64]) -> f64, at: &[f64]) -> Vec<f64> {
    let mut point = at.to_vec();
    (0..at.len())
        .map(|i| {
            let h = 1e-3 * (1.0 + at[i].abs());
            let mut value = |shift: f64| {
                point[i] = at[i] + shift * h;
                let value = f(&point);
                point[i] = at[i];
                value
            };
            (8.0 * (value(1.0) - value(-1.0)) - (value(2.0) - value(-2.0))) / (12.0 * h)
        })
        .collect()
}

/// Second derivatives by central differences, row-major.
fn hessian(f: &impl Fn(&[f64]) -> f64, at: &[f64], value: f64) -> Vec<f64> {
    let size = at.len();
    let steps: Vec<f64> = at.iter().map(|x| 1e-3 * (1.0 + x.abs())).collect();
    let shifted = |moves: &[(usize, f64)]| {
        let mut point = at.to_vec();
        moves.iter().for_each(|&(i, by)| point[i] += by * steps[i]);
        f(&point)
    };
    let mut matrix = vec![0.0; size * size];
    for i in 0..size {
        // Fourth order on the diagonal: standard errors are read from it.
        let near = shifted(&[(i, 1.0)]) + shifted(&[(i, -1.0)]);
        let far = shifted(&[(i, 2.0)]) + shifted(&[(i, -2.0)]);
        matrix[i * size + i] = (16.0 * near - far - 30.0 * value) / (12.0 * steps[i] * steps[i]);
        for j in 0..i {
            let same = shifted(&[(i, 1.0), (j, 1.0)]) + shifted(&[(i, -1.0), (j, -1.0)]);
            let opposite = shifted(&[(i, 1.0), (j, -1.0)]) + shifted(&[(i, -1.0), (j, 1.0)]);
            matrix[i * size + j] = (same - opposite) / (4.0 * steps[i] * steps[j]);
            matrix[j * size + i] = matrix[i * size + j];
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_a_bent_ridge_is_found() {
        // Rosenbrock's function, turned over: its top is at (1, 1), its second derivatives there (-802, 400; 400, -200).
        let f =
            |x: &[f64]| -(1.0 - x[0]) * (1.0 - x[0]) - 100.0 * (x[1] - x[0] * x[0]) * (x[1] - x[0] * x[0]);
        let mode = Mode::find(f, &[-1.2, 1.0]).unwrap();
        assert!(mode.at.iter().all(|x| (x - 1.0).abs() < 1e-8), "{mode:?}");
        let determinant = 802.0 * 200.0 - 400.0 * 400.0;
        for (got, expected) in mode.covariance.iter().zip([200.0, 400.0, 400.0, 802.0]) {
            assert!((got / (expected / determinant) - 1.0).abs() < 1e-3, "{got}");
        }
    }

    #[test]
    fn the_profile_of_a_normal_law_is_its_interval() {
        let f = |x: &[f64]| -0.5 * (x[0] * x[0] - 1.2 * x[0] * x[1] + x[1] * x[1]) / 0.64;
        let mode = Mode::find(f, &[3.0, -2.0]).unwrap();
        for (end, expected) in mode.profile(&f, 1, 0.5 * 3.841_458_820_694_124).iter().zip([-1.0, 1.0]) {
            assert!((end - expected * 1.959_963_984_540_054).abs() < 1e-6, "{end}");
        }
    }

    #[test]
    fn what_rises_for_ever_has_no_top() {
        assert!(Mode::find(|x| x[0] - x[1] * x[1], &[0.0, 0.0]).is_none());
    }
}
