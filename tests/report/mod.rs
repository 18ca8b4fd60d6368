//! What people see: every number is one of the summary's, the page is complete in itself, and no results break it.

mod fixture;
mod markup;

use std::collections::BTreeSet;

use exposim::output::{self, OutFolder};
use exposim::report::{self, ChartKind, Colour};
use exposim::run::results::{Estimate, Results};
use fixture::dose_reduction;
use markup::{Part, between, plain};

const KINDS: [ChartKind; 9] = [
    ChartKind::Profile,
    ChartKind::Troughs,
    ChartKind::ExposureResponse,
    ChartKind::BenefitRisk,
    ChartKind::Forest,
    ChartKind::Biomarkers,
    ChartKind::Persistence,
    ChartKind::Patients,
    ChartKind::Tornado,
];

fn page() -> String {
    report::render(&dose_reduction()).unwrap()
}

/// The page and its companions, left where a person can look at them.
#[test]
fn the_page_is_the_same_each_time_and_small() {
    let page = page();
    assert_eq!(page, self::page());
    assert!(page.len() < 400_000, "{} bytes", page.len());
    let results = dose_reduction();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("report.html"), page).unwrap();
    std::fs::write(folder.join("terminal.txt"), report::terminal(&results, 120, Colour::Never)).unwrap();
    for file in KINDS.iter().flat_map(|kind| report::charts(&results, *kind)) {
        std::fs::write(folder.join(format!("{}.svg", file.name)), file.svg).unwrap();
    }
}

/// The rows of `summary.csv`, read back.
fn summary_rows(results: &Results) -> Vec<Vec<String>> {
    let base = tempfile::tempdir().unwrap();
    let mut folder = OutFolder::create(base.path()).unwrap();
    let file = folder.file("summary.csv").unwrap();
    let file = output::write_summary(file, &results.summary).unwrap();
    folder.keep(file).unwrap();
    folder.publish().unwrap();
    let mut reader = csv::Reader::from_path(base.path().join("summary.csv")).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Every number of `summary.csv` as people read it.
fn written(results: &Results) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for row in summary_rows(results) {
        let unit = &row[6];
        for cell in [&row[5], &row[7], &row[8]] {
            if let Ok(value) = cell.parse::<f64>() {
                let contrast = !row[2].is_empty();
                all.insert(if contrast { report::signed(value, unit) } else { report::figure(value, unit) });
            }
        }
        all.insert(report::rough(row[9].parse().unwrap(), unit));
    }
    all
}

/// The numbers in a text, with their signs.
fn numbers(text: &str) -> Vec<String> {
    let part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '+' | '\u{2212}');
    text.split(|c| !part(c))
        .map(|word| word.trim_end_matches([',', '.']).to_owned())
        .filter(|word| word.bytes().any(|b| b.is_ascii_digit()))
        .collect()
}

/// What a cell of the tables must read, from the rows of `summary.csv`.
fn expected_cell(rows: &[Vec<String>], arm: &str, reference: &str, endpoint: &str) -> String {
    let find = |statistic: &str| {
        rows.iter().find(|r| r[1] == arm && r[2] == reference && r[3] == endpoint && r[4] == statistic)
    };
    let write = if reference.is_empty() { report::figure } else { report::signed };
    let leading = ["difference", "proportion", "median", "mean"].iter().find_map(|s| find(s)).unwrap();
    let number = |cell: &str| cell.parse().ok().map(|value| write(value, &leading[6]));
    let mut text = number(&leading[5]).unwrap();
    if let (Some(lower), Some(upper)) = (number(&leading[7]), number(&leading[8])) {
        text += &format!(" {lower} to {upper}");
    }
    if let (true, Some(low), Some(high)) = (reference.is_empty(), find("q05"), find("q95")) {
        text += &format!(" subjects {} to {}", number(&low[5]).unwrap(), number(&high[5]).unwrap());
    }
    text += &format!(" \u{b1} {}", report::rough(leading[9].parse().unwrap(), &leading[6]));
    if !reference.is_empty() {
        text += ", pairing \u{d7}6.3";
    }
    text
}

