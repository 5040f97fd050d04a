//! A shapes graph becomes shapes that are fast to hold against many graphs. SHACL, sections 2 and 4.
//!
//! Only what a target leads to is read. Knows no data; start at [`compile`].

use super::facts::{Facts, Node, Statement, with};
use super::order::Ordered;
use super::path::Path;
use super::shape::{Severity, Shape, ShapeId};
use super::{NESTING_MAX, Shapes, ShapesError, constraints};
use crate::terms::sh;
use oxrdf::NamedNodeRef;
use oxrdf::vocab::{rdf, rdfs};
use std::collections::{BTreeSet, HashMap};

/// Which nodes of a graph are looked at, and by which shape.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub nodes: Vec<(ShapeId, Node<'static>)>,
    pub subjects_of: Vec<(ShapeId, String)>,
    pub objects_of: Vec<(ShapeId, String)>,
    /// Class -> the shapes of its instances, by the classes above it too.
    classes: HashMap<String, Vec<ShapeId>>,
}

impl Targets {
    pub fn of_class(&self, class: &str) -> &[ShapeId] {
        self.classes.get(class).map_or(&[], Vec::as_slice)
    }
}

/// What the shapes graph says of classes: class -> all those above it.
#[derive(Debug, Default)]
pub(super) struct Classes(HashMap<String, Vec<String>>);

impl Classes {
    fn of(graph: &Facts<'_>) -> Self {
        let mut above: HashMap<String, Vec<String>> = HashMap::new();
        let all = graph.all().iter();
        for said in all.filter(|said| said.predicate == rdfs::SUB_CLASS_OF.as_str()) {
            if let Some(class) = said.subject.iri() {
                above.entry(class.to_owned()).or_default();
            }
        }
        let up = Path::OneOrMore(Box::new(Path::Predicate(
            rdfs::SUB_CLASS_OF.as_str().to_owned(),
        )));
        for (class, found) in &mut above {
            let class = Node::Iri(class.as_str().into());
            let reached = up.reached(graph, &class);
            found.extend(
                reached
                    .iter()
                    .filter_map(|node| node.iri())
                    .map(str::to_owned),
            );
        }
        Self(above)
    }

    pub fn above(&self, class: &str) -> impl Iterator<Item = &str> {
        let above = self.0.get(class).map_or(&[][..], Vec::as_slice);
        above.iter().map(String::as_str)
    }

    pub fn is_below(&self, class: &str, above: &str) -> bool {
        self.above(class).any(|own| own == above)
    }

    /// The class itself, and all below it.
    fn below<'c>(&'c self, class: &'c str) -> impl Iterator<Item = &'c str> {
        let below = self.0.keys().filter(move |own| self.is_below(own, class));
        std::iter::once(class).chain(below.map(String::as_str).filter(move |own| *own != class))
    }
}

pub(super) fn compile(graph: &Facts<'_>) -> Result<Shapes, ShapesError> {
    let classes = Classes::of(graph);
    let mut compiler = Compiler {
        graph,
        shapes: Vec::new(),
        known: HashMap::new(),
        depth: 0,
    };
    let mut targets = Targets::default();
    for node in roots(graph, &classes) {
        let id = compiler.shape(node)?;
        compiler.targets(id, node, &classes, &mut targets);
    }
    for shapes in targets.classes.values_mut() {
        shapes.sort_unstable();
        shapes.dedup();
    }
    Ok(Shapes {
        shapes: compiler.shapes,
        targets,
        classes,
    })
}

const TARGETS: [NamedNodeRef<'static>; 4] = [
    sh::TARGET_NODE,
    sh::TARGET_CLASS,
    sh::TARGET_SUBJECTS_OF,
    sh::TARGET_OBJECTS_OF,
];

/// The shapes that have a target.
fn roots<'g>(graph: &'g Facts<'g>, classes: &Classes) -> BTreeSet<&'g Node<'g>> {
    let is_root = |said: &&Statement<'_>| {
        TARGETS
            .iter()
            .any(|target| target.as_str() == said.predicate)
            || is_implicit(graph, &said.subject, classes)
    };
    let all = graph.all().chunk_by(|a, b| a.subject == b.subject);
    let roots = all.filter_map(|said| said.iter().find(is_root));
    roots.map(|said| &said.subject).collect()
}

/// A class that is a shape at once, of its own instances (section 2.1.3.3).
fn is_implicit(graph: &Facts<'_>, node: &Node<'_>, classes: &Classes) -> bool {
    let is = |class: NamedNodeRef<'_>| {
        let types = with(graph.about(node), rdf::TYPE.as_str());
        let mut types = types.iter().filter_map(|said| said.object.iri());
        types.any(|own| own == class.as_str() || classes.is_below(own, class.as_str()))
    };
    is(rdfs::CLASS) && (is(sh::NODE_SHAPE) || is(sh::PROPERTY_SHAPE))
}

pub(super) struct Compiler<'g> {
    pub graph: &'g Facts<'g>,
    pub shapes: Vec<Shape>,
    /// None: under way.
    known: HashMap<&'g Node<'g>, Option<ShapeId>>,
    depth: usize,
}

impl<'g> Compiler<'g> {
    pub fn values(
        &self,
        node: &Node<'_>,
        parameter: NamedNodeRef<'_>,
    ) -> impl Iterator<Item = &'g Node<'g>> {
        let said = with(self.graph.about(node), parameter.as_str());
        said.iter().map(|said| &said.object)
    }

