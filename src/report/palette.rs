/// Colours of arms before they repeat.
pub(super) const ARMS: usize = 8;

/// A name, its colour on light and its colour on dark ground. The arms' colours keep apart for every common kind of
/// colour blindness (after Okabe and Ito 2008), three to one against both grounds; text five to one or more.
const COLOURS: [(&str, &str, &str); 18] = [
    ("ground", "#fbfaf7", "#15181b"),
    ("sheet", "#ffffff", "#1c2024"),
    ("ink", "#1b1e22", "#ebe8e2"),
    ("muted", "#555c64", "#a9b0b7"),
    ("rule", "#d9d5cb", "#3a4046"),
    ("grid", "#ebe8e0", "#2a2f34"),
    ("shade", "#f3ecd6", "#2b2a20"),
    ("edge", "#b9a566", "#7d7146"),
    ("warn", "#8a3b00", "#ffb27a"),
    ("response", "#4a5560", "#b4bec8"),
    ("a0", "#0072b2", "#56b4e9"),
    ("a1", "#d55e00", "#f0803c"),
    ("a2", "#008a64", "#2cc295"),
    ("a3", "#b0528c", "#e08fc0"),
    ("a4", "#8f6b00", "#e6b422"),
    ("a5", "#5b4fc4", "#a79cf5"),
    ("a6", "#7a4a2b", "#cf9d7b"),
    ("a7", "#3f4a4f", "#c3cdd2"),
];

/// What charts look like, on the page and in files.
const CHART_STYLE: &str = include_str!("chart.css");

/// The colours as custom properties: light, and dark where the reader's system asks for it. Paper is light.
pub(super) fn page_colours() -> String {
    let list = |of: fn(&(&str, &str, &str)) -> String| COLOURS.iter().map(of).collect::<String>();
    let light = list(|(name, light, _)| format!("--{name}:{light};"));
    let dark = list(|(name, _, dark)| format!("--{name}:{dark};"));
    let arms: String = (0..ARMS)
        .map(|i| format!("body:has(#show-a{i}:not(:checked)) .chart .a{i}.arm{{display:none}}"))
        .collect();
    format!(":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{arms}")
}

/// The style of charts on a page.
pub(super) fn chart_style() -> &'static str {
    CHART_STYLE
}

/// The style of a chart that stands alone: light colours written out, for programs that know no custom properties.
pub(super) fn file_style() -> String {
    let ground = "svg{background:#ffffff}";
    let style = COLOURS.iter().fold(CHART_STYLE.to_owned(), |style, (name, light, _)| {
        style.replace(&format!("var(--{name})"), light)
    });
    format!("{ground}{style}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of two colours: WCAG 2.2, definition of contrast ratio.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour: &str| {
            let channel = |i: usize| {
                let value = f64::from(u8::from_str_radix(&colour[i..i + 2], 16).unwrap()) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_marks_stand_out_on_both_grounds() {
        let of = |name: &str| COLOURS.iter().find(|(n, _, _)| *n == name).unwrap();
        for (ground, text_too) in [("ground", true), ("sheet", true), ("shade", true), ("grid", false)] {
            let (_, light, dark) = of(ground);
            for name in ["ink", "muted", "warn"] {
                let (_, on_light, on_dark) = of(name);
                let needed = if text_too { 4.5 } else { 3.0 };
                assert!(contrast(on_light, light) >= needed, "{name} on light {ground}");
                assert!(contrast(on_dark, dark) >= needed, "{name} on dark {ground}");
            }
            for (name, on_light, on_dark) in COLOURS.iter().filter(|(n, _, _)| n.len() == 2) {
                assert!(contrast(on_light, light) >= 3.0, "{name} on light {ground}");
                assert!(contrast(on_dark, dark) >= 3.0, "{name} on dark {ground}");
            }
        }
    }

    #[test]
    fn a_chart_in_a_file_has_every_colour_written_out() {
        assert!(!file_style().contains("var("), "{}", file_style());
        assert!(file_style().contains("#0072b2"));
    }
}
