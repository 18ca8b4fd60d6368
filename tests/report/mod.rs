//! The report: every number in it is one of the summary, and the page is complete in itself.

mod fixture;

use exposim::report;

#[test]
fn draw() {
    let results = fixture::dose_reduction();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("report.html"), report::render(&results).unwrap()).unwrap();
    std::fs::write(folder.join("terminal.txt"), report::terminal(&results, 120, report::Colour::Never))
        .unwrap();
    for kind in [
        report::ChartKind::Profile,
        report::ChartKind::Troughs,
        report::ChartKind::ExposureResponse,
        report::ChartKind::BenefitRisk,
        report::ChartKind::Differences,
    ] {
        for file in report::charts(&results, kind) {
            std::fs::write(folder.join(format!("{}.svg", file.name)), file.svg).unwrap();
        }
    }
}
