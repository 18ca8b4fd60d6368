//! Expressions as text, with as few brackets as the precedence of the language needs.

use std::fmt::{self, Write};

use super::checked::Checked;
use super::graph::{Binary, Node, Unary};

/// Parts beyond this depth are shown as `…`: substituted definitions can nest without end.
const DEEPEST: usize = 100;
/// Text beyond this length is cut off.
const LONGEST: usize = 4_000;
/// A sum of more terms than this is not taken apart.
pub(super) const MOST_TERMS: usize = 1_000;

/// Numbers are shown in coherent units.
impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer { expression: self, out: String::new() };
        if let Some(root) = self.nodes().len().checked_sub(1) {
            printer.part(root, 0, 0)?;
        }
        f.write_str(&printer.out)
    }
}

struct Printer<'a> {
    expression: &'a Checked,
    out: String,
}

fn unary_name(op: Unary) -> &'static str {
    match op {
        Unary::Negate => "-",
        Unary::Not => "not ",
        Unary::Exp => "exp",
        Unary::Log => "log",
        Unary::Log10 => "log10",
        Unary::Log2 => "log2",
        Unary::Sqrt => "sqrt",
        Unary::Abs => "abs",
        Unary::Floor => "floor",
        Unary::Logit => "logit",
        Unary::Expit => "expit",
        Unary::Phi => "phi",
        Unary::Gamma => "gamma",
        Unary::Lgamma => "lgamma",
        Unary::Polygamma(_) => "polygamma",
    }
}

/// Text between the operands, how tight it binds, and the binding that each side needs to go without brackets.
fn infix(op: Binary) -> Option<(&'static str, u8, u8, u8)> {
    Some(match op {
        Binary::Or => (" or ", 1, 1, 2),
        Binary::And => (" and ", 2, 2, 3),
        Binary::Less => (" < ", 4, 5, 5),
        Binary::LessOrEqual => (" <= ", 4, 5, 5),
        Binary::Equal => (" == ", 4, 5, 5),
        Binary::NotEqual => (" != ", 4, 5, 5),
        Binary::Add => (" + ", 5, 5, 6),
        Binary::Subtract => (" - ", 5, 5, 6),
        Binary::Multiply => ("*", 6, 6, 7),
        Binary::Divide => ("/", 6, 6, 7),
        Binary::Power => ("^", 8, 9, 8),
        Binary::Min | Binary::Max => return None,
    })
}

impl Printer<'_> {
    fn bracketed(&mut self, needed: bool, inner: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        if !needed {
            return inner(self);
        }
        self.out.push('(');
        inner(self)?;
        self.out.push(')');
        Ok(())
    }

    /// Writes a part where operators of at least the binding `least` need no brackets.
    fn part(&mut self, id: usize, least: u8, depth: usize) -> fmt::Result {
        if depth > DEEPEST || self.out.len() > LONGEST {
            self.out.push('…');
            return Ok(());
        }
        let deeper = depth + 1;
        match self.expression.nodes()[id] {
            Node::Constant(bits) => {
                let value = f64::from_bits(bits);
                self.bracketed(value.is_sign_negative() && least > 6 && least != 8, |p| {
                    write!(p.out, "{}", Number(value))
                })
            }
            Node::Symbol(slot) => match self.expression.name(slot) {
                Some(name) => self.out.write_str(name),
                None => write!(self.out, "input{slot}"),
            },
            Node::Unary(op @ (Unary::Negate | Unary::Not), a) => {
                let own = if op == Unary::Negate { 7 } else { 3 };
                self.bracketed(least > own || (least == own && op == Unary::Negate), |p| {
                    p.out.push_str(unary_name(op));
                    p.part(a, own, deeper)
                })
            }
            Node::Unary(op, a) => {
                self.out.push_str(unary_name(op));
                self.out.push('(');
                if let Unary::Polygamma(order) = op {
                    write!(self.out, "{order}, ")?;
                }
                self.part(a, 0, deeper)?;
                self.out.push(')');
                Ok(())
            }
            Node::Binary(op, a, b) => match infix(op) {
                Some((text, own, left, right)) => self.bracketed(least > own, |p| {
                    p.part(a, left, deeper)?;
                    p.out.push_str(text);
                    p.part(b, right, deeper)
                }),
                None => {
                    self.out.push_str(if op == Binary::Min { "min(" } else { "max(" });
                    self.part(a, 0, deeper)?;
                    self.out.push_str(", ");
                    self.part(b, 0, deeper)?;
                    self.out.push(')');
                    Ok(())
                }
            },
            Node::Select(c, a, b) => self.bracketed(least > 0, |p| {
                p.out.push_str("if ");
                p.part(c, 1, deeper)?;
                p.out.push_str(" then ");
                p.part(a, 1, deeper)?;
                p.out.push_str(" else ");
                p.part(b, 0, deeper)
            }),
        }
    }
}

/// A number with an exponent where it would be long without.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-4..1e7).contains(&size) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}
