//! The words of a regimen.

use std::ops::Range;

use super::{RegimenError, unreadable};
use crate::units::{Quantity, Unit};

const KEYWORDS: &[&str] = &["every", "once", "twice", "daily", "weekly", "for", "over", ",", "a", "times"];
const NUMBERS: &[(&str, u8)] = &[("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6)];

/// Whether a word belongs to the grammar, so that it cannot name a formulation.
pub(super) fn is_keyword(word: &str) -> bool {
    let known = KEYWORDS.iter().chain(NUMBERS.iter().map(|(spelt, _)| spelt));
    known.into_iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
        || word.starts_with(|c: char| c.is_ascii_digit())
}

/// The words of a text, a comma being one of its own.
pub(super) struct Words<'a> {
    text: &'a str,
    words: Vec<Range<usize>>,
    at: usize,
}

impl<'a> Words<'a> {
    /// The words of a text.
    pub(super) fn new(text: &'a str) -> Self {
        let mut words: Vec<Range<usize>> = Vec::new();
        let mut open = None;
        for (place, c) in text.char_indices().chain([(text.len(), ' ')]) {
            if c.is_whitespace() || c == ',' {
                if let Some(start) = open.take() {
                    words.push(start..place);
                }
                if c == ',' {
                    words.push(place..place + 1);
                }
            } else if open.is_none() {
                open = Some(place);
            }
        }
        Words { text, words, at: 0 }
    }

    /// The next word.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).and_then(|span| self.text.get(span.clone()))
    }

    /// Takes the next word.
    pub(super) fn next(&mut self) -> Option<(&'a str, Range<usize>)> {
        let word = self.peek()?;
        let span = self.words[self.at].clone();
        self.at += 1;
        Some((word, span))
    }

    /// Takes the next word if it is this one.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    /// The place of the next word, or of the end.
    fn here(&self) -> Range<usize> {
        self.words.get(self.at).cloned().unwrap_or(self.text.len()..self.text.len())
    }

    /// A quantity: `24 h` or `24h`; one of `bare` (with its meaning in hours) may stand without a number.
    pub(super) fn quantity(
        &mut self,
        what: &str,
        bare: &[&str],
    ) -> Result<(Quantity, Range<usize>), RegimenError> {
        let here = self.here();
        if let Some(word) = self.peek()
            && bare.iter().any(|b| word.eq_ignore_ascii_case(b))
            && let Ok(unit) = word.to_ascii_lowercase().parse::<Unit>()
        {
            self.at += 1;
            return Ok((Quantity::new(1.0, unit), here));
        }
        let Some((first, span)) = self.next() else {
            return Err(unreadable(here, format!("{what} is missing")));
        };
        if !first.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
            return Err(unreadable(span, format!("`{first}` is not {what} with its unit")));
        }
        let alone = first.parse::<f64>().is_ok();
        let end = if alone { self.next().map_or(span.end, |(_, unit)| unit.end) } else { span.end };
        let written = &self.text[span.start..end];
        let quantity =
            written.parse::<Quantity>().map_err(|error| unreadable(span.start..end, error.to_string()))?;
        if alone && end == span.end {
            return Err(unreadable(span, format!("`{first}` has no unit")));
        }
        Ok((quantity, span.start..end))
    }

    /// How often, with its place.
    pub(super) fn frequency(&mut self) -> Result<(Option<Quantity>, Range<usize>), RegimenError> {
        let start = self.here().start;
        if self.take("every") {
            if self.take("other") {
                let (unit, span) = self.quantity("a time", &["day", "week"])?;
                let twice = Quantity::new(2.0 * unit.value(), unit.unit().clone());
                return Ok((Some(twice), start..span.end));
            }
            let (interval, span) = self.quantity("a time", &["day", "week", "hour"])?;
            return Ok((Some(interval), start..span.end));
        }
        let saved = self.at;
        let times = self.times();
        let hours = if self.take("daily") {
            Some(24.0)
        } else if self.take("weekly") {
            Some(168.0)
        } else if self.take("a") {
            if self.take("day") {
                Some(24.0)
            } else if self.take("week") {
                Some(168.0)
            } else {
                return Err(unreadable(self.here(), "`a` is followed by neither `day` nor `week`".into()));
            }
        } else {
            None
        };
        let end = self.words.get(self.at.wrapping_sub(1)).map_or(start, |span| span.end);
        match (times, hours) {
            (times, Some(hours)) => {
                let unit = "h".parse::<Unit>().map_err(|e| unreadable(start..end, e.to_string()))?;
                Ok((Some(Quantity::new(hours / times.unwrap_or(1.0), unit)), start..end))
            }
            (Some(1.0) | None, None) => {
                let once = times.is_some();
                if !once {
                    self.at = saved;
                }
                Ok((None, start..end))
            }
            (Some(_), None) => {
                Err(unreadable(self.here(), "how often is not complete: say `daily` or `weekly`".into()))
            }
        }
    }

    /// `once`, `twice`, `3 times`.
    fn times(&mut self) -> Option<f64> {
        if self.take("once") {
            return Some(1.0);
        }
        if self.take("twice") {
            return Some(2.0);
        }
        let next = self.peek()?;
        let spelt =
            NUMBERS.iter().find(|(word, _)| next.eq_ignore_ascii_case(word)).map(|(_, number)| *number);
        let number = spelt.or_else(|| next.parse::<u8>().ok()).filter(|n| *n > 0)?;
        let after = self.words.get(self.at + 1).and_then(|span| self.text.get(span.clone()));
        if !after.is_some_and(|word| word.eq_ignore_ascii_case("times")) {
            return None;
        }
        self.at += 2;
        Some(f64::from(number))
    }

    /// `10 doses`.
    pub(super) fn doses(&mut self) -> Result<Option<(u32, Range<usize>)>, RegimenError> {
        let Some((number, span)) = self.next() else { return Ok(None) };
        let Ok(doses) = number.parse::<u32>() else {
            return Err(unreadable(span, format!("`{number}` is not expected here")));
        };
        let end = self.here().end;
        if self.take("doses") || self.take("dose") {
            Ok(Some((doses, span.start..end)))
        } else {
            Err(unreadable(span, format!("`{number}` is not followed by `doses`")))
        }
    }
}
