//! Taylor polynomials of the solutions of differential equations, by automatic differentiation: the coefficients of
//! every operation follow from those of its operands, order by order (Moore 1966; Jorba and Zou 2005, Experiment. Math.
//! 14:99, §2). The equations themselves say what the next coefficients of the states are.

use crate::math::dispatch::{Kernel, dispatch};

use super::evaluate::Column;
use super::functions as f;
use super::graph::{Binary, Unary};
use super::held::{Place, Still};
use super::program::{Instruction, Operation, Program};

/// Lanes worked on together: so many that choosing what to do costs little beside doing it, and so few that what they
/// need stays in the first-level cache.
pub(crate) const GROUP: usize = 64;
/// Lanes whose sums of products stay in registers.
const PART: usize = 32;

/// A coefficient of the lanes of a group, at a place where the widest loads find it in one line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Lanes([f64; GROUP]);

const ZERO: Lanes = Lanes([0.0; GROUP]);

/// What an input is that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moving {
    /// A state, by the output of the program that is its derivative.
    State(usize),
    /// The time.
    Time,
}

/// The solutions of equations dx/dt = f(t, x) over lanes as polynomials in time. Inputs that do not move are held as
/// [`Held`](super::Held) holds them.
#[derive(Debug)]
pub(crate) struct Jets {
    order: usize,
    shown: usize,
    /// Over the block: what is held.
    block: Vec<Vec<f64>>,
    /// Over the lanes, group after group: what is held.
    held: Vec<Lanes>,
    states: Vec<Jet>,
    /// Where the equations know the time.
    time: Option<Jet>,
    rules: Vec<(Rule, Jet)>,
    /// The derivative of each state, and its sign.
    slopes: Vec<(Term, f64)>,
    /// Of one group: jet after jet the coefficients from order 0 up. States come first, what a rule gives behind its
    /// operands.
    file: Vec<Lanes>,
}

/// Where a jet stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Jet {
    first: usize,
    /// From one order to the next: 1, or 0 where one is worked out in the place of the other.
    step: usize,
}

/// An operand.
#[derive(Clone, Copy, Debug)]
enum Term {
    Jet(Jet),
    /// What is held in this column.
    Held(usize),
}

/// How the coefficients of a jet follow from those of jets before it and from what is held, which comes second.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Negate(Jet),
    /// Of order 0 only.
    Reciprocal(Jet),
    Exp(Jet),
    /// The reciprocal comes second.
    Log(Jet, Jet),
    Sqrt(Jet),
    Sum(Jet, Jet),
    Difference(Jet, Jet),
    Product(Jet, Jet),
    /// Dividend, divisor, and its reciprocal.
    Quotient(Jet, Jet, Jet),
    /// A jet and what is held.
    Raise(Jet, usize),
    /// What is held less a jet.
    Lower(Jet, usize),
    /// A jet times what is held.
    Multiple(Jet, usize),
    /// A jet to the power of what is held, and the reciprocal of the jet.
    Power(Jet, usize, Jet),
    /// What is held, by a jet, and the reciprocal of that.
    Inverse(usize, Jet, Jet),
}

