//! Statistics of trials: proportions, survival, means, and several tests at once. Plain numbers in, plain numbers out.

mod binomial;
mod contrast;
mod cox;
mod least_squares;
mod log_rank;
mod mantel_haenszel;
mod multiplicity;
mod newcombe;
mod proportion;
mod score;
mod student;
mod survival;
mod wilcoxon;

pub use binomial::{Binomial, fisher, power_of_two};
pub use contrast::{Contrast, normal_deviate};
pub use cox::{CoxFit, cox};
pub use least_squares::{Fit, ancova, least_squares};
pub use log_rank::{Risk, log_rank};
pub use mantel_haenszel::{cochran_mantel_haenszel, risk_difference};
pub use multiplicity::{bonferroni, fixed_sequence, holm};
pub use newcombe::{newcombe, stratified_newcombe};
pub use proportion::{Count, clopper_pearson, wilson};
pub use score::score_difference;
pub use student::{student_quantile, student_tails, t_test, welch};
pub use survival::{Curve, Observed, Step, kaplan_meier};
pub use wilcoxon::wilcoxon;
