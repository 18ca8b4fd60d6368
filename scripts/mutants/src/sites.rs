//! The places of a file that can be mutated, and what stands there instead.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Pat, ReturnType, Type, UnOp};

/// How a place is rewritten: text before it, text in place of its operator, text after it.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `left operator right`, both evaluated once, by value or by reference.
    Binary { operator: (usize, usize), by_reference: bool, was: String },
    /// `left && right` or `left || right`.
    Lazy { operator: (usize, usize), and: bool },
    /// `place operator= value`.
    Assign { operator: (usize, usize), place: (usize, usize), was: String },
    /// A minus or a not before an operand.
    Unary { operand: usize, was: char },
    /// A condition of `if` or of a match arm.
    Condition,
    /// The pattern of a match arm that another arm would take: a guard goes after it.
    Arm,
    /// The start of a function's body.
    Body,
}

/// A place and its mutants.
#[derive(Clone, Debug)]
pub struct Site {
    /// Bytes of the file.
    pub range: (usize, usize),
    pub line: usize,
    pub function: String,
    pub shape: Shape,
    /// What stands there instead, one a mutant.
    pub instead: Vec<String>,
}

impl Site {
    /// What the mutant changes, in words.
    pub fn change(&self, mutant: usize) -> String {
        let instead = &self.instead[mutant];
        match &self.shape {
            Shape::Binary { was, .. } | Shape::Assign { was, .. } => format!("{was} becomes {instead}"),
            Shape::Lazy { and, .. } => format!("{} becomes {instead}", if *and { "&&" } else { "||" }),
            Shape::Unary { was, .. } => format!("{was} left out"),
            Shape::Condition => format!("condition {instead}"),
            Shape::Arm => "arm left out".to_owned(),
            Shape::Body if instead.is_empty() => "does nothing".to_owned(),
            Shape::Body => format!("gives {instead}"),
        }
    }
}

/// The sites of a file, outer ones before inner ones, and the modules that are only compiled for tests.
pub fn sites(text: &str) -> Result<(Vec<Site>, Vec<String>), syn::Error> {
    let mut finder = Finder {
        text,
        sites: Vec::new(),
        of_tests: Vec::new(),
        function: String::new(),
        owner: String::new(),
    };
    finder.visit_file(&syn::parse_file(text)?);
    Ok((finder.sites, finder.of_tests))
}

struct Finder<'t> {
    text: &'t str,
    sites: Vec<Site>,
    of_tests: Vec<String>,
    function: String,
    owner: String,
}

fn bytes(span: Span) -> (usize, usize) {
    let range = span.byte_range();
    (range.start, range.end)
}

/// Only compiled for tests.
fn of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// Whether `let` stands in a chain of conditions.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// What a function of this type may give without computing it.
fn values(ty: &Type) -> Vec<String> {
    let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    match ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => list(&["()"]),
        Type::Tuple(tuple) => {
            let firsts: Option<Vec<String>> =
                tuple.elems.iter().map(|ty| values(ty).into_iter().next()).collect();
            firsts.map(|firsts| format!("({})", firsts.join(", "))).into_iter().collect()
        }
        Type::Array(array) => values(&array.elem)
            .into_iter()
            .take(1)
            .map(|value| format!("std::array::from_fn(|_| {value})"))
            .collect(),
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => list(&["\"\""]),
            _ => Vec::new(),
        },
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return Vec::new() };
            let inner = || -> Vec<String> {
                let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
                    return Vec::new();
                };
                match arguments.args.first() {
                    Some(syn::GenericArgument::Type(ty)) => values(ty),
                    _ => Vec::new(),
                }
            };
            match last.ident.to_string().as_str() {
                "bool" => list(&["true", "false"]),
                "f64" | "f32" => list(&["0.0", "1.0"]),
                "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => {
                    list(&["0", "1"])
                }
                "String" => list(&["String::new()"]),
                "Vec" => list(&["Vec::new()"]),
                "Option" => {
                    let mut all = list(&["None"]);
                    all.extend(inner().into_iter().take(1).map(|value| format!("Some({value})")));
                    all
                }
                "Result" => inner().into_iter().map(|value| format!("Ok({value})")).collect(),
                _ => list(&["Default::default()"]),
            }
        }
        _ => Vec::new(),
    }
}

fn assigns(operator: &BinOp) -> bool {
    matches!(operator, BinOp::AddAssign(_) | BinOp::SubAssign(_) | BinOp::MulAssign(_) | BinOp::DivAssign(_))
}

