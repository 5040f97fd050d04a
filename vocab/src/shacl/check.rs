//! Compiled shapes held against a graph. SHACL, sections 3.4 and 4.
//!
//! What nests is bounded when shapes are compiled; what repeats is bounded by the graph.

use super::Shapes;
use super::facts::{Facts, Node, Statement, with};
use super::held::Held;
use super::path::Values;
use super::result::ValidationResult;
use super::shape::{Property, Shape, ShapeId};
use oxrdf::vocab::{rdf, rdfs};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Takes results; may say that one is enough.
pub(super) type Sink<'s, 'r> = &'s mut dyn FnMut(ValidationResult<'r>) -> ControlFlow<()>;

/// A node, and what the graph says of it.
#[derive(Clone, Copy)]
pub(super) struct Focus<'r> {
    pub node: &'r Node<'r>,
    pub said: &'r [Statement<'r>],
}

/// What counts of a node of which nobody knows whether it is of a class? A fault is reported where it is certain: what is in
/// doubt passes, and within `sh:not`, where passing is the fault, it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    Passes,
    Fails,
}

impl Doubt {
    pub fn turned(self) -> Self {
        match self {
            Self::Passes => Self::Fails,
            Self::Fails => Self::Passes,
        }
    }
}

pub(super) struct Check<'r> {
    shapes: &'r Shapes,
    pub facts: &'r Facts<'r>,
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

    pub fn focus(&self, node: &'r Node<'r>) -> Focus<'r> {
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
        let values = match &shape.path {
            None => Values::One(focus.node),
            Some(path) => path.values(self.facts, focus.node, focus.said),
        };
        self.of_values(shape, focus, &values, doubt, out)
    }

    fn of_values(
        &self,
        shape: &'r Shape,
        focus: Focus<'r>,
        values: &Values<'r>,
        doubt: Doubt,
        out: Sink<'_, 'r>,
    ) -> ControlFlow<()> {
        if shape.deactivated {
            return ControlFlow::Continue(());
        }
        let of = Held {
            check: self,
            shape,
            focus,
            doubt,
            values,
        };
        of.all(out)
    }

    /// The property shapes of a shape. Statements and predicates are both in order: they are walked side by side.
    pub fn properties(
        &self,
        properties: &'r [Property],
        focus: Focus<'r>,
        doubt: Doubt,
        out: Sink<'_, 'r>,
    ) -> ControlFlow<()> {
        let mut rest = focus.said;
        for property in properties {
            let shapes = property.shapes.iter().map(|shape| self.shape(*shape));
            let Some(predicate) = &property.predicate else {
                for shape in shapes {
                    self.of(shape, focus, doubt, out)?;
                }
                continue;
            };
            let before = rest
                .iter()
                .take_while(|said| said.predicate < predicate.as_str());
            rest = &rest[before.count()..];
            let same = rest.iter().take_while(|said| said.predicate == predicate);
            let (values, after) = rest.split_at(same.count());
            rest = after;
            for shape in shapes {
                self.of_values(shape, focus, &Values::Said(values), doubt, out)?;
            }
        }
        ControlFlow::Continue(())
    }

    pub fn conforms(&self, shape: ShapeId, node: &'r Node<'r>, doubt: Doubt) -> bool {
        let first = &mut |_| ControlFlow::Break(());
        self.of(self.shape(shape), self.focus(node), doubt, first)
            .is_continue()
    }

    /// Is the node an instance of the class?
    pub fn is_instance(&self, node: &Node<'_>, class: &str, doubt: Doubt) -> bool {
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
