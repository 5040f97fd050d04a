//! The constraints of one shape, held against one node and its values. SHACL, section 4.

use super::check::{Check, Doubt, Focus, Sink};
use super::facts::{Node, with};
use super::order::Ordered;
use super::path::Values;
use super::result::ValidationResult;
use super::shape::{Constraint, Qualified, Shape, ShapeId};
use std::cmp::Ordering;
use std::ops::ControlFlow;

/// One shape, held against one node.
pub(super) struct Held<'c, 'r> {
    pub check: &'c Check<'r>,
    pub shape: &'r Shape,
    pub focus: Focus<'r>,
    pub doubt: Doubt,
    pub values: &'c Values<'r>,
}

impl<'r> Held<'_, 'r> {
    pub fn all(&self, out: Sink<'_, 'r>) -> ControlFlow<()> {
        for constraint in &self.shape.constraints {
            self.hold(constraint, out)?;
        }
        ControlFlow::Continue(())
    }

    fn result(
        &self,
        constraint: &'r Constraint,
        value: Option<&'r Node<'r>>,
    ) -> ValidationResult<'r> {
        ValidationResult {
            focus: self.focus.node,
            path: self.shape.path.as_ref(),
            predicate: None,
            value,
            count: self.values.len(),
            shape: self.shape,
            constraint,
        }
    }

    /// A result for each value of which `wrong` is true.
    fn each(
        &self,
        constraint: &'r Constraint,
        out: Sink<'_, 'r>,
        wrong: impl Fn(&'r Node<'r>) -> bool,
    ) -> ControlFlow<()> {
        for value in self.values.iter().filter(|value| wrong(value)) {
            out(self.result(constraint, Some(value)))?;
        }
        ControlFlow::Continue(())
    }

    /// A result for the node as a whole.
    fn whole(&self, constraint: &'r Constraint, out: Sink<'_, 'r>, wrong: bool) -> ControlFlow<()> {
        match wrong {
            true => out(self.result(constraint, None)),
            false => ControlFlow::Continue(()),
        }
    }

    fn hold(&self, constraint: &'r Constraint, out: Sink<'_, 'r>) -> ControlFlow<()> {
        use Constraint as C;
        let conforms = |shape: &ShapeId, node| self.check.conforms(*shape, node, self.doubt);
        let each = |out, wrong: &dyn Fn(&'r Node<'r>) -> bool| self.each(constraint, out, wrong);
        match constraint {
            C::MinCount(least) => self.whole(constraint, out, self.values.len() < *least),
            C::MaxCount(most) => self.whole(constraint, out, self.values.len() > *most),
            C::HasValue(node) => self.whole(constraint, out, !self.values.has(node)),
            C::QualifiedMin(of, least) => {
                self.whole(constraint, out, self.count(of, self.doubt) < *least)
            }
            C::QualifiedMax(of, most) => {
                self.whole(constraint, out, self.count(of, self.doubt.turned()) > *most)
            }
            C::UniqueLang => self.unique_languages(constraint, out),
            C::Equals(other) => self.equals(constraint, other, out),
            C::Disjoint(other) => {
                let others = with(self.focus.said, other);
                each(out, &|value| {
                    others.iter().any(|said| said.object == *value)
                })
            }
            C::LessThan(other) => self.less(constraint, other, Ordering::is_lt, out),
            C::LessThanOrEquals(other) => self.less(constraint, other, Ordering::is_le, out),
            C::Properties(properties) => {
                for value in self.values.iter() {
                    let focus = match self.values {
                        Values::One(_) => self.focus,
                        _ => self.check.focus(value),
                    };
                    self.check.properties(properties, focus, self.doubt, out)?;
                }
                ControlFlow::Continue(())
            }
            C::Closed(allowed) => self.closed(constraint, allowed, out),
            C::Not(shape) => each(out, &|value| {
                self.check.conforms(*shape, value, self.doubt.turned())
            }),
            C::Node(shape) => each(out, &|value| !conforms(shape, value)),
            C::And(shapes) => each(out, &|value| !shapes.iter().all(|s| conforms(s, value))),
            C::Or(shapes) => each(out, &|value| !shapes.iter().any(|s| conforms(s, value))),
            C::Xone(shapes) => each(out, &|value| self.is_not_one(shapes, value)),
            C::Class(class) => each(out, &|value| {
                !self.check.is_instance(value, class, self.doubt)
            }),
            C::Value(rule) => each(out, &|value| !rule.meets(value)),
        }
    }

    fn is_not_one(&self, shapes: &[ShapeId], value: &'r Node<'r>) -> bool {
        let count = |doubt| {
            let conforms = |shape: &&ShapeId| self.check.conforms(**shape, value, doubt);
            shapes.iter().filter(conforms).count()
        };
        let (certain, possible) = (count(Doubt::Fails), count(Doubt::Passes));
        match self.doubt {
            Doubt::Passes => certain > 1 || possible == 0,
            Doubt::Fails => (certain, possible) != (1, 1),
        }
    }

    /// The values that conform, without those that conform to a sibling as well.
    fn count(&self, qualified: &Qualified, doubt: Doubt) -> usize {
        let conforms = |shape: &ShapeId, value, doubt| self.check.conforms(*shape, value, doubt);
        let is_other = |value| {
            let mut siblings = qualified.siblings.iter();
            siblings.any(|other| conforms(other, value, doubt.turned()))
        };
        let counts =
            |value: &&'r Node<'r>| conforms(&qualified.shape, value, doubt) && !is_other(value);
        self.values.iter().filter(counts).count()
    }

    fn unique_languages(&self, constraint: &'r Constraint, out: Sink<'_, 'r>) -> ControlFlow<()> {
        let literals = self.values.iter().filter_map(|value| value.literal());
        let tags = literals.map(|literal| literal.language.to_ascii_lowercase());
        let mut tags: Vec<String> = tags.filter(|tag| !tag.is_empty()).collect();
        tags.sort_unstable();
        for same in tags.chunk_by(|a, b| a == b) {
            self.whole(constraint, out, same.len() > 1)?;
        }
        ControlFlow::Continue(())
    }

    fn equals(
        &self,
        constraint: &'r Constraint,
        other: &str,
        out: Sink<'_, 'r>,
    ) -> ControlFlow<()> {
        let others = with(self.focus.said, other);
        self.each(constraint, out, |value| {
            !others.iter().any(|said| said.object == *value)
        })?;
        for said in others.iter().filter(|said| !self.values.has(&said.object)) {
            out(self.result(constraint, Some(&said.object)))?;
        }
        ControlFlow::Continue(())
    }

    /// A result for each pair of a value and one of the other property that is not in order.
    fn less(
        &self,
        constraint: &'r Constraint,
        other: &str,
        ordered: fn(Ordering) -> bool,
        out: Sink<'_, 'r>,
    ) -> ControlFlow<()> {
        let of = |node: &Node<'_>| node.literal().and_then(Ordered::of);
        let others = with(self.focus.said, other);
        let others: Vec<Option<Ordered>> = others.iter().map(|said| of(&said.object)).collect();
        for value in self.values.iter() {
            let own = of(value);
            for other in &others {
                let order = own.as_ref().zip(other.as_ref());
                if !order.and_then(|(a, b)| a.compare(b)).is_some_and(ordered) {
                    out(self.result(constraint, Some(value)))?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn closed(
        &self,
        constraint: &'r Constraint,
        allowed: &[String],
        out: Sink<'_, 'r>,
    ) -> ControlFlow<()> {
        for value in self.values.iter() {
            let said = self.check.facts.about(value).iter();
            for said in said.filter(|said| !allowed.iter().any(|iri| iri == said.predicate)) {
                out(ValidationResult {
                    predicate: Some(said.predicate),
                    ..self.result(constraint, Some(&said.object))
                })?;
            }
        }
        ControlFlow::Continue(())
    }
}
