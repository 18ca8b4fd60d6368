//! What people see: the page, charts as files, the table on the terminal. All numbers are written by [`figure`].

mod answer;
mod changes;
mod chart;
mod explanation;
mod figure;
mod fit_page;
mod grid;
mod image;
mod operating;
mod page;
mod palette;
mod qualification;
mod svg;
mod terminal;
mod validation;

pub use answer::answer;
pub use changes::changes;
pub use chart::{ChartFile, ChartKind, charts, vpc_chart};
pub use explanation::explanation;
pub use figure::{count, difference, difference_unit, figure, quantity, rough, share, signed};
pub use fit_page::render_fit;
pub use image::{ImageError, ImageFormat, image};
pub use page::{PageError, render};
pub use qualification::qualification;
pub use terminal::{Colour, terminal};
pub use validation::{validation_plot, validation_table};
