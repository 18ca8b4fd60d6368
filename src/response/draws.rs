use crate::diagnostic::{Diagnostic, Problems};

/// Which set of parameters is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// The central values: a posterior median or an estimate, as the fit says.
    Central,
    /// A joint draw by number from 0 on. Beyond the last one the numbers start again, so that a trial may have more
    /// draws than the fit.
    Number(usize),
}

/// Joint draws of the parameters of a response model: they are drawn together because they are correlated.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    names: Vec<String>,
    central: Vec<f64>,
    rows: Vec<f64>,
}

impl Draws {
    /// Draws from the parameters' names, their central values (one for each) and the draws one after the other, each
    /// with a value for each parameter. There may be no draws: then only the central values are known.
    ///
    /// # Errors
    /// E0701 where the lengths do not fit together or a value is not finite.
    pub fn new(names: Vec<String>, central: Vec<f64>, rows: Vec<f64>) -> Result<Self, Problems> {
        let wrong = |message: String| Err(Diagnostic::error("E0701", message).into());
        if names.is_empty() || central.len() != names.len() || !rows.len().is_multiple_of(names.len()) {
            return wrong(format!(
                "{} parameters do not fit {} central values and {} drawn values",
                names.len(),
                central.len(),
                rows.len()
            ));
        }
        if let Some(at) = central.iter().chain(&rows).position(|value| !value.is_finite()) {
            return wrong(format!("a drawn value of `{}` is not finite", names[at % names.len()]));
        }
        Ok(Draws { names, central, rows })
    }

    /// The parameters' names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The central values, one a parameter.
    pub fn central(&self) -> &[f64] {
        &self.central
    }

    /// The number of draws.
    pub fn len(&self) -> usize {
        self.rows.len() / self.names.len()
    }

    /// Whether there are no draws besides the central values.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All draws, one after the other (row-major: draws x parameters).
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// The values of one draw, one a parameter.
    pub fn get(&self, draw: Draw) -> &[f64] {
        match draw {
            Draw::Number(number) if !self.is_empty() => {
                let width = self.names.len();
                let start = number % self.len() * width;
                &self.rows[start..start + width]
            }
            _ => &self.central,
        }
    }

    /// The column of a parameter.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The drawn values of one parameter, in the order of the draws.
    pub fn values(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        self.rows.chunks_exact(self.names.len()).filter_map(move |row| row.get(column).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_start_again_after_the_last() {
        let draws =
            Draws::new(vec!["a".into(), "b".into()], vec![0.0, 1.0], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(draws.len(), 2);
        assert_eq!(draws.get(Draw::Number(3)), [3.0, 4.0]);
        assert_eq!(draws.get(Draw::Central), [0.0, 1.0]);
        assert_eq!(draws.values(1).collect::<Vec<_>>(), [2.0, 4.0]);
    }

    #[test]
    fn lengths_that_do_not_fit_and_infinite_values_are_refused() {
        for (central, rows) in
            [(vec![0.0], vec![]), (vec![0.0, 1.0], vec![1.0]), (vec![0.0, f64::NAN], vec![1.0, 2.0])]
        {
            let problems = Draws::new(vec!["a".into(), "b".into()], central, rows).unwrap_err();
            assert_eq!(problems.list()[0].code, "E0701");
        }
    }
}
