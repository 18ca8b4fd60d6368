use super::*;
use crate::dosing::record::{Carry, Kind, Rate, SteadyState, Target};

fn read(text: &str) -> (DataSet, Vec<Diagnostic>) {
    DataSet::read(&Source::new("d.csv", text)).unwrap_or_else(|p| panic!("{text}\n{p}"))
}

/// Bad data: the text, the code of the first problem, its line and column, and words of its message.
const REFUSED: &[(&str, &str, (usize, usize), &str)] = &[
    // Nothing to read.
    ("", "E0201", (0, 0), "empty"),
    ("# only a comment\n\n", "E0201", (0, 0), "empty"),
    ("ID,TIME,AMT\n", "E0201", (0, 0), "no records"),
    ("ID,TIME\nC,0\n@,1\n", "E0201", (0, 0), "no records"),
    // Names of columns.
    ("ID,TIME,AMT,TIME\n1,0,1,0\n", "E0202", (1, 13), "both called TIME"),
    ("ID,TIME,WT,wt\n1,0,1,0\n", "E0202", (1, 12), "both called wt"),
    ("ID,time,AMT\n1,0,1\n", "E0202", (1, 4), "upper and in lower case"),
    ("Id,Time\n1,0\n", "E0202", (1, 1), "upper and in lower case"),
    ("ID,AMT\n1,0\n", "E0202", (1, 1), "no column TIME"),
    ("1,0,100\n1,1,0\n", "E0202", (1, 1), "no column ID"),
    ("ID,TIME,,AMT\n1,0,0,1\n", "E0202", (1, 9), "column 3 has no name"),
    ("ID,DATE,TIME\n1,2024-01-01,8:00\n", "E0202", (1, 4), "calendar dates"),
    ("ID;TIME;AMT\n1;0;100\n", "E0202", (1, 1), "no column ID"),
    // Lines.
    ("ID,TIME,AMT\n1,0\n", "E0203", (2, 1), "2 fields where the header names 3"),
    ("ID,TIME\n1,0,5\n", "E0203", (2, 1), "3 fields where the header names 2"),
    ("ID,TIME,X\n1,0,\"5\n", "E0203", (2, 5), "quote"),
    ("ID,TIME,\"X\n1,0,5\n", "E0203", (1, 9), "quote"),
    // Numbers.
    ("ID,TIME,AMT\n1,0,lots\n", "E0204", (2, 5), "row 1, column AMT: `lots` is not a number"),
    ("ID,TIME,EVID,AMT\n1,0,1,NaN\n", "E0204", (2, 7), "not a finite number"),
    ("ID,TIME,AMT\n1,0,1e999\n", "E0204", (2, 5), "not a finite number"),
    ("ID,TIME,DV\n1,0,BLQ\n", "E0204", (2, 5), "column DV: `BLQ`"),
    ("ID,TIME,EVID,AMT\n1,0,dose,5\n", "E0204", (2, 5), "column EVID: `dose`"),
    ("ID,TIME,AMT,RATE\n1,0,5,fast\n", "E0204", (2, 7), "column RATE: `fast`"),
    // Times.
    ("ID,TIME,AMT\n1,1,0\n1,0.5,0\n", "E0205", (3, 3), "before the record above"),
    ("ID,TIME\n1,.\n", "E0205", (2, 3), "time is missing"),
    ("ID,TIME\n1,inf\n", "E0205", (2, 3), "not a finite number"),
    ("ID,TIME\n1,9:75\n", "E0205", (2, 3), "no time of the form"),
    ("ID,TIME\n1,9:00\n1,2\n", "E0205", (3, 3), "clocks among"),
    ("ID,TIME\n1,23:00\n1,1:00\n", "E0205", (3, 3), "before the record above"),
    // Subjects.
    ("ID,TIME\n1,0\n2,0\n1,5\n", "E0206", (4, 1), "subject 1 comes back"),
    ("ID,TIME\n1,0\n2,0\n1.0,5\n", "E0206", (4, 1), "comes back"),
    ("ID,TIME\n.,0\n", "E0206", (2, 1), "ID is missing"),
    // EVID and MDV.
    ("ID,TIME,EVID\n1,0,5\n", "E0207", (2, 5), "EVID is 5"),
    ("ID,TIME,EVID\n1,0,-1\n", "E0207", (2, 5), "EVID is -1"),
    ("ID,TIME,EVID\n1,0,0.5\n", "E0207", (2, 5), "not a whole number"),
    ("ID,TIME,MDV\n1,0,2\n", "E0207", (2, 5), "MDV is 2"),
    // AMT.
    ("ID,TIME,EVID,AMT\n1,0,1,0\n", "E0208", (2, 7), "a dose without an amount"),
    ("ID,TIME,EVID,AMT\n1,0,1,.\n", "E0208", (2, 7), "a dose without an amount"),
    ("ID,TIME,EVID\n1,0,1\n", "E0208", (2, 1), "a dose without an amount"),
    ("ID,TIME,AMT\n1,0,-5\n", "E0208", (2, 5), "a dose of -5"),
    ("ID,TIME,EVID,AMT\n1,0,0,5\n", "E0208", (2, 7), "EVID 0, which gives no dose"),
    ("ID,TIME,EVID,AMT\n1,0,3,5\n", "E0208", (2, 7), "EVID 3, which gives no dose"),
    // RATE.
    ("ID,TIME,AMT,RATE\n1,0,5,-3\n", "E0209", (2, 7), "a rate of -3"),
    ("ID,TIME,EVID,RATE\n1,0,0,-2\n", "E0209", (2, 7), "gives no dose"),
    // II and ADDL.
    ("ID,TIME,AMT,II,ADDL\n1,0,5,24,-1\n", "E0210", (2, 10), "ADDL is -1"),
    ("ID,TIME,AMT,II,ADDL\n1,0,5,0,3\n", "E0210", (2, 7), "without an interval"),
    ("ID,TIME,AMT,ADDL\n1,0,5,3\n", "E0210", (2, 1), "without an interval"),
    ("ID,TIME,AMT,II,ADDL\n1,0,5,24,1.5\n", "E0210", (2, 10), "not a whole number"),
    ("ID,TIME,AMT,II,ADDL\n1,0,5,24,1000000000\n", "E0210", (2, 10), "ADDL is 1000000000"),
    ("ID,TIME,AMT,II,ADDL\n1,0,5,-24,1\n", "E0210", (2, 7), "interval of -24"),
    ("ID,TIME,EVID,ADDL\n1,0,2,4\n", "E0210", (2, 7), "gives no dose"),
    // SS.
    ("ID,TIME,AMT,SS\n1,0,5,1\n", "E0211", (2, 7), "without an interval"),
    ("ID,TIME,AMT,II,SS\n1,0,5,12,3\n", "E0211", (2, 10), "SS is 3"),
    ("ID,TIME,EVID,SS\n1,0,0,1\n", "E0211", (2, 7), "gives no dose"),
    ("ID,TIME,EVID,AMT,RATE,II,SS\n1,0,1,0,5,12,1\n", "E0208", (2, 7), "without an amount"),
    // CMT.
    ("ID,TIME,AMT,CMT\n1,0,5,-1\n", "E0212", (2, 7), "cannot be switched off"),
    ("ID,TIME,AMT,CMT\n1,0,5,1.5\n", "E0212", (2, 7), "not a whole number"),
];