#[test]
fn every_cell_of_the_tables_is_a_row_of_the_summary() {
    let results = dose_reduction();
    let summary = summary_rows(&results);
    let page = page();
    let tables = between(&page, "<table class=\"results", "</table>");
    assert_eq!(tables.len(), 3);
    for (table, reference) in tables.iter().zip(["", fixture::STAY]) {
        let arms: Vec<String> = between(table, "<th scope=\"col\"", "</th>")
            .iter()
            .skip(1)
            .map(|head| plain(head).trim().to_owned())
            .collect();
        assert_eq!(arms.len(), if reference.is_empty() { 3 } else { 2 });
        let rows = between(table, "<th scope=\"row\"", "</tr>");
        assert_eq!(rows.len(), results.design.endpoints.len());
        for (row, endpoint) in rows.iter().zip(&results.design.endpoints) {
            assert!(plain(row).trim().starts_with(&endpoint.label));
            let cells = between(row, "<td", "</td>");
            assert_eq!(cells.len(), arms.len());
            for (cell, arm) in cells.iter().zip(&arms) {
                let read = plain(cell).split_whitespace().collect::<Vec<_>>().join(" ");
                assert_eq!(read, expected_cell(&summary, arm, reference, &endpoint.name));
                assert!(cell.contains(&format!("data-arm=\"{arm}\"")), "{cell}");
            }
        }
    }
}

/// The rows of the full table that are not the rows of the summary, written as people read them.
fn misfits(page: &str, summary: &[Vec<String>]) -> Vec<String> {
    let table = between(page, "<table class=\"results all", "</table>")[0];
    let rows: Vec<Vec<String>> = between(table, "<tr>", "</tr>")
        .iter()
        .map(|row| between(row, "<td", "</td>").iter().map(|cell| plain(cell).trim().to_owned()).collect())
        .filter(|row: &Vec<String>| !row.is_empty())
        .collect();
    assert_eq!(rows.len(), summary.len());
    let fits = |shown: &[String], row: &[String]| {
        let write = if row[2].is_empty() { report::figure } else { report::signed };
        let number = |cell: &str| cell.parse().map_or(String::new(), |value| write(value, &row[6]));
        shown[2..4] == row[3..5]
            && shown[4] == number(&row[5])
            && [&shown[6], &shown[7]] == [&number(&row[7]), &number(&row[8])]
            && shown[8] == report::rough(row[9].parse().unwrap(), &row[6])
    };
    rows.iter()
        .zip(summary)
        .filter(|(shown, row)| !fits(shown, row))
        .map(|(shown, _)| shown.join(" "))
        .collect()
}

