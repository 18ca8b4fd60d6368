use super::super::svg::{Anchor, text_width};

const SIZE: f64 = 12.0;

/// Places for names beside points, so that they hide neither one another nor a point.
#[derive(Debug)]
pub(super) struct Labels {
    bounds: Area,
    taken: Vec<Area>,
}

/// Left, top, right, bottom.
type Area = (f64, f64, f64, f64);

impl Labels {
    /// Names may stand within `bounds` (left, top, right, bottom), away from `points`.
    pub(super) fn new(bounds: Area, points: impl Iterator<Item = (f64, f64)>) -> Self {
        Labels { bounds, taken: points.map(|(x, y)| (x - 6.0, y - 6.0, x + 6.0, y + 6.0)).collect() }
    }

    /// Where the name of a point goes; `None` if there is no room for it.
    pub(super) fn place(&mut self, (x, y): (f64, f64), text: &str) -> Option<((f64, f64), Anchor)> {
        let width = text_width(text, SIZE);
        // Below to the right first: there a rising curve leaves room.
        let places = [
            ((x + 9.0, y + 18.0), Anchor::Start),
            ((x - 9.0, y - 9.0), Anchor::End),
            ((x + 9.0, y - 9.0), Anchor::Start),
            ((x - 9.0, y + 18.0), Anchor::End),
            ((x, y - 11.0), Anchor::Middle),
            ((x, y + 20.0), Anchor::Middle),
        ];
        let area = |((x, y), anchor): ((f64, f64), Anchor)| {
            let left = match anchor {
                Anchor::Start => x,
                Anchor::Middle => x - width / 2.0,
                Anchor::End => x - width,
            };
            (left, y - SIZE, left + width, y + 3.0)
        };
        let place = places.into_iter().find(|place| self.is_free(area(*place)))?;
        self.taken.push(area(place));
        Some(place)
    }

    fn is_free(&self, (left, top, right, bottom): Area) -> bool {
        let (l, t, r, b) = self.bounds;
        let inside = left >= l && top >= t && right <= r && bottom <= b;
        let apart = |(l, t, r, b): &Area| right <= *l || left >= *r || bottom <= *t || top >= *b;
        inside && self.taken.iter().all(apart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_clear_of_points_of_one_another_and_of_the_edge() {
        let points = [(50.0, 50.0), (60.0, 68.0), (195.0, 20.0)];
        let mut labels = Labels::new((0.0, 0.0, 200.0, 100.0), points.into_iter());
        assert_eq!(labels.place(points[1], "second"), Some(((69.0, 86.0), Anchor::Start)));
        // Below to the right stands the second point with its name.
        assert_eq!(labels.place(points[0], "first"), Some(((41.0, 41.0), Anchor::End)));
        // At the right edge only the left is free.
        assert_eq!(labels.place(points[2], "third").map(|(_, anchor)| anchor), Some(Anchor::End));
        assert_eq!(labels.place((100.0, 50.0), &"long".repeat(20)), None);
    }
}
