//! Arm counts.

use super::super::arm_likelihood::Risk;
use super::super::paper::{ArmPaper, ExposureAxis, ReportedArm};
use super::header::{exposure, forms, printed, reported_exposure};
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};
use crate::units::Dimension;

/// Reads `[exposure]`, `[[arms]]` and `[fit]`.
pub(super) fn read(root: &Table<'_>) -> Option<ArmPaper> {
    let axis = exposure(root);
    let arms: Option<Vec<ReportedArm>> = root.required_array("arms").and_then(|array| {
        let arms: Vec<_> = array.value.iter().map(|item| arm(item, axis.as_ref())).collect();
        arms.into_iter().collect()
    });
    let fit = root.required_table("fit")?;
    let risk = fit.string("risk");
    let risk = match risk.as_ref().map(|text| text.value.as_str()) {
        None | Some("odds") => Some(Risk::Odds),
        Some("rate") => Some(Risk::Rate),
        Some(other) => {
            let unknown = Diagnostic::error("E0707", format!("`{other}` is no scale of risk"));
            fit.report(
                unknown.help("odds: logistic; rate: events over the time at risk"),
                risk.map_or(0..0, |text| text.span),
            );
            None
        }
    };
    let forms = axis.as_ref().and_then(|axis| forms(&fit, axis));
    fit.finish();
    Some(ArmPaper { exposure: axis?, arms: arms?, risk: risk?, forms: forms? })
}

fn arm(item: &Item<'_>, axis: Option<&ExposureAxis>) -> Option<ReportedArm> {
    let table = item.table()?;
    let trial = table.required_string("trial");
    let name = table.required_string("name");
    let patients = table.required_number("patients");
    let counted = table.number("events").map(|count| count.value);
    let percent = table.item("percent").and_then(|item| printed(&item));
    let follow_up = table.quantity("follow-up", Some(Dimension::TIME)).map(|time| time.value.coherent());
    let exposure = reported_exposure(&table, axis);
    let source = table.string("source").map(|text| text.value);
    table.finish();
    let patients = patients?.value;
    let events = match (counted, percent) {
        (Some(events), None) => events,
        (None, Some(percent)) => nearest_count(percent.value(), percent.half_width(), patients),
        _ => {
            table.report(
                Diagnostic::error(
                    "E0721",
                    format!("`{}` needs `events` or `percent`, not both", table.path()),
                )
                .help("prefer the count; a percentage is text with the digits of the paper, as in \"45.5\""),
                table.span(),
            );
            return None;
        }
    };
    if !(patients > 0.0 && (0.0..=patients).contains(&events)) {
        table.report(
            Diagnostic::error(
                "E0721",
                format!("`{}`: {events} events in {patients} patients cannot be", table.path()),
            )
            .help("events are counted in patients: no more events than patients"),
            table.span(),
        );
        return None;
    }
    Some(ReportedArm {
        trial: trial?.value,
        name: name?.value,
        events,
        patients,
        follow_up,
        exposure: exposure?,
        source,
    })
}

/// The count behind a printed percentage: the nearest whole number if it rounds to it, or else rate times patients.
fn nearest_count(percent: f64, half_width: f64, patients: f64) -> f64 {
    let exact = percent / 100.0 * patients;
    let whole = exact.round();
    if (100.0 * whole / patients - percent).abs() <= half_width * 1.000_001 { whole } else { exact }
}
