//! Charts, drawn as SVG with classes: the page or the file they stand in gives them their colours.

mod axis;
mod comparisons;
mod curve;
mod forest;
mod labels;
mod marks;
mod persistence;
mod plane;
mod profile;
mod scale;
mod swimmers;
mod tornado;
mod troughs;
mod vpc;

use super::answer::{Contrast, told};
use super::palette;
use super::svg::Svg;
use crate::run::results::{Course, Curve, Distribution, Profile, Results};
pub(super) use axis::capitalised;
pub(super) use comparisons::file as forest_of_comparisons;
pub(super) use curve::point_words;
pub use vpc::vpc_chart;

/// What a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Concentrations over time by arm, with bands of subjects.
    Profile,
    /// Distributions of an exposure by arm.
    Troughs,
    /// Exposure and response, with the evidence and the arms' exposures.
    ExposureResponse,
    /// What is lost against what is avoided.
    BenefitRisk,
    /// Differences between arms.
    Forest,
    /// Biomarkers over time by arm, with thresholds.
    Biomarkers,
    /// How long subjects stay on treatment.
    Persistence,
    /// The doses of a few patients.
    Patients,
    /// What the differences depend on.
    Tornado,
}

impl ChartKind {
    /// Its name in commands and files.
    pub fn name(self) -> &'static str {
        match self {
            ChartKind::Profile => "profile",
            ChartKind::Troughs => "troughs",
            ChartKind::ExposureResponse => "er",
            ChartKind::BenefitRisk => "benefit-risk",
            ChartKind::Forest => "forest",
            ChartKind::Biomarkers => "hb",
            ChartKind::Persistence => "km",
            ChartKind::Patients => "swimmers",
            ChartKind::Tornado => "tornado",
        }
    }
}

/// A chart as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartFile {
    /// A name for the file, without extension: `troughs-1`.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The SVG text, complete in itself, on white.
    pub svg: String,
}

/// The charts of a kind as SVG files, one for each exposure, moment, response or comparison; empty where the results
/// have nothing of the kind.
pub fn charts(results: &Results, kind: ChartKind) -> Vec<ChartFile> {
    let style = palette::file_style();
    drawings(results, kind, Room::Wide)
        .into_iter()
        .enumerate()
        .map(|(i, drawing)| {
            let name = format!("{}-{}", kind.name(), i + 1);
            let svg = drawing.svg.finish(
                drawing.height,
                &name,
                (&drawing.title, &drawing.description),
                Some(&style),
            );
            ChartFile { name, title: drawing.title, svg }
        })
        .collect()
}

/// The room a chart has: a page's column or a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Wide,
    Narrow,
}

impl Room {
    fn width(self) -> f64 {
        match self {
            Room::Wide => 860.0,
            Room::Narrow => 350.0,
        }
    }

    /// One of two values.
    fn choose<T>(self, wide: T, narrow: T) -> T {
        match self {
            Room::Wide => wide,
            Room::Narrow => narrow,
        }
    }
}

/// A finished chart with its words.
pub(super) struct Drawing {
    pub(super) title: String,
    pub(super) description: String,
    svg: Svg,
    height: f64,
}

impl Drawing {
    /// As part of a page.
    pub(super) fn inline(self, id: &str) -> String {
        self.svg.finish(self.height, id, (&self.title, &self.description), None)
    }
}

/// All charts of a kind.
pub(super) fn drawings(results: &Results, kind: ChartKind, room: Room) -> Vec<Drawing> {
    let arms = Arms::of(results);
    match kind {
        ChartKind::Profile => grouped(&results.profiles, |p: &Profile| p.label.as_str())
            .into_iter()
            .map(|group| {
                let look = profile::Look {
                    title: &concentration(group[0]),
                    axis: "Concentration",
                    thresholds: &[],
                    from_zero: true,
                };
                profile::draw(&group, &look, &arms, room)
            })
            .collect(),
        ChartKind::Biomarkers => grouped(&results.courses, |c: &Course| c.response.as_str())
            .into_iter()
            .map(|group| {
                let first = group.first();
                let title = first.map_or(String::new(), |course| capitalised(&course.bands.label));
                let look = profile::Look {
                    title: &title,
                    axis: first.map_or("", |course| &course.response),
                    thresholds: first.map_or(&[], |course| &course.thresholds),
                    from_zero: false,
                };
                let bands: Vec<&Profile> = group.iter().map(|course| &course.bands).collect();
                profile::draw(&bands, &look, &arms, room)
            })
            .collect(),
        ChartKind::Persistence => persistence::draw(&results.persistence, &arms, room).into_iter().collect(),
        ChartKind::Patients => swimmers::draw(&results.patients, &arms, room).into_iter().collect(),
        ChartKind::Tornado => {
            let endpoints = told(results);
            endpoints.iter().flat_map(|endpoint| tornado::draw(results, endpoint, &arms, room)).collect()
        }
        ChartKind::Troughs => grouped(&results.distributions, |d: &Distribution| d.metric.as_str())
            .into_iter()
            .map(|group| troughs::draw(&group, &arms, room))
            .collect(),
        ChartKind::ExposureResponse => curve_drawings(&results.curves, &arms, room),
        ChartKind::BenefitRisk => plane::draw(results, &arms, room).into_iter().collect(),
        ChartKind::Forest => {
            let contrasts = Contrast::all(results);
            forest::draw(results, &contrasts, &arms, room).into_iter().collect()
        }
    }
}

/// Exposure-response curves with their evidence and the exposures of arms.
pub(super) fn curve_drawings(curves: &[Curve], arms: &Arms<'_>, room: Room) -> Vec<Drawing> {
    curves.iter().map(|curve| curve::draw(curve, arms, room)).collect()
}

/// The title of concentrations over an interval.
fn concentration(profile: &Profile) -> String {
    format!("Concentration over time, {}", profile.label)
}

/// Items with the same key together, in the order in which the keys appear.
fn grouped<'a, T>(items: &'a [T], key: impl Fn(&T) -> &str) -> Vec<Vec<&'a T>> {
    let mut groups: Vec<Vec<&'a T>> = Vec::new();
    for item in items {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| key(first) == key(item))) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

/// The arms in their order, which gives them their colours.
pub(super) struct Arms<'a>(Vec<&'a str>);

impl<'a> Arms<'a> {
    pub(super) fn of(results: &'a Results) -> Self {
        Arms(results.design.arms.iter().map(|arm| arm.name.as_str()).collect())
    }

    /// No arms: evidence alone.
    pub(super) fn none() -> Self {
        Arms(Vec::new())
    }

    /// The class that colours an arm.
    pub(super) fn class(&self, arm: &str) -> String {
        let position = self.0.iter().position(|name| *name == arm);
        position.map_or_else(|| "arm".to_owned(), |i| format!("arm a{}", i % palette::ARMS))
    }
}
