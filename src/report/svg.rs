use std::fmt::Write;

/// A drawing under way: elements are appended, coordinates are rounded to a tenth of a pixel.
#[derive(Debug)]
pub(super) struct Svg {
    width: f64,
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(super) fn new(width: f64) -> Self {
        Svg { width, body: String::new() }
    }

    pub(super) fn width(&self) -> f64 {
        self.width
    }

    /// A group of marks with a class; `note` is what a pointer resting on it shows.
    pub(super) fn open(&mut self, class: &str, note: &str) {
        let _ = write!(self.body, "<g class=\"{class}\">");
        if !note.is_empty() {
            let _ = write!(self.body, "<title>{}</title>", escape(note));
        }
    }

    pub(super) fn close(&mut self) {
        self.body.push_str("</g>");
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        if [from.0, from.1, to.0, to.1].iter().all(|v| v.is_finite()) {
            let (x1, y1, x2, y2) = (px(from.0), px(from.1), px(to.0), px(to.1));
            let _ = write!(self.body, "<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>");
        }
    }

    /// A line through points; points that are not finite interrupt it.
    pub(super) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let mut d = String::new();
        let mut pen = 'M';
        for (x, y) in points {
            if x.is_finite() && y.is_finite() {
                let _ = write!(d, "{pen}{} {}", px(*x), px(*y));
                pen = 'L';
            } else {
                pen = 'M';
            }
        }
        if !d.is_empty() {
            let _ = write!(self.body, "<path class=\"{class}\" d=\"{d}\"/>");
        }
    }

    /// A filled outline through points, closed.
    pub(super) fn area(&mut self, points: impl Iterator<Item = (f64, f64)>, class: &str) {
        let mut d = String::new();
        for (x, y) in points.filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let _ = write!(d, "{}{} {}", if d.is_empty() { 'M' } else { 'L' }, px(x), px(y));
        }
        if !d.is_empty() {
            let _ = write!(self.body, "<path class=\"{class}\" d=\"{d}Z\"/>");
        }
    }

    pub(super) fn rect(&mut self, corner: (f64, f64), size: (f64, f64), round: f64, class: &str) {
        if [corner.0, corner.1, size.0, size.1].iter().all(|v| v.is_finite())
            && size.0 >= 0.0
            && size.1 >= 0.0
        {
            let (x, y, w, h, r) = (px(corner.0), px(corner.1), px(size.0), px(size.1), px(round));
            let _ = write!(
                self.body,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{r}\"/>"
            );
        }
    }

    pub(super) fn circle(&mut self, centre: (f64, f64), radius: f64, class: &str) {
        if centre.0.is_finite() && centre.1.is_finite() {
            let (x, y, r) = (px(centre.0), px(centre.1), px(radius));
            let _ = write!(self.body, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>");
        }
    }

    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        if at.0.is_finite() && at.1.is_finite() && !text.is_empty() {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let (x, y) = (px(at.0), px(at.1));
            let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
            let _ = write!(self.body, "<text{class} x=\"{x}\" y=\"{y}\"{anchor}>{}</text>", escape(text));
        }
    }

    /// The drawing as an `<svg>` element with its title and description. With a `style` it stands alone as a file;
    /// without, it is part of a page that has the style.
    pub(super) fn finish(self, height: f64, id: &str, alt: (&str, &str), style: Option<&str>) -> String {
        let (w, h) = (px(self.width), px(height));
        let (space, style) = match style {
            Some(style) => (" xmlns=\"http://www.w3.org/2000/svg\"", format!("<style>{style}</style>")),
            None => ("", String::new()),
        };
        format!(
            "<svg{space} class=\"chart\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{style}{}</svg>",
            escape(alt.0),
            escape(alt.1),
            self.body
        )
    }
}

/// A coordinate with at most one decimal.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text as it stands in XML; characters that XML forbids are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// Roughly how wide a text of this many pixels in height is.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.56
}

/// A text on one line of about `width` pixels; what is cut off is marked.
pub(super) fn fit(text: &str, width: f64, size: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if text_width(&short, size) + 2.0 * size * 0.56 > width {
            break;
        }
        short.push(c);
    }
    format!("{}\u{2026}", short.trim_end())
}