#[test]
fn bad_data_is_refused_at_its_place() {
    for (text, code, place, words) in REFUSED {
        let problems = DataSet::read(&Source::new("d.csv", *text)).expect_err(text);
        let first =
            problems.list().iter().find(|d| d.severity == crate::diagnostic::Severity::Error).unwrap();
        assert_eq!(first.code, *code, "{text}\n{problems}");
        assert_eq!(first.line_column().unwrap_or((0, 0)), *place, "{text}\n{problems}");
        assert!(first.message.contains(words), "{text}\n{problems}");
        assert!(first.help.is_some() || code == &"E0203", "no advice: {text}\n{problems}");
    }
}

#[test]
fn all_problems_are_told_up_to_a_limit() {
    let text = format!("ID,TIME,AMT\n{}", "1,0,x\n".repeat(1000));
    let problems = DataSet::read(&Source::new("d.csv", text)).unwrap_err();
    assert_eq!(problems.list().len(), MOST_ERRORS);
    let two = DataSet::read(&Source::new("d.csv", "ID,TIME,AMT\n1,0,x\n1,a,0\n")).unwrap_err();
    assert_eq!(two.list().len(), 2);
}

#[test]
fn what_is_odd_but_harmless_is_a_warning() {
    let (data, warnings) = read("ID,TIME,AMT,II\nC,0,5,0\n1,0,5,24\n1,9,5,24\n");
    assert_eq!(data.records().len(), 2);
    let codes: Vec<_> = warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["E0214", "E0214"]);
    let (_, warnings) = read("ID,TIME\n1,0\n");
    assert!(warnings[0].message.contains("no record gives a dose"));
    let (_, warnings) = read("ID,TIME,AMT\n1,0,5\n");
    assert!(warnings.is_empty());
}

