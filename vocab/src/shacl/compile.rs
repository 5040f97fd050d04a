//! A shapes graph becomes shapes that are fast to hold against many graphs. SHACL, sections 2 and 4.
//!
//! Only what a target leads to is read. Knows no data; start at [`compile`].

use super::facts::{Facts, Literal, Node, Statement, with};
use super::order::Ordered;
use super::path::Path;
use super::shape::{Bound, Constraint, NodeKind, Qualified, Rule, Severity, Shape, ShapeId};
use super::{NESTING_MAX, Shapes, ShapesError};
use crate::terms::{prefixed, sh};
use oxrdf::NamedNodeRef;
use oxrdf::vocab::{rdf, rdfs};
use regex::{Regex, RegexBuilder};
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

struct Compiler<'g> {
    graph: &'g Facts<'g>,
    shapes: Vec<Shape>,
    /// None: under way.
    known: HashMap<&'g Node<'g>, Option<ShapeId>>,
    depth: usize,
}

impl<'g> Compiler<'g> {
    fn values(
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

    fn shape(&mut self, node: &'g Node<'g>) -> Result<ShapeId, ShapesError> {
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
        let mut constraints = Vec::new();
        let mut of = Of {
            node,
            compiler: self,
            out: &mut constraints,
        };
        of.counts(path.is_some())?;
        of.values()?;
        of.pairs()?;
        of.shapes()?;
        Ok(Shape {
            node: node.clone().into_owned(),
            path,
            severity,
            messages,
            deactivated: self.is_true(node, sh::DEACTIVATED),
            constraints,
        })
    }

    fn is_true(&self, node: &Node<'_>, parameter: NamedNodeRef<'_>) -> bool {
        let mut literals = self
            .values(node, parameter)
            .filter_map(|node| node.literal());
        literals.any(|literal| Ordered::of(literal) == Some(Ordered::Boolean(true)))
    }

    /// The members of a list. A list that is none, or that never ends, is an error of the shape.
    fn list(
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

/// The constraints of one shape.
struct Of<'c, 'g> {
    node: &'g Node<'g>,
    compiler: &'c mut Compiler<'g>,
    out: &'c mut Vec<Constraint>,
}

impl<'g> Of<'_, 'g> {
    fn of(&self, parameter: NamedNodeRef<'_>) -> Vec<&'g Node<'g>> {
        self.compiler.values(self.node, parameter).collect()
    }

    fn iris(&self, parameter: NamedNodeRef<'_>) -> Result<Vec<String>, ShapesError> {
        let values = self.of(parameter).into_iter().map(|value| {
            let iri = value
                .iri()
                .ok_or_else(|| wrong(self.node, parameter, "an IRI"));
            iri.map(str::to_owned)
        });
        values.collect()
    }

    fn numbers(&self, parameter: NamedNodeRef<'_>) -> Result<Vec<usize>, ShapesError> {
        let values = self.of(parameter).into_iter().map(|value| {
            let number = value
                .literal()
                .and_then(|literal| literal.value.parse().ok());
            number.ok_or_else(|| wrong(self.node, parameter, "a number of 0 or more"))
        });
        values.collect()
    }

    fn texts(&self, parameter: NamedNodeRef<'_>) -> Result<Vec<&'g Literal<'g>>, ShapesError> {
        let values = self.of(parameter).into_iter();
        let values = values.map(|value| {
            let literal = value.literal();
            literal.ok_or_else(|| wrong(self.node, parameter, "a literal"))
        });
        values.collect()
    }

    fn counts(&mut self, has_path: bool) -> Result<(), ShapesError> {
        let (least, most) = (self.numbers(sh::MIN_COUNT)?, self.numbers(sh::MAX_COUNT)?);
        if !has_path && !(least.is_empty() && most.is_empty()) {
            return Err(wrong(
                self.node,
                sh::PATH,
                "a path, where values are counted",
            ));
        }
        self.out.extend(least.into_iter().map(Constraint::MinCount));
        self.out.extend(most.into_iter().map(Constraint::MaxCount));
        Ok(())
    }

    fn values(&mut self) -> Result<(), ShapesError> {
        let mut rules = Vec::new();
        for iri in self.iris(sh::NODE_KIND)? {
            let kind = NodeKind::of(&iri);
            let kind = kind.ok_or_else(|| wrong(self.node, sh::NODE_KIND, "a kind of nodes"))?;
            rules.push(Rule::NodeKind(kind));
        }
        rules.extend(self.iris(sh::DATATYPE)?.into_iter().map(Rule::Datatype));
        let bounds: [(_, fn(Bound) -> Rule); 4] = [
            (sh::MIN_EXCLUSIVE, Rule::MinExclusive),
            (sh::MIN_INCLUSIVE, Rule::MinInclusive),
            (sh::MAX_EXCLUSIVE, Rule::MaxExclusive),
            (sh::MAX_INCLUSIVE, Rule::MaxInclusive),
        ];
        for (parameter, made) in bounds {
            for literal in self.texts(parameter)? {
                rules.push(made(Bound {
                    value: Ordered::of(literal),
                    literal: Node::Literal(literal.clone().into_owned()),
                }));
            }
        }
        let lengths = self.numbers(sh::MIN_LENGTH)?;
        rules.extend(lengths.into_iter().map(Rule::MinLength));
        let lengths = self.numbers(sh::MAX_LENGTH)?;
        rules.extend(lengths.into_iter().map(Rule::MaxLength));
        rules.extend(self.pattern()?.into_iter().map(Rule::Pattern));
        rules.extend(self.languages()?.into_iter().map(Rule::LanguageIn));
        for list in self.of(sh::IN) {
            let members = self.compiler.list(self.node, sh::IN, list)?;
            let members = members.into_iter().map(|node| node.clone().into_owned());
            rules.push(Rule::In(members.collect()));
        }
        self.out.extend(rules.into_iter().map(Constraint::Value));
        self.out
            .extend(self.iris(sh::CLASS)?.into_iter().map(Constraint::Class));
        let members = self.of(sh::HAS_VALUE).into_iter();
        let members = members.map(|node| Constraint::HasValue(node.clone().into_owned()));
        self.out.extend(members);
        Ok(())
    }

    /// The flags are SPARQL's; `q` is none of its.
    fn pattern(&self) -> Result<Vec<Regex>, ShapesError> {
        let flags = self.texts(sh::FLAGS)?;
        let has = |flag| flags.iter().any(|literal| literal.value.contains(flag));
        let patterns = self.texts(sh::PATTERN)?.into_iter().map(|pattern| {
            let built = RegexBuilder::new(&pattern.value)
                .case_insensitive(has('i'))
                .dot_matches_new_line(has('s'))
                .multi_line(has('m'))
                .ignore_whitespace(has('x'))
                .build();
            built.map_err(|_| wrong(self.node, sh::PATTERN, "a regular expression"))
        });
        patterns.collect()
    }

    fn languages(&self) -> Result<Vec<Vec<String>>, ShapesError> {
        let lists = self.of(sh::LANGUAGE_IN).into_iter().map(|list| {
            let members = self.compiler.list(self.node, sh::LANGUAGE_IN, list)?;
            let ranges = members.into_iter().filter_map(|member| member.text());
            Ok(ranges.map(str::to_ascii_lowercase).collect())
        });
        lists.collect()
    }

    fn pairs(&mut self) -> Result<(), ShapesError> {
        if self.compiler.is_true(self.node, sh::UNIQUE_LANG) {
            self.out.push(Constraint::UniqueLang);
        }
        let pairs: [(_, fn(String) -> Constraint); 4] = [
            (sh::EQUALS, Constraint::Equals),
            (sh::DISJOINT, Constraint::Disjoint),
            (sh::LESS_THAN, Constraint::LessThan),
            (sh::LESS_THAN_OR_EQUALS, Constraint::LessThanOrEquals),
        ];
        for (parameter, made) in pairs {
            self.out.extend(self.iris(parameter)?.into_iter().map(made));
        }
        Ok(())
    }

    fn shapes(&mut self) -> Result<(), ShapesError> {
        for node in self.of(sh::NOT) {
            let shape = self.compiler.shape(node)?;
            self.out.push(Constraint::Not(shape));
        }
        let lists: [(_, fn(Vec<ShapeId>) -> Constraint); 3] = [
            (sh::AND, Constraint::And),
            (sh::OR, Constraint::Or),
            (sh::XONE, Constraint::Xone),
        ];
        for (parameter, made) in lists {
            for list in self.of(parameter) {
                let members = self.compiler.list(self.node, parameter, list)?;
                let shapes = self.all(members)?;
                self.out.push(made(shapes));
            }
        }
        for node in self.of(sh::NODE) {
            let shape = self.compiler.shape(node)?;
            self.out.push(Constraint::Node(shape));
        }
        self.properties()?;
        self.qualified()?;
        self.closed();
        Ok(())
    }

    fn all(&mut self, nodes: Vec<&'g Node<'g>>) -> Result<Vec<ShapeId>, ShapesError> {
        nodes
            .into_iter()
            .map(|node| self.compiler.shape(node))
            .collect()
    }

    /// In the order of their paths, the graver first: blank nodes have names by chance.
    fn properties(&mut self) -> Result<(), ShapesError> {
        let nodes = self.of(sh::PROPERTY);
        let mut shapes = self.all(nodes)?;
        let compiled = &self.compiler.shapes;
        for shape in &shapes {
            if compiled[*shape].path.is_none() {
                return Err(wrong(
                    &compiled[*shape].node,
                    sh::PATH,
                    "a path of a property shape",
                ));
            }
        }
        shapes.sort_by_cached_key(|shape| {
            let shape = &compiled[*shape];
            let path = shape.path.as_ref().map(Path::to_string);
            (path, std::cmp::Reverse(shape.severity.clone()))
        });
        if !shapes.is_empty() {
            self.out.push(Constraint::Properties(shapes));
        }
        Ok(())
    }

    fn qualified(&mut self) -> Result<(), ShapesError> {
        let (least, most) = (
            self.numbers(sh::QUALIFIED_MIN_COUNT)?,
            self.numbers(sh::QUALIFIED_MAX_COUNT)?,
        );
        for node in self.of(sh::QUALIFIED_VALUE_SHAPE) {
            let siblings = self.siblings(node);
            let qualified = Qualified {
                shape: self.compiler.shape(node)?,
                siblings: self.all(siblings)?,
            };
            let min = |least: &usize| Constraint::QualifiedMin(qualified.clone(), *least);
            self.out.extend(least.iter().map(min));
            let max = |most: &usize| Constraint::QualifiedMax(qualified.clone(), *most);
            self.out.extend(most.iter().map(max));
        }
        Ok(())
    }

    /// The sibling shapes (section 4.7.3): those of the other property shapes of the shapes that have this one.
    fn siblings(&self, own: &Node<'_>) -> Vec<&'g Node<'g>> {
        let disjoint = sh::QUALIFIED_VALUE_SHAPES_DISJOINT;
        if !self.compiler.is_true(self.node, disjoint) {
            return Vec::new();
        }
        let all = self.compiler.graph.all().iter();
        let parents =
            all.filter(|said| said.predicate == sh::PROPERTY.as_str() && said.object == *self.node);
        let siblings: BTreeSet<&Node<'_>> = parents
            .flat_map(|said| self.compiler.values(&said.subject, sh::PROPERTY))
            .flat_map(|other| self.compiler.values(other, sh::QUALIFIED_VALUE_SHAPE))
            .filter(|shape| *shape != own)
            .collect();
        siblings.into_iter().collect()
    }

    fn closed(&mut self) {
        if !self.compiler.is_true(self.node, sh::CLOSED) {
            return;
        }
        let properties = self.of(sh::PROPERTY).into_iter();
        let paths = properties.flat_map(|shape| self.compiler.values(shape, sh::PATH));
        let ignored = self.of(sh::IGNORED_PROPERTIES).into_iter();
        let ignored = ignored.flat_map(|list| {
            let members = self.compiler.list(self.node, sh::IGNORED_PROPERTIES, list);
            members.unwrap_or_default()
        });
        let allowed = paths.chain(ignored).filter_map(|node| node.iri());
        let allowed = allowed.map(str::to_owned).collect();
        self.out.push(Constraint::Closed(allowed));
    }
}

fn wrong(shape: &Node<'_>, parameter: NamedNodeRef<'_>, expected: &'static str) -> ShapesError {
    ShapesError::Shape {
        shape: shape.to_string(),
        parameter: prefixed(parameter.as_str()),
        expected,
    }
}

fn nesting(shape: &Node<'_>) -> ShapesError {
    ShapesError::Nesting {
        shape: shape.to_string(),
    }
}