impl Program {
    /// The solutions of the equations whose right-hand sides are the outputs of this program, to an order of at least 1 in
    /// time, for the `subjects` of a block, of whom `width` can be seated at a time; at first these are those from the
    /// first on. `moving` names the inputs that move. The coefficients of the first `shown` states are wanted.
    ///
    /// `None` where what moves enters conditions or other operations that have no series.
    pub(crate) fn jets(
        &self,
        inputs: &[Column<'_>],
        (subjects, width): (usize, usize),
        (order, shown): (usize, usize),
        moving: impl Fn(usize) -> Option<Moving>,
    ) -> Option<Jets> {
        let Still { mut block, places } = self.still(inputs, subjects, |slot| moving(slot).is_some());
        let mut length = 0;
        let mut place = |remembers: bool| {
            let jet = Jet { first: length, step: usize::from(remembers) };
            length += if remembers { order + 1 } else { 1 };
            jet
        };
        let value_of =
            |state: usize| self.slots.iter().position(|s| moving(*s) == Some(Moving::State(state)));
        let states: Vec<Jet> = (0..self.outputs.len())
            .map(|state| {
                let asked = |value: usize| {
                    let slope = (0..self.outputs.len()).any(|output| self.slope(output).0 == value);
                    slope || self.is_remembered(value, &places)
                };
                place(state < shown || value_of(state).is_some_and(asked))
            })
            .collect();
        let mut terms: Vec<Term> = Vec::with_capacity(places.len());
        let (mut rules, mut time) = (Vec::new(), None);
        for (value, still) in places.iter().enumerate() {
            let source = self.slots.get(value).and_then(|slot| moving(*slot));
            let instruction = value.checked_sub(self.first()).map(|i| (i, self.instructions[i]));
            terms.push(match (still, source, instruction) {
                (Some(Place::Column(column)), ..) => Term::Held(*column),
                (Some(Place::Number(number)), ..) => {
                    block.push(vec![*number; subjects]);
                    Term::Held(block.len() - 1)
                }
                (_, Some(Moving::State(state)), _) => Term::Jet(*states.get(state)?),
                (_, Some(Moving::Time), _) => Term::Jet(*time.get_or_insert_with(|| place(true))),
                (_, None, None) => return None,
                (_, None, Some((i, instruction))) => match self.is_negative_slope(i) {
                    true => terms[instruction.a as usize],
                    false => {
                        let reciprocal = |of: Jet| {
                            let jet = place(false);
                            rules.push((Rule::Reciprocal(of), jet));
                            jet
                        };
                        let rule = rule(instruction, &terms, &mut block, reciprocal)?;
                        let jet = place(rule.remembers() || self.is_remembered(value, &places));
                        rules.push((rule, jet));
                        Term::Jet(jet)
                    }
                },
            });
        }
        let mut jets = Jets {
            order,
            shown,
            held: vec![ZERO; width.div_ceil(GROUP) * block.len()],
            block,
            time,
            rules,
            slopes: (0..self.outputs.len())
                .map(|output| self.slope(output))
                .map(|(value, sign)| (terms[value], sign))
                .collect(),
            states,
            file: vec![ZERO; length],
        };
        (0..width.min(subjects)).for_each(|lane| jets.seat(lane, lane));
        Some(jets)
    }

    /// Whether an instruction is there only to give an output the other sign.
    fn is_negative_slope(&self, instruction: usize) -> bool {
        let negates = matches!(self.instructions[instruction].operation, Operation::Unary(Unary::Negate));
        negates && self.own_output(instruction).is_some()
    }

    /// The value that an output is, but for this sign.
    fn slope(&self, output: usize) -> (usize, f64) {
        let value = self.outputs[output] as usize;
        match value.checked_sub(self.first()).filter(|i| self.is_negative_slope(*i)) {
            Some(instruction) => (self.instructions[instruction].a as usize, -1.0),
            None => (value, 1.0),
        }
    }

    /// Whether an operation asks for the lower orders of a value, given where what does not move stands.
    fn is_remembered(&self, value: usize, places: &[Option<Place>]) -> bool {
        self.instructions.iter().any(|instruction| {
            let asked = match instruction.operation {
                Operation::Unary(Unary::Exp | Unary::Log) | Operation::Binary(Binary::Power) => instruction.a,
                Operation::Binary(Binary::Divide) => instruction.b,
                Operation::Binary(Binary::Multiply) => {
                    let moves = |operand: u32| places[operand as usize].is_none();
                    return instruction.operands().all(moves)
                        && instruction.operands().any(|operand| operand as usize == value);
                }
                _ => return false,
            };
            asked as usize == value
        })
    }
}

impl Rule {
    /// Whether it asks for the lower orders of its own jet.
    fn remembers(self) -> bool {
        use Rule::{Exp, Inverse, Log, Power, Quotient, Sqrt};
        matches!(self, Quotient(..) | Inverse(..) | Power(..) | Exp(_) | Log(..) | Sqrt(_))
    }
}

/// The rule of an operation whose result moves.
fn rule(
    instruction: Instruction,
    terms: &[Term],
    block: &mut Vec<Vec<f64>>,
    mut reciprocal: impl FnMut(Jet) -> Jet,
) -> Option<Rule> {
    use Term::{Held, Jet};
    let [a, b] = [instruction.a, instruction.b].map(|operand| terms[operand as usize]);
    let mut derived = |column: usize, of: fn(f64) -> f64| {
        block.push(block[column].iter().map(|value| of(*value)).collect());
        block.len() - 1
    };
    Some(match (instruction.operation, a, b) {
        (Operation::Unary(Unary::Negate), Jet(a), _) => Rule::Negate(a),
        (Operation::Unary(Unary::Exp), Jet(a), _) => Rule::Exp(a),
        (Operation::Unary(Unary::Log), Jet(a), _) => Rule::Log(a, reciprocal(a)),
        (Operation::Unary(Unary::Sqrt), Jet(a), _) => Rule::Sqrt(a),
        (Operation::Binary(Binary::Add), Jet(a), Jet(b)) => Rule::Sum(a, b),
        (Operation::Binary(Binary::Add), Jet(jet), Held(still))
        | (Operation::Binary(Binary::Add), Held(still), Jet(jet)) => Rule::Raise(jet, still),
        (Operation::Binary(Binary::Subtract), Jet(a), Jet(b)) => Rule::Difference(a, b),
        (Operation::Binary(Binary::Subtract), Jet(a), Held(b)) => Rule::Raise(a, derived(b, |b| -b)),
        (Operation::Binary(Binary::Subtract), Held(a), Jet(b)) => Rule::Lower(b, a),
        (Operation::Binary(Binary::Multiply), Jet(a), Jet(b)) => Rule::Product(a, b),
        (Operation::Binary(Binary::Multiply), Jet(jet), Held(still))
        | (Operation::Binary(Binary::Multiply), Held(still), Jet(jet)) => Rule::Multiple(jet, still),
        (Operation::Binary(Binary::Divide), Jet(a), Jet(b)) => Rule::Quotient(a, b, reciprocal(b)),
        (Operation::Binary(Binary::Divide), Jet(a), Held(b)) => Rule::Multiple(a, derived(b, |b| 1.0 / b)),
        (Operation::Binary(Binary::Power), Jet(a), Held(b)) => Rule::Power(a, b, reciprocal(a)),
        (Operation::Binary(Binary::Divide), Held(a), Jet(b)) => Rule::Inverse(a, b, reciprocal(b)),
        _ => return None,
    })
}

impl Jets {
    /// Takes a subject of the block into a lane.
    pub(crate) fn seat(&mut self, lane: usize, subject: usize) {
        let first = lane / GROUP * self.block.len();
        for (lanes, column) in self.held.iter_mut().skip(first).zip(&self.block) {
            if let Some(value) = column.get(subject) {
                lanes.0[lane % GROUP] = *value;
            }
        }
    }

