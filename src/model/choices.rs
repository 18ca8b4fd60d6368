use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table};

/// What a user asks of a model file where it leaves something open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Where the file offers a choice: name of the choice → option.
    pub options: BTreeMap<String, String>,
    /// The modifiers of the file that are to act.
    pub modifiers: Vec<String>,
}

impl<const N: usize> From<[(String, String); N]> for Choices {
    fn from(options: [(String, String); N]) -> Self {
        Choices { options: options.into(), modifiers: Vec::new() }
    }
}

/// A choice that a file offers, such as the variabilities of phase I or of phase II/III.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// What can be chosen.
    pub options: Vec<String>,
    /// What was chosen, or the default.
    pub chosen: String,
    /// What the choice is about.
    pub description: String,
}

pub(super) fn read(root: &Table<'_>, wanted: &Choices) -> Vec<Choice> {
    let mut choices = Vec::new();
    if let Some(table) = root.table("choices") {
        for (name, item) in table.entries() {
            choices.extend(choice(&name, &item, wanted));
        }
    }
    for (name, _) in
        wanted.options.iter().filter(|(name, _)| choices.iter().all(|c: &Choice| c.name != **name))
    {
        let near = did_you_mean(name, choices.iter().map(|c| c.name.as_str()));
        let mut diagnostic = Diagnostic::error("E0402", format!("the model offers no choice `{name}`"));
        if let Some(near) = near {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        root.problems().push(diagnostic);
    }
    choices
}

fn choice(name: &Spanned<String>, item: &Item<'_>, wanted: &Choices) -> Option<Choice> {
    let table = item.table()?;
    let options: Vec<String> =
        table.required_array("options")?.value.iter().filter_map(|o| Some(o.string()?.value)).collect();
    let default = table.required_string("default")?;
    let description = table.string("description").map_or_else(String::new, |d| d.value);
    table.finish();
    if !options.contains(&default.value) {
        table.error(
            "E0402",
            default.span,
            format!("the default `{}` is not among the options", default.value),
        );
    }
    // With a default that is none, the rest of the file is read as if the first option were it.
    let default = if options.contains(&default.value) { default.value } else { options.first()?.clone() };
    let chosen = wanted.options.get(&name.value).cloned().unwrap_or(default);
    if !options.contains(&chosen) {
        table.problems().push(
            Diagnostic::error("E0402", format!("`{chosen}` is no option of `{}`", name.value))
                .help(format!("the options are {}", options.join(", "))),
        );
        return None;
    }
    Some(Choice { name: name.value.clone(), options, chosen, description })
}

/// The item itself, or, where it is a table whose keys are the options of a choice, the item of what was chosen.
pub(super) fn resolve<'a>(item: &Item<'a>, choices: &[Choice]) -> Option<Item<'a>> {
    if !item.is_table() {
        return Some(item.clone());
    }
    let table = item.table()?;
    let entries = table.entries();
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.value.as_str()).collect();
    let Some(choice) = choices.iter().find(|c| names.iter().any(|n| c.options.iter().any(|o| o == n))) else {
        item.error(
            "E0402",
            format!("`{}` must be a number, or a table of the options of a choice", item.path()),
        );
        return None;
    };
    if let Some(missing) = choice.options.iter().find(|option| !names.contains(&option.as_str())) {
        item.error("E0402", format!("`{}` has no value for `{missing}`", item.path()));
        return None;
    }
    if let Some((stray, _)) = entries.iter().find(|(name, _)| !choice.options.contains(&name.value)) {
        item.report(
            Diagnostic::error("E0402", format!("`{}` is no option of `{}`", stray.value, choice.name))
                .help(format!("the options are {}", choice.options.join(", "))),
        );
        return None;
    }
    entries.into_iter().find(|(name, _)| name.value == choice.chosen).map(|(_, item)| item)
}