    fn targets(&self, id: ShapeId, node: &Node<'_>, classes: &Classes, out: &mut Targets) {
        let iris = |target| self.values(node, target).filter_map(|node| node.iri());
        let nodes = self.values(node, sh::TARGET_NODE);
        out.nodes
            .extend(nodes.map(|node| (id, node.clone().into_owned())));
        let of = |target| iris(target).map(move |iri| (id, iri.to_owned()));
        out.subjects_of.extend(of(sh::TARGET_SUBJECTS_OF));
        out.objects_of.extend(of(sh::TARGET_OBJECTS_OF));
        let own = node
            .iri()
            .filter(|_| is_implicit(self.graph, node, classes));
        for class in iris(sh::TARGET_CLASS).chain(own) {
            for below in classes.below(class) {
                out.classes.entry(below.to_owned()).or_default().push(id);
            }
        }
    }

    pub fn shape(&mut self, node: &'g Node<'g>) -> Result<ShapeId, ShapesError> {
        match self.known.get(node) {
            Some(Some(id)) => return Ok(*id),
            None if self.depth < NESTING_MAX => {}
            _ => return Err(nesting(node)),
        }
        self.known.insert(node, None);
        self.depth += 1;
        let shape = self.compiled(node)?;
        self.depth -= 1;
        let id = self.shapes.len();
        self.shapes.push(shape);
        self.known.insert(node, Some(id));
        Ok(id)
    }

    fn compiled(&mut self, node: &'g Node<'g>) -> Result<Shape, ShapesError> {
        let path = self.values(node, sh::PATH).next();
        let path = path.map(|path| self.path(node, path, 0)).transpose()?;
        let severity = self.values(node, sh::SEVERITY).find_map(|node| node.iri());
        let severity = severity.map_or(Severity::Violation, Severity::of);
        let messages = self
            .values(node, sh::MESSAGE)
            .filter_map(|node| node.literal());
        let messages = messages
            .map(|literal| literal.clone().into_owned())
            .collect();
        let constraints = constraints::of(self, node, path.is_some())?;
        Ok(Shape {
            node: node.clone().into_owned(),
            path,
            severity,
            messages,
            deactivated: self.is_true(node, sh::DEACTIVATED),
            constraints,
        })
    }

    pub fn is_true(&self, node: &Node<'_>, parameter: NamedNodeRef<'_>) -> bool {
        let mut literals = self
            .values(node, parameter)
            .filter_map(|node| node.literal());
        literals.any(|literal| Ordered::of(literal) == Some(Ordered::Boolean(true)))
    }

    /// The members of a list. A list that is none, or that never ends, is an error of the shape.
    pub fn list(
        &self,
        shape: &Node<'_>,
        parameter: NamedNodeRef<'_>,
        head: &'g Node<'g>,
    ) -> Result<Vec<&'g Node<'g>>, ShapesError> {
        let broken = || wrong(shape, parameter, "a list");
        let (mut members, mut rest) = (Vec::new(), head);
        while rest.iri() != Some(rdf::NIL.as_str()) {
            members.push(self.values(rest, rdf::FIRST).next().ok_or_else(broken)?);
            rest = self.values(rest, rdf::REST).next().ok_or_else(broken)?;
            if members.len() > self.graph.all().len() {
                return Err(broken());
            }
        }
        Ok(members)
    }

    fn path(
        &self,
        shape: &Node<'_>,
        path: &'g Node<'g>,
        depth: usize,
    ) -> Result<Path, ShapesError> {
        if depth > NESTING_MAX {
            return Err(nesting(shape));
        }
        if let Some(iri) = path.iri() {
            return Ok(Path::Predicate(iri.to_owned()));
        }
        let inner = |node| self.path(shape, node, depth + 1);
        let all = |list| -> Result<Vec<Path>, ShapesError> {
            let list = self.list(shape, sh::PATH, list)?;
            list.into_iter().map(inner).collect()
        };
        if self.values(path, rdf::FIRST).next().is_some() {
            return Ok(Path::Sequence(all(path)?));
        }
        if let Some(list) = self.values(path, sh::ALTERNATIVE_PATH).next() {
            return Ok(Path::Alternative(all(list)?));
        }
        let modified: [(_, fn(Box<Path>) -> Path); 4] = [
            (sh::INVERSE_PATH, Path::Inverse),
            (sh::ZERO_OR_MORE_PATH, Path::ZeroOrMore),
            (sh::ONE_OR_MORE_PATH, Path::OneOrMore),
            (sh::ZERO_OR_ONE_PATH, Path::ZeroOrOne),
        ];
        for (parameter, made) in modified {
            if let Some(node) = self.values(path, parameter).next() {
                return Ok(made(Box::new(inner(node)?)));
            }
        }
        Err(wrong(shape, sh::PATH, "a property path"))
    }
}

pub(super) fn wrong(
    shape: &Node<'_>,
    parameter: NamedNodeRef<'_>,
    expected: &'static str,
) -> ShapesError {
    ShapesError::Shape {
        shape: shape.to_string(),
        parameter: parameter.as_str().replace(sh::NS, "sh:"),
        expected,
    }
}

fn nesting(shape: &Node<'_>) -> ShapesError {
    ShapesError::Nesting {
        shape: shape.to_string(),
    }
}
