//! Compiled shapes held against a graph. SHACL, sections 3.4 and 4.
//!
//! What nests is bounded when shapes are compiled; what repeats is bounded by the graph.

use super::Shapes;
use super::facts::{Facts, Node, Statement, with};
use super::order::Ordered;
use super::path::Values;
use super::result::ValidationResult;
use super::shape::{Constraint, Qualified, Shape, ShapeId};
use oxrdf::vocab::{rdf, rdfs};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Takes results; may say that one is enough.
type Sink<'s, 'r> = &'s mut dyn FnMut(ValidationResult<'r>) -> ControlFlow<()>;

/// A node, and what the graph says of it.
#[derive(Clone, Copy)]
struct Focus<'r> {
    node: &'r Node<'r>,
    said: &'r [Statement<'r>],
}

/// What counts of a node of which nobody knows whether it is of a class? A fault is reported where it is certain: what is in
/// doubt passes, and within `sh:not`, where passing is the fault, it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    Passes,
    Fails,
}

impl Doubt {
    fn turned(self) -> Self {
        match self {
            Self::Passes => Self::Fails,
            Self::Fails => Self::Passes,
        }
    }
}

pub(super) struct Check<'r> {
    shapes: &'r Shapes,
    facts: &'r Facts<'r>,
    /// Does the graph itself say which classes are parts of others?
    has_classes: bool,
}

impl<'r> Check<'r> {
    pub fn new(shapes: &'r Shapes, facts: &'r Facts<'r>) -> Self {
        let says = |statement: &Statement<'_>| statement.predicate == rdfs::SUB_CLASS_OF.as_str();
        Self {
            shapes,
            facts,
            has_classes: facts.all().iter().any(says),
        }
    }

    /// All targets of all shapes, in the order of shapes and nodes.
    pub fn all(&self, out: Sink<'_, 'r>) -> ControlFlow<()> {
        for (shape, node) in self.targets() {
            self.of(self.shape(shape), self.focus(node), Doubt::Passes, out)?;
        }
        ControlFlow::Continue(())
    }

    fn targets(&self) -> Vec<(ShapeId, &'r Node<'r>)> {
        let targets = &self.shapes.targets;
        let mut found: Vec<(ShapeId, &'r Node<'r>)> = Vec::new();
        found.extend(targets.nodes.iter().map(|(shape, node)| (*shape, node)));
        for said in self.facts.all() {
            let of = |pairs: &'r [(ShapeId, String)]| {
                let pairs = pairs
                    .iter()
                    .filter(|(_, predicate)| predicate == said.predicate);
                pairs.map(|(shape, _)| *shape)
            };
            found.extend(of(&targets.subjects_of).map(|shape| (shape, &said.subject)));
            found.extend(of(&targets.objects_of).map(|shape| (shape, &said.object)));
            if said.predicate == rdf::TYPE.as_str() {
                self.add_of_class(said, &mut found);
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn add_of_class(&self, said: &'r Statement<'r>, found: &mut Vec<(ShapeId, &'r Node<'r>)>) {
        let class = said.object.iri().unwrap_or_default();
        let mut add = |class: &str| {
            let shapes = self.shapes.targets.of_class(class);
            found.extend(shapes.iter().map(|shape| (*shape, &said.subject)));
        };
        add(class);
        if self.has_classes {
            self.above(class).into_iter().for_each(add);
        }
    }

    fn shape(&self, id: ShapeId) -> &'r Shape {
        &self.shapes.shapes[id]
    }

    fn focus(&self, node: &'r Node<'r>) -> Focus<'r> {
        let said = self.facts.about(node);
        Focus { node, said }
    }

    fn of(
        &self,
        shape: &'r Shape,
        focus: Focus<'r>,
        doubt: Doubt,
        out: Sink<'_, 'r>,
    ) -> ControlFlow<()> {
        if shape.deactivated {
            return ControlFlow::Continue(());
        }
        let values = match &shape.path {
            None => Values::One(focus.node),
            Some(path) => path.values(self.facts, focus.node, focus.said),
        };
        let of = Of {
            check: self,
            shape,
            focus,
            doubt,
            values: &values,
        };
        for constraint in &shape.constraints {
            of.hold(constraint, out)?;
        }
        ControlFlow::Continue(())
    }

    fn conforms(&self, shape: ShapeId, node: &'r Node<'r>, doubt: Doubt) -> bool {
        let first = &mut |_| ControlFlow::Break(());
        self.of(self.shape(shape), self.focus(node), doubt, first)
            .is_continue()
    }

    /// Is the node an instance of the class?
    fn is_instance(&self, node: &Node<'_>, class: &str, doubt: Doubt) -> bool {
        let types = with(self.facts.about(node), rdf::TYPE.as_str());
        if types.is_empty() {
            let known = self.facts.is_elsewhere(node, class);
            return known.unwrap_or(doubt == Doubt::Passes);
        }
        let types = || types.iter().filter_map(|said| said.object.iri());
        types().any(|own| own == class || self.shapes.classes.is_below(own, class))
            || self.has_classes && types().any(|own| self.above(own).contains(&class))
    }

    /// The classes above one, by what the graph and the shapes say.
    fn above<'c>(&self, class: &'c str) -> HashSet<&'c str>
    where
        'r: 'c,
    {
        let (mut above, mut open) = (HashSet::new(), vec![class]);
        while let Some(class) = open.pop() {
            let said = with(
                self.facts.about(&Node::Iri(class.into())),
                rdfs::SUB_CLASS_OF.as_str(),
            );
            let said = said.iter().filter_map(|statement| statement.object.iri());
            for next in said.chain(self.shapes.classes.above(class)) {
                if above.insert(next) {
                    open.push(next);
                }
            }
        }
        above
    }
}

/// One shape, held against one node.
struct Of<'c, 'r> {
    check: &'c Check<'r>,
    shape: &'r Shape,
    focus: Focus<'r>,
    doubt: Doubt,
    values: &'c Values<'r>,
}

impl<'r> Of<'_, 'r> {
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
            C::Properties(shapes) => self.properties(shapes, out),
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

    fn properties(&self, shapes: &'r [ShapeId], out: Sink<'_, 'r>) -> ControlFlow<()> {
        for value in self.values.iter() {
            let focus = match self.values {
                Values::One(_) => self.focus,
                _ => self.check.focus(value),
            };
            for shape in shapes {
                let shape = self.check.shape(*shape);
                self.check.of(shape, focus, self.doubt, out)?;
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
