//! A file with all its mutants in it, each behind the question whether it is awake.

use crate::sites::{Shape, Site};

/// Text put in place of some bytes.
struct Edit {
    at: (usize, usize),
    /// Of edits at one place: ends of inner sites, then of outer ones; operators; starts of outer sites, then inner ones.
    rank: (u8, isize),
    text: String,
    site: usize,
}

/// Where a site lies in the woven text.
pub type Place = (usize, usize);

/// The woven text and the place of each site. `number` is the first mutant's number of each site; a site without one is
/// left as it is.
pub fn weave(text: &str, sites: &[Site], number: &[Option<u32>]) -> (String, Vec<Option<Place>>) {
    let mut edits = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        if let Some(number) = number[index] {
            rewrite(text, site, index, number, &mut edits);
        }
    }
    edits.sort_by_key(|edit| (edit.at.0, edit.rank));
    let mut woven = String::with_capacity(4 * text.len());
    let mut places: Vec<Option<Place>> = vec![None; sites.len()];
    let mut from = 0;
    for edit in &edits {
        woven.push_str(&text[from..edit.at.0]);
        let start = woven.len();
        woven.push_str(&edit.text);
        from = edit.at.1;
        let place = places[edit.site].get_or_insert((start, start));
        place.1 = woven.len();
    }
    woven.push_str(&text[from..]);
    (woven, places)
}

/// `if awake(1) { one } else if awake(2) { two } else { usual }`.
fn choice(number: u32, mutants: impl Iterator<Item = String>, usual: &str) -> String {
    let mut out = String::new();
    for (number, mutant) in (number..).zip(mutants) {
        out.push_str(&format!("if crate::awake::on({number}) {{ {mutant} }} else "));
    }
    format!("{out}{{ {usual} }}")
}

fn rewrite(text: &str, site: &Site, index: usize, number: u32, edits: &mut Vec<Edit>) {
    let (start, end) = site.range;
    let order = isize::try_from(index).unwrap_or(isize::MAX);
    let mut edit = |at, rank, text: String| edits.push(Edit { at, rank, text, site: index });
    let (before, after) = ((2, order), (0, -order));
    match &site.shape {
        Shape::Binary { operator, by_reference, was } => {
            let (open, close) = if *by_reference { ("&(", ")") } else { ("(", ")") };
            let choice = choice(
                number,
                site.instead.iter().map(|instead| format!("l {instead} r")),
                &format!("l {was} r"),
            );
            edit((start, start), before, format!("(match ({open}"));
            edit(*operator, (1, 0), format!("{close}, {open}"));
            edit((end, end), after, format!("{close}) {{ (l, r) => {choice} }})"));
        }
        Shape::Lazy { operator, and } => {
            let asks = if *and { "!=" } else { "==" };
            edit((start, start), before, "({ let l = ".to_owned());
            edit(*operator, (1, 0), format!("; if l {asks} crate::awake::on({number}) {{ "));
            edit((end, end), after, " } else { l } })".to_owned());
        }
        Shape::Assign { operator, place, was } => {
            let place_text = &text[place.0..place.1];
            let choice = choice(
                number,
                site.instead.iter().map(|instead| format!("{place_text} {instead} r")),
                &format!("{place_text} {was} r"),
            );
            edit((start, operator.1), before, "(match ".to_owned());
            edit((end, end), after, format!(" {{ r => {choice} }})"));
        }
        Shape::Unary { operand, was } => {
            let choice = choice(number, std::iter::once("x".to_owned()), &format!("{was}x"));
            edit((start, *operand), before, "(match (".to_owned());
            edit((end, end), after, format!(") {{ x => {choice} }})"));
        }
        Shape::Condition => {
            let asked = if site.instead.len() == 1 {
                format!(") != crate::awake::on({number}))")
            } else {
                format!(") && !crate::awake::on({}) || crate::awake::on({number}))", number + 1)
            };
            edit((start, start), before, "((".to_owned());
            edit((end, end), after, asked);
        }
        Shape::Arm => edit((end, end), after, format!(" if !crate::awake::on({number})")),
        Shape::Body => {
            let returns: String = (number..)
                .zip(&site.instead)
                .map(|(number, value)| format!(" if crate::awake::on({number}) {{ return {value}; }}"))
                .collect();
            edit((start, start), (1, 0), returns);
        }
    }
}
