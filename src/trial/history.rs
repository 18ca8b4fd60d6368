//! What subjects have been through by a moment of a walk.

use super::biomarker::Track;
use super::course::IntervalExposure;
use super::endpoint::Exposure;
use crate::response::Metric;

/// What subjects were exposed to, and what became of their biomarkers.
pub(super) struct History<'b> {
    /// The exposures of the dosing intervals that end at the moments.
    pub(super) exposures: Vec<IntervalExposure>,
    /// By response, where it is a time course.
    pub(super) tracks: Vec<Option<Track<'b>>>,
}

impl History<'_> {
    /// A segment of some hours was passed, the last dosing interval of it under an exposure.
    pub(super) fn pass(&mut self, hours: f64, exposure: IntervalExposure) {
        let average = exposure.metric(Exposure::Metric(Metric::Cavg));
        self.tracks.iter_mut().flatten().for_each(|track| track.advance(hours, average));
        self.exposures.push(exposure);
    }
}
