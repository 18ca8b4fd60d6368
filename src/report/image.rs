//! Charts as pictures: the SVG text as it is, pixels, or a page, with a font of the program's own, so that they look
//! the same on every machine.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg;
use usvg::fontdb::{Database, Source};

/// Pixels for each unit of a chart.
const SCALE: f32 = 2.0;

/// DejaVu Sans in its condensed width; its licence stands beside the files.
const FONTS: [&[u8]; 3] = [
    include_bytes!("fonts/DejaVuSansCondensed.ttf"),
    include_bytes!("fonts/DejaVuSansCondensed-Bold.ttf"),
    include_bytes!("fonts/DejaVuSansCondensed-Oblique.ttf"),
];
const FAMILY: &str = "DejaVu Sans";

static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut database = Database::new();
    for font in FONTS {
        database.load_font_source(Source::Binary(Arc::new(font)));
    }
    database.set_sans_serif_family(FAMILY);
    Arc::new(database)
});

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// Scalable, text that can be searched and styled.
    Svg,
    /// Pixels on white, two for each unit of the chart.
    Png,
    /// One page of the size of the chart, scalable, with its font.
    Pdf,
}

impl ImageFormat {
    /// The extension of files.
    pub fn extension(self) -> &'static str {
        match self {
            ImageFormat::Svg => "svg",
            ImageFormat::Png => "png",
            ImageFormat::Pdf => "pdf",
        }
    }
}

/// A picture could not be made: a fault of the program, or a chart too large for pixels.
#[derive(Debug, thiserror::Error)]
#[error("the picture could not be made: {0}")]
pub struct ImageError(String);

/// The bytes of a chart (see [`ChartFile`](super::ChartFile)) in a format; the same for the same chart.
///
/// # Errors
/// Where the text is not SVG, or its size is none that pixels can have.
pub fn image(svg: &str, format: ImageFormat) -> Result<Vec<u8>, ImageError> {
    if format == ImageFormat::Svg {
        return Ok(svg.as_bytes().to_vec());
    }
    let failed = |error: &dyn std::fmt::Display| ImageError(error.to_string());
    let options = usvg::Options {
        font_family: FAMILY.to_owned(),
        fontdb: DATABASE.clone(),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| failed(&e))?;
    if format == ImageFormat::Pdf {
        let (how, page) = (svg2pdf::ConversionOptions::default(), svg2pdf::PageOptions::default());
        return svg2pdf::to_pdf(&tree, how, page).map_err(|e| failed(&e));
    }
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| failed(&"it has no size"))?;
    let mut pixels =
        Pixmap::new(size.width(), size.height()).ok_or_else(|| failed(&"it is too large for pixels"))?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHART: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"60\" height=\"20\" \
        viewBox=\"0 0 60 20\"><style>.chart{font-family:system-ui,sans-serif;font-size:12px}.chart .a0{color:#ff0000}\
        .chart .dot{fill:currentColor}</style><g class=\"arm a0\"><rect class=\"dot\" width=\"10\" height=\"20\"/></g>\
        <text x=\"20\" y=\"15\">µg/L</text></svg>";

    #[test]
    fn pixels_have_the_colours_of_the_style_and_text_is_drawn() {
        let png = image(CHART, ImageFormat::Png).unwrap();
        let pixels = Pixmap::decode_png(&png).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (120, 40));
        let red = pixels.pixel(5, 5).unwrap();
        assert_eq!((red.red(), red.green(), red.blue()), (255, 0, 0));
        let dark = pixels.pixels().iter().filter(|p| p.red() < 100 && p.green() < 100).count();
        assert!(dark > 20, "{dark} dark pixels of text");
        assert_eq!(image(CHART, ImageFormat::Png).unwrap(), png);
    }

    #[test]
    fn a_page_embeds_its_font_and_is_the_same_each_time() {
        let pdf = image(CHART, ImageFormat::Pdf).unwrap();
        assert!(pdf.starts_with(b"%PDF-") && pdf.windows(16).any(|w| w == b"DejaVuSansConden"));
        assert_eq!(image(CHART, ImageFormat::Pdf).unwrap(), pdf);
        assert!(image("<p>", ImageFormat::Pdf).is_err());
    }
}