    /// Writes the coefficients of the states that are shown, of order 1 and up: that of order k of state i of lane l to
    /// `out[((k - 1) * shown + i) * width + l]`.
    ///
    /// The lanes are at the times `t`. Their states stand in `x`, row after row, a number a lane. To the derivative of
    /// state i the constant in row i of `rates` is added.
    ///
    /// # Panics
    /// If there are more times than the width, or fewer rows of states or rates or less room than that.
    pub(crate) fn expand(&mut self, t: &[f64], x: [&[f64]; 2], rates: &[f64], out: &mut [f64]) {
        dispatch(Expand { jets: self, t, x, rates, out });
    }
}

struct Expand<'a> {
    jets: &'a mut Jets,
    t: &'a [f64],
    x: [&'a [f64]; 2],
    rates: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Expand<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Expand { jets, t, x, rates, out } = self;
        let Jets { order, shown, block, held, states, time, rules, slopes, file } = jets;
        let (order, shown, columns, width) = (*order, *shown, block.len(), t.len());
        for first in (0..width).step_by(GROUP) {
            let lanes = first..width.min(first + GROUP);
            let rows = x.iter().flat_map(|rows| rows.chunks_exact(width));
            for (jet, row) in states.iter().zip(rows) {
                copy(&row[lanes.clone()], &mut file[jet.first].0[..lanes.len()]);
            }
            if let Some(time) = time {
                copy(&t[lanes.clone()], &mut file[time.first].0[..lanes.len()]);
                file[time.first + 1] = Lanes([1.0; GROUP]);
            }
            let held = &held[first / GROUP * columns..][..columns];
            for k in 0..order {
                for (rule, jet) in rules.iter() {
                    let (done, own) = file.split_at_mut(jet.first);
                    Order { done, own: &mut own[..jet.step * order + 1], held, k }.follow(*rule);
                }
                let share = 1.0 / (k + 1) as f64;
                for (state, (jet, (slope, sign))) in states.iter().zip(slopes.iter()).enumerate() {
                    let (to, share) = (jet.first + jet.step * (k + 1), share * sign);
                    match *slope {
                        // A state that is a slope keeps its orders, so that the two are never one place.
                        Term::Jet(slope) => {
                            if let Ok([slope, to]) = file.get_disjoint_mut([slope.first + slope.step * k, to])
                            {
                                each(to, slope, |slope| slope * share);
                            }
                        }
                        Term::Held(column) if k == 0 => {
                            each(&mut file[to], &held[column], |slope| slope * share)
                        }
                        Term::Held(_) => file[to] = ZERO,
                    }
                    if k == 0 {
                        let rate = &rates[state * width..][lanes.clone()];
                        file[to].0.iter_mut().zip(rate).for_each(|(slope, rate)| *slope += rate);
                    }
                }
            }
            for (k, rows) in out.chunks_exact_mut((shown * width).max(1)).enumerate().take(order) {
                for (jet, row) in states.iter().zip(rows.chunks_exact_mut(width)) {
                    copy(&file[jet.first + k + 1].0[..lanes.len()], &mut row[lanes.clone()]);
                }
            }
        }
    }
}

