//! The compartment structures that have closed forms.

/// A mammillary structure: first-order depots into a central compartment, which exchanges with peripheral ones.
///
/// The states stand in the order depots, central, peripherals. The rate constants (1/h, not negative) stand in the
/// order
///
/// * for each depot: into the central compartment, then lost without reaching it;
/// * elimination from the central compartment;
/// * for each peripheral compartment: from the central one, then back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    depots: usize,
    peripherals: usize,
}

impl Shape {
    /// A shape of up to two depots and up to two peripheral compartments; `None` beyond that.
    pub fn new(depots: usize, peripherals: usize) -> Option<Shape> {
        (depots <= 2 && peripherals <= 2).then_some(Shape { depots, peripherals })
    }

    /// Number of depots.
    pub fn depots(self) -> usize {
        self.depots
    }

    /// Number of peripheral compartments.
    pub fn peripherals(self) -> usize {
        self.peripherals
    }

    /// Number of states.
    pub fn states(self) -> usize {
        self.depots + 1 + self.peripherals
    }

    /// The state of the central compartment.
    pub fn central(self) -> usize {
        self.depots
    }

    /// Number of rate constants.
    pub fn rates(self) -> usize {
        2 * self.depots + 1 + 2 * self.peripherals
    }

    /// The name of a rate constant, for messages.
    pub fn rate_name(self, rate: usize) -> String {
        let first = 2 * self.depots;
        match rate {
            r if r < first && r % 2 == 0 => format!("absorption from depot {}", r / 2 + 1),
            r if r < first => format!("loss from depot {}", r / 2 + 1),
            r if r == first => "elimination".to_owned(),
            r if (r - first) % 2 == 1 => format!("central to peripheral {}", (r - first).div_ceil(2)),
            r => format!("peripheral {} to central", (r - first) / 2),
        }
    }
}