#[test]
fn a_dose_says_everything_it_can() {
    let (data, _) = read(
        "ID TIME EVID AMT CMT RATE II ADDL SS\n1 0 4 100 2 -2 12 5 2\n1 3 2 . . . . . .\n1 4 3 0 0 0 0 0 0\n",
    );
    let Kind::ResetAndDose(dose) = &data.records()[0].kind else { panic!() };
    assert_eq!((dose.amount(), dose.interval(), dose.additional()), (100.0, 12.0, 5));
    assert_eq!((dose.rate(), dose.steady()), (Rate::ModelledDuration, Some(SteadyState::Adds)));
    assert_eq!(dose.target(), &Target::Number(2));
    assert_eq!(data.records()[1].kind, Kind::Other);
    assert_eq!(data.records()[2].kind, Kind::Reset);
}

#[test]
fn a_missing_evid_is_told_by_the_amount() {
    let (data, _) =
        read("id,time,amt,rate,ss,mdv,cmt\n1,0,5,.,.,1,ER\n1,1,.,NA,,0,2\n1,2,0,0,0,1,.\n1,3,0,4,1,1,1\n");
    let doses: Vec<bool> = data.records().iter().map(|r| r.dose().is_some()).collect();
    assert_eq!(doses, [true, false, false, true]);
    let measured: Vec<bool> = data.records().iter().map(Record::is_measured).collect();
    assert_eq!(measured, [false, true, false, false]);
    assert_eq!(data.records()[0].dose().unwrap().target(), &Target::Named("ER".into()));
    assert!(data.records()[3].dose().unwrap().is_constant_infusion());
}

#[test]
fn clocks_count_from_the_first_record_of_each_subject() {
    let (data, _) = read("ID,TIME\n1,1 08:30\n1,1 20:00\n1,3 08:30\n2,09:15\n2,10:00\n");
    let times: Vec<f64> = data.records().iter().map(|r| r.time).collect();
    assert_eq!(times, [0.0, 11.5, 48.0, 0.0, 0.75]);
}

#[test]
fn every_column_is_carried() {
    let (data, _) = read("# made by hand\nID, TIME ,DV,NOTE\n1,0,5.5,\"a, b\"\n1,1,., x \n");
    assert_eq!(data.columns(), ["ID", "TIME", "DV", "NOTE"]);
    assert_eq!((data.cell(0, 3), data.cell(1, 3), data.cell(9, 9)), ("a, b", "x", ""));
    assert_eq!((data.observed(0), data.observed(1)), (Some(5.5), None));
    assert_eq!(data.subjects(), [Subject { id: "1".into(), rows: 0..2 }]);
}

#[test]
fn the_clock_may_go_back_at_a_reset() {
    let (data, _) = read("ID,TIME,EVID,AMT\n1,50,1,5\n1,0,4,5\n1,1,0,0\n");
    assert_eq!(data.records()[1].time, 0.0);
}

#[test]
fn missing_covariates_are_filled_within_the_subject() {
    let (data, _) = read("ID,TIME,WT,SEX\n1,0,.,f\n1,1,70,.\n1,2,.,.\n1,3,80,.\n2,0,50,m\n");
    assert_eq!(data.covariate("WT", Carry::Backward).unwrap(), [70.0, 70.0, 80.0, 80.0, 50.0]);
    assert_eq!(data.covariate("WT", Carry::Forward).unwrap(), [70.0, 70.0, 70.0, 80.0, 50.0]);
    assert_eq!(data.levels("sex", Carry::Backward).unwrap(), ["f", "f", "f", "f", "m"]);
    let shown = data.covariate("WTT", Carry::Backward).unwrap_err().to_string();
    assert!(shown.contains("E0213") && shown.contains("did you mean WT?"), "{shown}");
    let shown = data.covariate("SEX", Carry::Backward).unwrap_err().to_string();
    assert!(shown.contains("row 1, column SEX") && shown.contains("d.csv:2:"), "{shown}");
    let (data, _) = read("ID,TIME,WT\n1,0,.\n1,1,.\n2,0,70\n");
    let shown = data.covariate("WT", Carry::Backward).unwrap_err().to_string();
    assert!(shown.contains("missing in all records of subject 1"), "{shown}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}") {
        let _ = DataSet::read(&Source::new("d.csv", text));
    }

    #[test]
    fn no_table_makes_the_reader_panic(
        cells in proptest::collection::vec(proptest::collection::vec(
            proptest::sample::select(vec!["0", "1", "-1", "2", "3", "4", "100", ".", "", "x", "1e308", "12:30", "\"", "1 2:00"]), 9..10), 0..12)
    ) {
        let rows: Vec<String> = cells.iter().map(|row| row.join(",")).collect();
        let text = format!("ID,TIME,EVID,AMT,CMT,RATE,II,ADDL,SS\n{}", rows.join("\n"));
        let _ = DataSet::read(&Source::new("d.csv", text));
    }
}