/// Copies lanes of a group.
#[inline(always)]
fn copy(from: &[f64], to: &mut [f64]) {
    match (from.first_chunk::<GROUP>(), to.first_chunk_mut::<GROUP>()) {
        (Some(from), Some(to)) => *to = *from,
        _ => to.copy_from_slice(from),
    }
}

/// One order of one jet over the lanes of a group.
struct Order<'a> {
    /// The jets before it.
    done: &'a [Lanes],
    /// The jet.
    own: &'a mut [Lanes],
    held: &'a [Lanes],
    k: usize,
}

impl Order<'_> {
    /// Works a rule off.
    #[inline(always)]
    fn follow(self, rule: Rule) {
        let Order { done, own, held, k } = self;
        let begins = k == 0;
        let of = |jet: Jet| &done[jet.first..=jet.first + k];
        let now = |jet: Jet| &done[jet.first + jet.step * k];
        let (lower, own) = own.split_at_mut(if own.len() == 1 { 0 } else { k });
        let Some(to) = own.first_mut() else {
            return;
        };
        match rule {
            Rule::Negate(a) => each(to, now(a), |a| -a),
            Rule::Sum(a, b) => both(to, now(a), now(b), |a, b| a + b),
            Rule::Difference(a, b) => both(to, now(a), now(b), |a, b| a - b),
            Rule::Multiple(a, by) => both(to, now(a), &held[by], |a, by| a * by),
            Rule::Raise(a, by) if begins => both(to, now(a), &held[by], |a, by| a + by),
            Rule::Raise(a, _) => *to = *now(a),
            Rule::Lower(a, from) if begins => both(to, now(a), &held[from], |a, from| from - a),
            Rule::Lower(a, _) => each(to, now(a), |a| -a),
            Rule::Product(a, b) => *to = convolve(of(a), of(b)),
            Rule::Reciprocal(a) if begins => each(to, now(a), |a| 1.0 / a),
            Rule::Reciprocal(_) => (),
            Rule::Quotient(a, b, reciprocal) => {
                let sum = convolve(&of(b)[1..], lower);
                both(to, now(a), &sum, |a, sum| a - sum);
                amend(to, now(reciprocal), |to, by| to * by);
            }
            Rule::Inverse(a, _, reciprocal) if begins => {
                both(to, &held[a], now(reciprocal), |a, reciprocal| a * reciprocal);
            }
            Rule::Inverse(_, b, reciprocal) => {
                let sum = convolve(&of(b)[1..], lower);
                both(to, &sum, now(reciprocal), |sum, reciprocal| -sum * reciprocal);
            }
            Rule::Exp(a) if begins => each(to, now(a), f::exp),
            Rule::Exp(a) => {
                let share = 1.0 / k as f64;
                each(to, &convolve_slopes(&of(a)[1..], lower), |sum| sum * share);
            }
            Rule::Log(a, _) if begins => each(to, now(a), f::log),
            Rule::Log(a, reciprocal) => {
                let share = 1.0 / k as f64;
                let sum = convolve_slopes(&lower[1..], &of(a)[1..k]);
                both(to, now(a), &sum, |a, sum| a - sum * share);
                amend(to, now(reciprocal), |to, by| to * by);
            }
            Rule::Power(a, exponent, _) if begins => both(to, now(a), &held[exponent], f::pow),
            Rule::Power(a, exponent, reciprocal) => {
                // The sum over j of (exponent (k - j) - j) a[k - j] own[j], by k.
                let share = 1.0 / k as f64;
                let (slopes, plain) = (convolve_slopes(&of(a)[1..], lower), convolve(&of(a)[1..], lower));
                both(to, &slopes, &held[exponent], |slope, exponent| (exponent + 1.0) * slope * share);
                amend(to, &plain, |to, plain| to - plain);
                amend(to, now(reciprocal), |to, by| to * by);
            }
            Rule::Sqrt(a) if begins => each(to, now(a), f64::sqrt),
            Rule::Sqrt(a) => {
                let sum = convolve(&lower[1..], &lower[1..]);
                both(to, now(a), &sum, |a, sum| 0.5 * (a - sum));
                amend(to, &lower[0], |to, root| to / root);
            }
        }
    }
}