#[test]
fn every_row_of_the_summary_is_in_the_full_table() {
    let results = dose_reduction();
    let summary = summary_rows(&results);
    assert_eq!(misfits(&page(), &summary), [""; 0]);
    // Each kind of number, altered in the page alone, is found.
    let alter: [fn(&mut Estimate); 4] = [
        |e| e.value *= 1.1,
        |e| e.lower = e.lower.map(|v| v * 1.1),
        |e| e.upper = e.upper.map(|v| v * 1.1),
        |e| e.mc_error *= 3.0,
    ];
    for change in alter {
        let mut other = dose_reduction();
        let place = other.summary.iter().position(|e| e.lower.is_some() && e.value.abs() > 10.0).unwrap();
        change(&mut other.summary[place]);
        let found = misfits(&report::render(&other).unwrap(), &summary);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn every_number_of_answer_forest_and_terminal_is_one_of_the_summary() {
    let results = dose_reduction();
    let known = written(&results);
    let mut answer = report::answer(&results);
    // Numbers in names are not results.
    for name in [
        "30 mg",
        "15 mg",
        "week 24",
        "week 12",
        "week 52",
        "20 g/L",
        "80 g/L",
        "95\u{a0}%",
        "95 %",
        "24 h",
        "1.0 \u{d7}",
    ] {
        answer = answer.replace(name, "");
    }
    let told = numbers(&answer);
    assert!(told.len() > 12, "{answer}");
    assert!(told.iter().all(|number| known.contains(number)), "{answer}");

    let forest = &report::charts(&results, ChartKind::Forest)[0].svg;
    let figures = between(forest, "<text class=\"figure\"", "</text>");
    assert_eq!(figures.len(), 10);
    for number in figures.iter().flat_map(|figure| numbers(&plain(figure))) {
        assert!(known.contains(&number), "{number}");
    }

    let terminal = report::terminal(&results, 200, Colour::Never);
    let cells = terminal.lines().filter(|line| line.contains('\u{b1}') && !line.contains("Monte-Carlo"));
    let cells: Vec<String> = cells.flat_map(|line| numbers(line.split_once(']').unwrap().1)).collect();
    assert!(cells.len() > 100);
    assert!(cells.iter().all(|number| known.contains(number)), "{terminal}");
}

#[test]
fn the_page_needs_no_network_and_no_script() {
    let page = page();
    for forbidden in
        ["http://", "https://", "<script", "src=", "url(", "@import", "javascript:", " onload", " onclick"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_page_can_be_heard_and_walked_through() {
    let page = page();
    assert!(page.contains("<html lang=\"en\">") && page.contains("name=\"viewport\""));
    assert_eq!(page.matches("<h1").count(), 1);
    let levels: Vec<u32> = page
        .match_indices("<h")
        .filter_map(|(at, _)| page[at + 2..].chars().next().and_then(|c| c.to_digit(10)))
        .collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "headings skip a level: {levels:?}");
    assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
    for header in between(&page, "<th", ">").iter().filter(|tag| !tag.starts_with("<thead")) {
        assert!(header.contains("scope="), "{header}");
    }
    let mut ids = BTreeSet::new();
    for id in between(&page, " id=\"", "\"") {
        let id = id.split('"').nth(1).unwrap();
        assert!(ids.insert(id.to_owned()), "the id {id} stands twice");
    }
    for reference in ["aria-labelledby=\"", "href=\"#"] {
        for (at, _) in page.match_indices(reference) {
            let names = page[at + reference.len()..].split('"').next().unwrap();
            assert!(names.split(' ').all(|name| ids.contains(name)), "{names} is nowhere");
        }
    }
}

#[test]
fn charts_are_well_formed_and_described() {
    let results = dose_reduction();
    let page = page();
    let inline = between(&page, "<svg", "</svg>").into_iter().map(str::to_owned);
    let files: Vec<_> = KINDS.iter().flat_map(|kind| report::charts(&results, *kind)).collect();
    assert_eq!(files.len(), 11);
    for file in &files {
        assert!(file.svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
        assert!(
            !file.svg.contains("var(")
                && ["ng/mL", "points", "g/L)", "(%)", "(weeks)"].iter().any(|unit| file.svg.contains(unit))
        );
    }
    for svg in inline.chain(files.iter().map(|file| file.svg.clone())) {
        let parts = markup::read(&svg);
        let open =
            |wanted: &str| parts.iter().any(|part| matches!(part, Part::Open { name, .. } if name == wanted));
        assert!(open("title") && open("desc") && open("text") && open("path"));
        for part in &parts {
            if let Part::Open { attributes, .. } = part {
                assert!(attributes.iter().all(|(_, value)| !value.contains("NaN") && !value.contains("inf")));
            }
        }
        let words: usize =
            parts.iter().map(|part| if let Part::Text(text) = part { text.len() } else { 0 }).sum();
        assert!(words > 200);
    }
}

#[test]
fn names_are_never_markup() {
    let mut results = dose_reduction();
    let evil = "<script>alert(\"1\")</script> & 'co'";
    results.title = evil.into();
    results.question = Some(evil.into());
    results.warnings.push(evil.into());
    for arm in &mut results.design.arms {
        arm.phases.push(evil.into());
    }
    for endpoint in &mut results.design.endpoints {
        endpoint.label = evil.into();
        endpoint.unit = evil.into();
    }
    for curve in &mut results.curves {
        curve.label = evil.into();
        curve.source = evil.into();
        curve.points[0].label = evil.into();
    }
    for distribution in &mut results.distributions {
        distribution.label = evil.into();
    }
    results.parameters[0].source = evil.into();
    results.provenance.resolved = serde_json::json!({ evil: evil });
    let page = report::render(&results).unwrap();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    for svg in between(&page, "<svg", "</svg>") {
        markup::read(svg);
    }
}

/// Results with something missing or broken; each must still give a page.
fn broken() -> Vec<(&'static str, Results)> {
    let mut all = Vec::new();
    let mut add = |name, change: &dyn Fn(&mut Results)| {
        let mut results = dose_reduction();
        change(&mut results);
        all.push((name, results));
    };
    add("no summary", &|r| r.summary.clear());
    add("no contrasts", &|r| r.summary.retain(|e| e.reference.is_none()));
    add("no endpoints", &|r| r.design.endpoints.clear());
    add("no arms", &|r| r.design.arms.clear());
    add("no charts", &|r| {
        r.curves.clear();
        r.profiles.clear();
        r.distributions.clear();
        r.contrast_draws.clear();
    });
    add("empty charts", &|r| {
        r.curves.iter_mut().for_each(|c| {
            c.exposures.clear();
            c.median.clear();
            c.points.clear();
            c.arms.clear();
        });
        r.profiles.iter_mut().for_each(|p| p.times.clear());
        r.distributions.iter_mut().for_each(|d| {
            d.quantiles.clear();
            d.density.clear();
        });
    });
    add("lists of different lengths", &|r| {
        r.curves.iter_mut().for_each(|c| c.lower95.truncate(3));
        r.profiles.iter_mut().for_each(|p| p.q95.truncate(3));
    });
    add("nothing finite", &|r| {
        for e in &mut r.summary {
            (e.value, e.lower, e.mc_error) = (f64::NAN, Some(f64::NEG_INFINITY), f64::INFINITY);
        }
        for c in &mut r.curves {
            c.median.fill(f64::NAN);
            c.upper95.fill(f64::INFINITY);
            c.evidence_range = (f64::NAN, f64::INFINITY);
            c.points.iter_mut().for_each(|p| p.exposure = f64::NAN);
        }
        for p in &mut r.profiles {
            p.q95.fill(f64::NAN);
            p.median[3] = f64::NAN;
        }
        for d in &mut r.distributions {
            d.quantiles.iter_mut().for_each(|q| q.1 = f64::NAN);
        }
    });
    add("all the same", &|r| {
        r.summary.iter_mut().for_each(|e| (e.value, e.lower, e.upper) = (0.0, Some(0.0), Some(0.0)));
        r.curves.iter_mut().for_each(|c| c.exposures.fill(5.0));
        r.distributions.iter_mut().for_each(|d| d.quantiles.iter_mut().for_each(|q| q.1 = 0.0));
        r.profiles.iter_mut().for_each(|p| p.q95.fill(0.0));
        r.contrast_draws.iter_mut().for_each(|c| c.draws.fill(0.0));
    });
    add("two scenarios", &|r| {
        let second = r.summary.iter().cloned().map(|mut e| {
            e.scenario = "low albumin".into();
            e
        });
        let second: Vec<_> = second.collect();
        r.summary.extend(second);
    });
    add("an unknown arm", &|r| {
        r.profiles[0].arm = "elsewhere".into();
        r.summary[0].arm = "elsewhere".into();
    });
    all
}

#[test]
fn results_with_gaps_still_give_a_page() {
    for (name, results) in broken() {
        let page = report::render(&results).unwrap();
        assert!(page.ends_with("</html>") || page.ends_with("</html>\n"), "{name}");
        let drawn = between(&page, "<svg", "</svg>");
        for svg in &drawn {
            for part in markup::read(svg) {
                if let Part::Open { attributes, .. } = part {
                    let bad =
                        attributes.iter().find(|(_, value)| value.contains("NaN") || value.contains("inf"));
                    assert!(bad.is_none(), "{name}: {bad:?}");
                }
            }
        }
        assert!(!plain(&page[page.find("<main").unwrap()..]).contains("NaN"), "{name}");
        for width in [0, 40, 120] {
            assert!(report::terminal(&results, width, Colour::Always).contains(&results.title), "{name}");
        }
    }
}

#[test]
fn without_a_contrast_the_answer_is_what_each_arm_comes_to() {
    let mut results = dose_reduction();
    results.summary.retain(|estimate| estimate.reference.is_none());
    let answer = report::answer(&results);
    assert!(
        answer.starts_with(
            "On \u{201c}stay on 30 mg\u{201d}, the probability of endoscopic remission at week 52 is 34.2\u{a0}% \
             (95\u{a0}% interval 19.4 to 52.9) and the share with haemoglobin fall > 20 g/L is 9.8\u{a0}% (7.9 to 11.9); on"
        ),
        "{answer}"
    );
}

#[test]
fn the_answer_says_what_changes_and_what_does_not_clearly_change() {
    let answer = report::answer(&dose_reduction());
    assert_eq!(
        answer.replace('\u{a0}', " "),
        "Compared with “stay on 30 mg”, “step down at week 24” does not clearly change the probability of endoscopic \
         remission at week 52 (34.2 % and 31.1 %; −3.1 points, 95 % interval −7.7 to +0.6) and lowers the share with \
         haemoglobin fall > 20 g/L from 9.8 % to 8.1 % (−1.6 points, −2.6 to −0.9); “15 mg from week 12” lowers the \
         probability of endoscopic remission at week 52 from 34.2 % to 24.9 % (−9.3 points, −19.2 to −1.4) and lowers \
         the share with haemoglobin fall > 20 g/L from 9.8 % to 6.0 % (−3.7 points, −5.5 to −2.3)."
    );
}

#[test]
fn the_terminal_keeps_its_width_and_colours_only_when_asked() {
    let results = dose_reduction();
    for width in [80_u16, 120] {
        let text = report::terminal(&results, width, Colour::Never);
        assert!(!text.contains('\u{1b}'));
        for line in text.lines() {
            assert!(line.chars().count() <= usize::from(width), "{line}");
        }
    }
    let coloured = report::terminal(&results, 120, Colour::Always);
    assert!(coloured.contains("\u{1b}[33mwarning:"));
}

#[test]
fn results_read_back_from_json_to_the_bit() {
    let results = dose_reduction();
    let text = output::results_json(&results).unwrap();
    assert_eq!(output::read_results(&text).unwrap(), results);
    assert!(output::read_results("{}").unwrap_err().to_string().contains("line 1"));
}

#[test]
fn the_manifest_names_every_file_with_its_hash() {
    let results = dose_reduction();
    let base = tempfile::tempdir().unwrap();
    let mut folder = OutFolder::create(base.path()).unwrap();
    folder.text("report.html", &page()).unwrap();
    let manifest = output::manifest(&results, "0", folder.kept()).unwrap();
    folder.text("manifest.json", &manifest).unwrap();
    folder.publish().unwrap();
    let read: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(base.path().join("manifest.json")).unwrap()).unwrap();
    assert_eq!(read["files"][0]["name"], "report.html");
    assert_eq!(read["files"][0]["bytes"], page().len());
    assert_eq!(read["design"]["seed"], 20_260_101);
    assert_eq!(read["command"], results.provenance.command);
    assert!(!manifest.contains(base.path().to_str().unwrap()));
}
