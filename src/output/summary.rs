use super::csv_rows::csv_failure;
use super::{Column, ColumnKind, OutFile, OutputError, exact};
use crate::run::results::Estimate;

/// The columns of `summary.csv`, in order, for the dictionary.
pub fn summary_columns() -> Vec<Column> {
    let text = || ColumnKind::Level(Vec::new());
    vec![
        Column::new("scenario", text(), "", "Scenario; `base` where there is one only"),
        Column::new("arm", text(), "", "Arm; for a contrast the arm that is compared"),
        Column::new(
            "reference",
            text(),
            "",
            "For a contrast: the arm it is compared with, subject by subject",
        ),
        Column::new("endpoint", text(), "", "Endpoint; for figures of simulated trials the analysis"),
        Column::new("statistic", text(), "", "Statistic; `difference` is arm minus reference"),
        Column::new("value", ColumnKind::Real, "see `unit`", "Value"),
        Column::new(
            "unit",
            text(),
            "",
            "Unit of value, limits and error; for differences in % these are points",
        ),
        Column::new(
            "lower",
            ColumnKind::Real,
            "see `unit`",
            "Lower limit of the 95 % interval from parameter uncertainty; of a `trial median`, of the 95 % prediction interval",
        ),
        Column::new("upper", ColumnKind::Real, "see `unit`", "Upper limit of that interval"),
        Column::new("mc_error", ColumnKind::Real, "see `unit`", "Monte-Carlo standard error"),
    ]
}

/// Writes the levels of scenarios as CSV, a line for each scenario and axis, and hands the file back.
///
/// # Errors
/// The file cannot be written to.
pub fn write_scenarios(
    file: OutFile,
    scenarios: &[(String, Vec<(String, String)>)],
) -> Result<OutFile, OutputError> {
    let mut writer = csv::Writer::from_writer(file);
    let write = |writer: &mut csv::Writer<OutFile>| -> Result<(), csv::Error> {
        writer.write_record(["scenario", "axis", "level"])?;
        for (name, levels) in scenarios {
            for (axis, level) in levels {
                writer.write_record([name, axis, level])?;
            }
        }
        Ok(writer.flush()?)
    };
    let written = write(&mut writer);
    written.map_err(|error| csv_failure(writer.get_ref(), error))?;
    writer.into_inner().map_err(|error| OutputError::Shape(error.to_string()))
}

/// Writes the estimates as CSV, one a line, numbers that read back to the bit, and hands the file back.
///
/// # Errors
/// The file cannot be written to.
pub fn write_summary<'e>(
    file: OutFile,
    estimates: impl IntoIterator<Item = &'e Estimate>,
) -> Result<OutFile, OutputError> {
    let mut writer = csv::Writer::from_writer(file);
    let names = summary_columns();
    let write = |writer: &mut csv::Writer<OutFile>| -> Result<(), csv::Error> {
        writer.write_record(names.iter().map(|column| &column.name))?;
        for estimate in estimates {
            let limit = |value: Option<f64>| value.map_or(String::new(), exact);
            writer.write_record([
                estimate.scenario.as_str(),
                &estimate.arm,
                estimate.reference.as_deref().unwrap_or_default(),
                &estimate.endpoint,
                &estimate.statistic,
                &exact(estimate.value),
                &estimate.unit,
                &limit(estimate.lower),
                &limit(estimate.upper),
                &exact(estimate.mc_error),
            ])?;
        }
        Ok(writer.flush()?)
    };
    let written = write(&mut writer);
    written.map_err(|error| csv_failure(writer.get_ref(), error))?;
    writer.into_inner().map_err(|error| OutputError::Shape(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::OutFolder;
    use crate::output::folder::tests::on_small_disk;

    fn estimate() -> Estimate {
        Estimate {
            scenario: "base".into(),
            arm: "step down, \"soon\"".into(),
            reference: Some("stay".into()),
            endpoint: "remission_52".into(),
            statistic: "difference".into(),
            value: -0.1 - 0.2,
            unit: "%".into(),
            lower: Some(f64::MIN_POSITIVE),
            upper: None,
            mc_error: 1.0 / 3.0,
            pairing_gain: Some(4.0),
        }
    }

    #[test]
    fn the_summary_reads_back_exactly() {
        let base = tempfile::tempdir().unwrap();
        let mut folder = OutFolder::create(base.path()).unwrap();
        let file = folder.file("summary.csv").unwrap();
        let file = write_summary(file, &[estimate()]).unwrap();
        folder.keep(file).unwrap();
        folder.publish().unwrap();
        let mut reader = csv::Reader::from_path(base.path().join("summary.csv")).unwrap();
        let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(head, summary_columns().iter().map(|c| c.name.clone()).collect::<Vec<_>>());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(&row[1], "step down, \"soon\"");
        let number = |i: usize| row[i].parse::<f64>().unwrap().to_bits();
        assert_eq!(number(5), (-0.1_f64 - 0.2).to_bits());
        assert_eq!(number(7), f64::MIN_POSITIVE.to_bits());
        assert_eq!(&row[8], "");
        assert_eq!(number(9), (1.0_f64 / 3.0).to_bits());
    }

    #[test]
    fn a_full_disk_stops_the_summary() {
        let many = vec![estimate(); 5000];
        let error = write_summary(on_small_disk(100_000), &many).unwrap_err();
        assert!(matches!(error, OutputError::DiskFull { .. }), "{error}");
    }
}
