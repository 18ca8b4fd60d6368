//! The page that says whether the program may be used on this machine.

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use super::page::PageError;
use crate::qualify::Qualification;

/// The page of a qualification.
///
/// # Errors
/// None that a qualification can cause.
pub fn qualification(found: &Qualification) -> Result<String, PageError> {
    let mut environment = Environment::new();
    // Its name ends in `.html`, so that values are escaped.
    environment.add_template("qualification.html", include_str!("qualification.html.j2"))?;
    let passed = found.checks.iter().filter(|check| check.passed).count();
    let q = Value::from(Serde(found));
    let style = Value::from_safe_string(include_str!("page.css").to_owned());
    Ok(environment.get_template("qualification.html")?.render(context! { q, passed, style })?)
}
