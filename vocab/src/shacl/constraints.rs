//! The parameters of one shape become its constraints. SHACL, section 4.
//!
//! Knows nothing of targets; start at [`of`].

use super::ShapesError;
use super::compile::{Compiler, wrong};
use super::facts::{Literal, Node};
use super::order::Ordered;
use super::path::Path;
use super::rule::{Bound, NodeKind, Rule};
use super::shape::{Constraint, Qualified, ShapeId};
use crate::terms::sh;
use oxrdf::NamedNodeRef;
use regex::{Regex, RegexBuilder};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The constraints of a shape, each kind in its place.
pub(super) fn of<'g>(
    compiler: &mut Compiler<'g>,
    node: &'g Node<'g>,
    has_path: bool,
) -> Result<Vec<Constraint>, ShapesError> {
    let mut of = Of {
        node,
        compiler,
        out: Vec::new(),
    };
    of.counts(has_path)?;
    of.values()?;
    of.pairs()?;
    of.shapes()?;
    Ok(of.out)
}

/// The constraints of one shape.
struct Of<'c, 'g> {
    node: &'g Node<'g>,
    compiler: &'c mut Compiler<'g>,
    out: Vec<Constraint>,
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
            (path, Reverse(shape.severity.clone()))
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
