//! Methods by which simulated trials are analysed.

/// How an analysis is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The common difference of shares over strata, with the test of Cochran, Mantel and Haenszel.
    MantelHaenszel,
    /// Newcombe's interval for a difference of shares, over strata where there are some.
    Newcombe,
    /// The score test of a difference of shares.
    Score,
    /// Logistic regression on arm and covariates.
    Logistic,
    /// The t-test of two means with a common variance.
    TTest,
    /// The t-test without it.
    Welch,
    /// Two means adjusted for covariates.
    Ancova,
    /// The log-rank test of two times to an event, over strata where there are some.
    LogRank,
    /// The rank-sum test of Wilcoxon, Mann and Whitney, over strata where there are some.
    Wilcoxon,
}

/// What an estimate of a method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// A difference of shares.
    Share,
    /// A log odds ratio.
    LogOdds,
    /// A difference of means.
    Mean,
    /// A log hazard ratio.
    LogHazard,
    /// A net benefit: how much likelier it is to have the greater value than the smaller one.
    Net,
}

impl Method {
    pub(super) const NAMES: [(&'static str, Method); 9] = [
        ("cmh", Method::MantelHaenszel),
        ("newcombe", Method::Newcombe),
        ("score", Method::Score),
        ("logistic", Method::Logistic),
        ("t-test", Method::TTest),
        ("welch", Method::Welch),
        ("ancova", Method::Ancova),
        ("log-rank", Method::LogRank),
        ("wilcoxon", Method::Wilcoxon),
    ];

    /// Its name in a study file.
    pub fn name(self) -> &'static str {
        Method::NAMES.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }

    /// What its estimates are.
    pub fn scale(self) -> Scale {
        match self {
            Method::MantelHaenszel | Method::Newcombe | Method::Score => Scale::Share,
            Method::Logistic => Scale::LogOdds,
            Method::TTest | Method::Welch | Method::Ancova => Scale::Mean,
            Method::LogRank => Scale::LogHazard,
            Method::Wilcoxon => Scale::Net,
        }
    }
}
