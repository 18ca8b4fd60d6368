//! Taking the parts out of a formula that depend on some inputs alone.

use super::checked::{Checked, Kind, Known};
use super::graph::{Graph, Id, Node, operands};
use crate::units::Dimension;

impl Checked {
    /// The formula with an input in the place of each largest part that depends on an input of `of` and on none of
    /// `besides` (sets of slots): what stands for a part is the slot that `place` gives it.
    pub(crate) fn with_parts(
        &self,
        of: impl Fn(usize) -> bool,
        besides: impl Fn(usize) -> bool,
        mut place: impl FnMut(Checked) -> usize,
    ) -> Checked {
        let nodes = self.nodes();
        let (mut own, mut other) = (vec![false; nodes.len()], vec![false; nodes.len()]);
        for (at, node) in nodes.iter().enumerate() {
            if let Node::Symbol(slot) = *node {
                (own[at], other[at]) = (of(slot), besides(slot));
            }
            for operand in operands(*node).into_iter().flatten() {
                own[at] |= own[operand];
                other[at] |= other[operand];
            }
        }
        let mut whole = Graph::default();
        let imported = whole.import(nodes);
        let mut symbols = self.symbols().clone();
        let mut graph = Graph::default();
        // Where each operation went; that of a part only when something else asks for it.
        let mut placed: Vec<Option<Id>> = vec![None; nodes.len()];
        let mut part = |at: usize, graph: &mut Graph| {
            let slot =
                place(Checked::new(&whole, imported[at], self.symbols(), Kind::Number(Dimension::ONE)));
            symbols.insert(slot, Known { name: "part".into(), dimension: Dimension::ONE });
            graph.symbol(slot)
        };
        for (at, node) in nodes.iter().enumerate() {
            if own[at] && !other[at] {
                continue;
            }
            for operand in operands(*node).into_iter().flatten() {
                if placed[operand].is_none() {
                    placed[operand] = Some(part(operand, &mut graph));
                }
            }
            placed[at] = Some(graph.adopt(*node, |operand| placed[operand].unwrap_or(0)));
        }
        let last = nodes.len() - 1;
        let root = placed[last].unwrap_or_else(|| part(last, &mut graph));
        Checked::new(&graph, root, &symbols, self.kind())
    }

    /// Whether the formula is a sum of terms each of which has at most one of these inputs as a factor, the rest of the
    /// formula knowing none of them.
    pub(crate) fn is_affine_in(&self, slots: &[usize]) -> bool {
        let used: Vec<usize> = slots.iter().copied().filter(|slot| self.depends_on(*slot)).collect();
        used.iter().all(|&slot| {
            let slope = self.differentiate(slot);
            self.is_smooth_in(slot) && !used.iter().any(|other| slope.depends_on(*other))
        })
    }

    /// Whether no step or border hangs on an input.
    pub(crate) fn is_smooth_in(&self, slot: usize) -> bool {
        self.switches_at(slot).is_some_and(|places| places.is_empty())
    }
}
