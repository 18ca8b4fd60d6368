use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, renderer::DecorStyle};

use super::{Diagnostic, Severity};

/// A line longer than this is shown in part: a file may be one line of ten megabytes.
const LONGEST_TEXT: usize = 4_000;

pub(super) fn render(diagnostic: &Diagnostic, coloured: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code)
        .elements(Vec::<annotate_snippets::Element<'_>>::new());
    if let Some((source, span)) = &diagnostic.place {
        let (text, first_line, start, end) = excerpt(source.text(), span.start, span.end);
        let annotation = AnnotationKind::Primary.span(start..end);
        let annotation = if diagnostic.label.is_empty() {
            annotation
        } else {
            annotation.label(diagnostic.label.as_str())
        };
        group = group
            .element(Snippet::source(text).line_start(first_line).path(source.name()).annotation(annotation));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// The lines around a span, the number of the first of them, and the span within them.
fn excerpt(text: &str, start: usize, end: usize) -> (&str, usize, usize, usize) {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(start);
    let end = floor(end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let from = if start - line_start > LONGEST_TEXT { floor(start - 60) } else { line_start };
    // A span over many lines is shown by its first.
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let to = if line_end - from > LONGEST_TEXT { floor(start + 60) } else { line_end };
    let line = text[..line_start].matches('\n').count() + 1;
    (&text[from..to], line, start - from, end.min(to).max(start) - from)
}