#[inline(always)]
fn each(to: &mut Lanes, a: &Lanes, of: impl Fn(f64) -> f64) {
    for l in 0..GROUP {
        to.0[l] = of(a.0[l]);
    }
}

#[inline(always)]
fn both(to: &mut Lanes, a: &Lanes, b: &Lanes, of: impl Fn(f64, f64) -> f64) {
    for l in 0..GROUP {
        to.0[l] = of(a.0[l], b.0[l]);
    }
}

#[inline(always)]
fn amend(to: &mut Lanes, by: &Lanes, of: impl Fn(f64, f64) -> f64) {
    for l in 0..GROUP {
        to.0[l] = of(to.0[l], by.0[l]);
    }
}

/// The sum over j of a[j] b[last - j].
#[inline(always)]
fn convolve(a: &[Lanes], b: &[Lanes]) -> Lanes {
    products(a, b, |_, a, b| a * b)
}

/// The sum over j of (j + 1) a[j] b[last - j]: what the slope of a jet, given from order 1 on, makes with another one.
#[inline(always)]
fn convolve_slopes(a: &[Lanes], b: &[Lanes]) -> Lanes {
    products(a, b, |j, a, b| (j + 1) as f64 * a * b)
}

#[inline(always)]
fn products(a: &[Lanes], b: &[Lanes], of: impl Fn(usize, f64, f64) -> f64) -> Lanes {
    let mut sums = ZERO;
    let terms = a.len().min(b.len());
    let (a, b) = (&a[..terms], &b[..terms]);
    for (part, sums) in sums.0.as_chunks_mut::<PART>().0.iter_mut().enumerate() {
        let mut sum = [0.0; PART];
        for j in 0..terms {
            let (a, b) =
                (&a[j].0.as_chunks::<PART>().0[part], &b[terms - 1 - j].0.as_chunks::<PART>().0[part]);
            for l in 0..PART {
                sum[l] += of(j, a[l], b[l]);
            }
        }
        *sums = sum;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Checked, Expression, Scope, Scratch, Symbol};

    const ORDER: usize = 12;
    /// Slots of two states, of time, of what is held, and of a third state.
    const NAMES: [&str; 6] = ["x", "y", "t", "p", "q", "z"];

    fn program(equations: &[&str]) -> Program {
        let mut scope = Scope::new();
        for (slot, name) in NAMES.iter().enumerate() {
            scope.symbol(name, Symbol { slot, unit: "1".parse().unwrap(), levels: None }).unwrap();
        }
        let checked: Vec<Checked> = equations
            .iter()
            .map(|text| Expression::parse(text).unwrap().check(&scope).unwrap_or_else(|e| panic!("{e:?}")))
            .collect();
        Program::compile(&checked.iter().collect::<Vec<_>>())
    }

    fn moving(slot: usize) -> Option<Moving> {
        let moving = |k: usize| [Moving::State(0), Moving::State(1), Moving::Time, Moving::State(2)][k];
        [Some(0), Some(1), Some(2), None, None, Some(3)][slot].map(moving)
    }

    fn jets(program: &Program, held: [&[f64]; 2], width: usize, shown: usize) -> Option<Jets> {
        let none = Column::Scalar(0.0);
        let inputs = [none, none, none, Column::Slice(held[0]), Column::Slice(held[1]), none];
        program.jets(&inputs, (held[0].len(), width), (ORDER, shown), moving)
    }

    /// By how much, after a short time, the slope of the polynomial of x is not what the equation says.
    fn defect(equation: &str) -> f64 {
        let program = program(&[equation, "-0.3*y + 0.1*t"]);
        let (begin, held, t) = ([0.7, 1.3], [0.8, -0.6], 0.4);
        let mut jets = jets(&program, [&held[..1], &held[1..]], 1, 2).unwrap();
        let mut out = vec![0.0; 2 * ORDER];
        jets.expand(&[t], [&begin[..1], &begin[1..]], &[0.0; 2], &mut out);
        let since: f64 = 0.03;
        let row = |state: usize| out.iter().skip(state).step_by(2);
        let (mut state, mut slope) = (begin, 0.0);
        for (value, row) in state.iter_mut().zip([row(0), row(1)]) {
            *value += row.rev().fold(0.0, |sum, c| (sum + c) * since);
        }
        for (k, c) in row(0).enumerate().rev() {
            slope = slope * since + (k + 1) as f64 * c;
        }
        let mut said = [0.0; 2];
        program.run(&[state[0], state[1], t + since, held[0], held[1], 0.0], &mut said, &mut Scratch::new());
        (slope - said[0]).abs()
    }

    #[test]
    fn polynomials_satisfy_their_equations() {
        for equation in [
            "y",
            "t",
            "p",
            "-x",
            "-p*x",
            "q - x",
            "x - q",
            "p + x*y",
            "x*x - x*y*t",
            "x/p - y",
            "x/(p + x)",
            "-p*(x/2)/(0.5 + x/2) + t",
            "p/(1 + x*x)",
            "1/(t + y) - 1/x",
            "exp(-x*y) - q*t",
            "y*expit(2*x - y)",
            "p*log(1 + x*t)",
            "sqrt(1 + x + y) - p*y",
            "x^3/p - (2 + t*x)^-2",
            "(x - y)/(y - q) - (if p > 0 then p else q)*y",
            "p^q*x + abs(q)*y",
            "x^p - y^-0.75 + (x*y)^0.161",
            "p*x^1.8/(0.3 + x^1.8) - (5/y)^0.17*y",
        ] {
            let defect = defect(equation);
            assert!(defect < 1e-13, "{equation}: {defect:e}");
        }
        // A test of the test: what is left out of a polynomial of this order is seen after a long time.
        assert!(defect("1000*x/(1 + 100*x)^2 - x*x*x*x*exp(4*x)") > 1e-10);
    }

    #[test]
    fn what_has_no_series_has_no_jets() {
        let held = [1.0];
        for equation in ["x^y", "2^x", "abs(x)", "max(x, y)", "if x > 1 then x else y", "floor(t)", "phi(x)"]
        {
            assert!(jets(&program(&[equation, "y"]), [&held, &held], 1, 2).is_none(), "{equation}");
        }
    }

    #[test]
    fn a_state_that_is_not_shown_is_read_before_it_moves_on() {
        let held = [1.0];
        for equations in [["z", "-0.3*y", "-y"], ["z", "-0.3*y", "y"], ["x*z", "p - y", "y*z"]] {
            let program = program(&equations);
            let expand = |shown: usize| -> Vec<f64> {
                let mut out = vec![0.0; ORDER * shown];
                let mut jets = jets(&program, [&held, &held], 1, shown).unwrap();
                jets.expand(&[0.0], [&[0.7], &[1.3, 0.2]], &[0.0, 0.0, 0.1], &mut out);
                out.into_iter().step_by(shown).collect()
            };
            assert_eq!(expand(1), expand(3), "{equations:?}");
            assert!(expand(1)[2] != 0.0);
        }
    }

    #[test]
    fn lanes_are_alone_whatever_their_number_and_seats() {
        let program = program(&["p*x/(q + x) - x*y", "-p*y"]);
        let subjects = 100;
        let p: Vec<f64> = (0..subjects).map(|i| 0.5 + 0.01 * f64::from(i)).collect();
        let q: Vec<f64> = (0..subjects).map(|i| 2.0 - 0.01 * f64::from(i)).collect();
        let rate = |subject: usize| 0.1 * subject as f64;
        let expand = |width: usize, seats: &[usize], shown: usize| -> Vec<Vec<f64>> {
            let mut jets = jets(&program, [&p, &q], width, shown).unwrap();
            seats.iter().enumerate().for_each(|(lane, subject)| jets.seat(lane, *subject));
            let of = |x: fn(f64) -> f64| -> Vec<f64> { seats.iter().map(|s| x(*s as f64)).collect() };
            let (x, y) = (of(|s| 1.0 + s), of(|s| 2.0 + 0.1 * s));
            let rates: Vec<f64> = seats.iter().map(|s| rate(*s)).chain(vec![0.0; width]).collect();
            let mut out = vec![f64::NAN; ORDER * shown * width];
            jets.expand(&vec![0.0; width], [&x, &y], &rates, &mut out);
            (0..width).map(|lane| out.iter().skip(lane).step_by(width).copied().collect()).collect()
        };
        let order: Vec<usize> = (0..subjects as usize).rev().collect();
        let together = expand(100, &order, 2);
        for (lane, subject) in order.iter().enumerate() {
            let alone = &expand(1, &[*subject], 2)[0];
            assert_eq!(alone, &together[lane]);
            // One that is not shown is there all the same.
            let first: Vec<f64> = alone.iter().step_by(2).copied().collect();
            assert_eq!(expand(1, &[*subject], 1)[0], first);
            let (x, y) = (1.0 + *subject as f64, 2.0 + 0.1 * *subject as f64);
            let slope = p[*subject] * x / (q[*subject] + x) - x * y + rate(*subject);
            assert!((alone[0] - slope).abs() < 1e-13 * slope.abs(), "{subject}");
        }
    }
}
