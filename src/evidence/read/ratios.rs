//! Published odds and hazard ratios.

use super::super::paper::{Measure, Ratio};
use super::header::printed;
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};

/// Reads `[[ratios]]`.
pub(super) fn read(root: &Table<'_>) -> Option<Vec<Ratio>> {
    let array = root.required_array("ratios")?;
    let ratios: Vec<_> = array.value.iter().map(ratio).collect();
    ratios.into_iter().collect()
}

fn ratio(item: &Item<'_>) -> Option<Ratio> {
    let table = item.table()?;
    let predictor = table.required_string("predictor");
    let measure = table.required_string("measure");
    let adjusted = table.boolean("adjusted").is_some_and(|flag| flag.value);
    let measure = measure.and_then(|text| match text.value.as_str() {
        "odds" => Some(Measure::Odds),
        "hazard" => Some(Measure::Hazard),
        other => {
            let unknown = Diagnostic::error("E0707", format!("`{other}` is no measure"));
            table.report(unknown.help("measures are odds and hazard"), text.span);
            None
        }
    });
    let ratio = figures(&table, predictor.map_or_else(String::new, |p| p.value), measure, adjusted);
    table.finish();
    ratio
}

/// `value`, `interval` and `p` of a ratio (E0717).
pub(super) fn figures(
    table: &Table<'_>,
    predictor: String,
    measure: Option<Measure>,
    adjusted: bool,
) -> Option<Ratio> {
    let value = table.required("value").and_then(|item| printed(&item));
    let interval = table.required_array("interval").and_then(|array| {
        let [low, high] = array.value.as_slice() else {
            table.error("E0717", array.span, "an interval has two numbers, the lower and the upper");
            return None;
        };
        Some([printed(low)?, printed(high)?])
    });
    let p = match table.item("p") {
        Some(item) => Some(printed(&item)?),
        None => None,
    };
    let (value, interval) = (value?, interval?);
    if !(value.value() > 0.0 && interval.iter().all(|limit| limit.value() > 0.0)) {
        table.error("E0717", table.span(), format!("`{}`: a ratio is positive", table.path()));
        return None;
    }
    Some(Ratio { predictor, measure: measure?, value, interval, p, adjusted })
}