impl Finder<'_> {
    fn add(&mut self, span: Span, shape: Shape, instead: &[&str]) {
        let instead = instead.iter().map(|text| (*text).to_owned()).collect();
        let (range, line) = (bytes(span), span.start().line);
        self.sites.push(Site { range, line, function: self.function.clone(), shape, instead });
    }

    fn body(&mut self, name: &syn::Ident, output: &ReturnType, block: &syn::Block) {
        self.function =
            if self.owner.is_empty() { name.to_string() } else { format!("{}::{name}", self.owner) };
        let (open, close) = (block.brace_token.span.open(), block.brace_token.span.close());
        let inside = self.text[bytes(open).1..bytes(close).0].trim();
        let mut instead = match output {
            ReturnType::Default if inside.is_empty() => Vec::new(),
            ReturnType::Default => vec![String::new()],
            ReturnType::Type(_, ty) => values(ty),
        };
        instead.retain(|value| value != inside);
        if !instead.is_empty() {
            let at = bytes(open).1;
            let (line, function) = (name.span().start().line, self.function.clone());
            self.sites.push(Site { range: (at, at), line, function, shape: Shape::Body, instead });
        }
    }

    fn condition(&mut self, condition: &Expr) {
        let operator = match condition {
            Expr::Binary(_) | Expr::Let(_) => true,
            Expr::Unary(unary) => matches!(unary.op, UnOp::Not(_)),
            _ => false,
        };
        if !operator {
            self.add(condition.span(), Shape::Condition, &["negated"]);
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary) {
        let was = self.text[binary.op.span().byte_range()].to_owned();
        let operator = bytes(binary.op.span());
        let value = |instead: &'static [&'static str]| {
            (Shape::Binary { operator, by_reference: false, was: was.clone() }, instead)
        };
        let reference = |instead: &'static [&'static str]| {
            (Shape::Binary { operator, by_reference: true, was: was.clone() }, instead)
        };
        let place = bytes(binary.left.span());
        let assign =
            |instead: &'static [&'static str]| (Shape::Assign { operator, place, was: was.clone() }, instead);
        let (shape, instead) = match binary.op {
            BinOp::Add(_) => value(&["-"]),
            BinOp::Sub(_) => value(&["+"]),
            BinOp::Mul(_) => value(&["/"]),
            BinOp::Div(_) => value(&["*"]),
            BinOp::Rem(_) => value(&["/"]),
            BinOp::BitAnd(_) => value(&["|"]),
            BinOp::BitOr(_) => value(&["&"]),
            BinOp::BitXor(_) => value(&["|"]),
            BinOp::Shl(_) => value(&[">>"]),
            BinOp::Shr(_) => value(&["<<"]),
            BinOp::Lt(_) => reference(&["<=", ">="]),
            BinOp::Le(_) => reference(&["<", ">"]),
            BinOp::Gt(_) => reference(&[">=", "<="]),
            BinOp::Ge(_) => reference(&[">", "<"]),
            BinOp::Eq(_) => reference(&["!="]),
            BinOp::Ne(_) => reference(&["=="]),
            BinOp::AddAssign(_) => assign(&["-="]),
            BinOp::SubAssign(_) => assign(&["+="]),
            BinOp::MulAssign(_) => assign(&["/="]),
            BinOp::DivAssign(_) => assign(&["*="]),
            BinOp::And(_) | BinOp::Or(_) if has_let(&binary.left) || has_let(&binary.right) => return,
            BinOp::And(_) => (Shape::Lazy { operator, and: true }, &["||"] as &[&str]),
            BinOp::Or(_) => (Shape::Lazy { operator, and: false }, &["&&"] as &[&str]),
            _ => return,
        };
        self.add(binary.span(), shape, instead);
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            // The compiler works these out itself, where no number can be asked for.
            syn::Item::Const(_) | syn::Item::Static(_) | syn::Item::Macro(_) | syn::Item::Enum(_) => {}
            syn::Item::Mod(module) if of_tests(&module.attrs) => self.of_tests.push(module.ident.to_string()),
            syn::Item::Fn(function) if of_tests(&function.attrs) => {}
            syn::Item::Impl(block) if of_tests(&block.attrs) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let before =
            std::mem::replace(&mut self.owner, self.text[block.self_ty.span().byte_range()].to_owned());
        visit::visit_item_impl(self, block);
        self.owner = before;
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if function.sig.constness.is_none() {
            self.body(&function.sig.ident, &function.sig.output, &function.block);
            self.visit_block(&function.block);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        if let syn::ImplItem::Fn(function) = item
            && function.sig.constness.is_none()
            && !of_tests(&function.attrs)
        {
            self.body(&function.sig.ident, &function.sig.output, &function.block);
            self.visit_block(&function.block);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast syn::TraitItem) {
        if let syn::TraitItem::Fn(function) = item
            && let Some(block) = &function.default
        {
            self.body(&function.sig.ident, &function.sig.output, block);
            self.visit_block(block);
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Binary(binary) => {
                self.binary(binary);
                if assigns(&binary.op) {
                    // The place is written twice, so that what is inside must not be rewritten.
                    return self.visit_expr(&binary.right);
                }
            }
            Expr::Unary(unary) => {
                let operand = bytes(unary.expr.span()).0;
                match unary.op {
                    UnOp::Not(_) => self.add(unary.span(), Shape::Unary { operand, was: '!' }, &[""]),
                    UnOp::Neg(_) => self.add(unary.span(), Shape::Unary { operand, was: '-' }, &[""]),
                    _ => {}
                }
            }
            Expr::If(test) => self.condition(&test.cond),
            Expr::Match(choice) => {
                let last = choice.arms.last();
                let wild = last.is_some_and(|arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none());
                for arm in &choice.arms {
                    match &arm.guard {
                        Some((_, guard)) if !has_let(guard) => {
                            self.add(guard.span(), Shape::Condition, &["true", "false"]);
                        }
                        None if wild && !matches!(arm.pat, Pat::Wild(_)) => {
                            self.add(arm.pat.span(), Shape::Arm, &[""]);
                        }
                        _ => {}
                    }
                }
            }
            // The length is worked out by the compiler.
            Expr::Repeat(repeat) => return self.visit_expr(&repeat.expr),
            Expr::Const(_) => return,
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}
