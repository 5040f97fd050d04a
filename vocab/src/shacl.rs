//! SHACL Core: does a description have the form that it should have, and where has it not?
//!
//! Shapes are compiled once ([`Shapes::parse`]) and held against the small graph of one description ([`Facts`]). All of
//! SHACL Core is here (<https://www.w3.org/TR/shacl/>, sections 2 to 4), nothing of SHACL-SPARQL. [`dcat_ap`] and
//! [`taiwan`] are the shapes of ours, written in `shapes/*.ttl`. Start at [`Shapes::validate`].
//!
//! A description refers to what it does not contain: a licence, a publisher, a file type. Of these it says no type, and
//! `sh:class` cannot be judged by it alone. Unless something is known of such an IRI ([`Facts::knowing`]) it may be anything,
//! and is no fault: a harvester does not see what other hosts hold. [`Facts::closed`] judges as the specification does.
//!
//! Classes above others are what the graph says (`rdfs:subClassOf`), and what the shapes' own file says.

mod check;
mod compile;
mod constraints;
mod facts;
mod order;
mod path;
mod result;
mod rule;
mod shape;
mod text;

pub use facts::{Facts, Known, Literal, Node, Statement};
pub use path::Path;
pub use result::ValidationResult;
pub use shape::Severity;

use check::Check;
use compile::{Classes, Targets};
use oxrdf::Triple;
use oxrdfio::{RdfFormat, RdfParser};
use shape::Shape;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::LazyLock;

/// Shapes nest no deeper than this, nor do paths.
pub const NESTING_MAX: usize = 32;

/// Compiled shapes.
#[derive(Debug)]
pub struct Shapes {
    shapes: Vec<Shape>,
    targets: Targets,
    classes: Classes,
}

impl Shapes {
    /// Of a shapes graph in Turtle.
    ///
    /// Only shapes that a target leads to are compiled; recursive ones are refused, the specification leaving them undefined.
    pub fn parse(turtle: &str) -> Result<Self, ShapesError> {
        let quads = RdfParser::from_format(RdfFormat::Turtle).for_slice(turtle);
        let triples: Result<Vec<Triple>, _> = quads.map(|quad| quad.map(Triple::from)).collect();
        let triples = triples.map_err(|error| ShapesError::Syntax(error.to_string()))?;
        Self::of(&Facts::of_triples(&triples))
    }

    /// Of a shapes graph.
    pub fn of(graph: &Facts<'_>) -> Result<Self, ShapesError> {
        compile::compile(graph)
    }

    /// What does not conform, of all that the shapes are about: ordered by shape, node and path. Empty: all conforms.
    pub fn validate<'r>(&'r self, facts: &'r Facts<'r>) -> Vec<ValidationResult<'r>> {
        let mut results = Vec::new();
        let all = Check::new(self, facts).all(&mut |result| {
            results.push(result);
            ControlFlow::Continue(())
        });
        debug_assert!(all.is_continue());
        results
    }
}

/// The text of [`dcat_ap`].
pub const DCAT_AP: &str = include_str!("../shapes/dcat-ap-3.ttl");
/// The text of [`taiwan`].
pub const TAIWAN: &str = include_str!("../shapes/taiwan.ttl");

/// The shapes of DCAT-AP 3, as far as it is about what we publish: mandatory properties, ranges and cardinalities are
/// violations, recommended properties warnings.
pub fn dcat_ap() -> &'static Shapes {
    static SHAPES: LazyLock<Shapes> = LazyLock::new(|| ours(DCAT_AP));
    &SHAPES
}

/// The shapes of Taiwan's profile: what the national standard of dataset metadata asks of a record.
pub fn taiwan() -> &'static Shapes {
    static SHAPES: LazyLock<Shapes> = LazyLock::new(|| ours(TAIWAN));
    &SHAPES
}

#[expect(
    clippy::expect_used,
    reason = "a part of the program; a test compiles them"
)]
fn ours(turtle: &str) -> Shapes {
    Shapes::parse(turtle).expect("our own shapes")
}

/// Why shapes were not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapesError {
    /// The Turtle does not parse.
    Syntax(String),
    /// A shape says what SHACL does not allow.
    Shape {
        shape: String,
        /// The parameter, with a short name.
        parameter: String,
        expected: &'static str,
    },
    /// Shapes or paths contain themselves, or nest deeper than [`NESTING_MAX`].
    Nesting { shape: String },
}

impl fmt::Display for ShapesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) => write!(f, "the shapes are no Turtle: {why}"),
            Self::Shape {
                shape,
                parameter,
                expected,
            } => write!(f, "the shape {shape}: {parameter}: expected {expected}"),
            Self::Nesting { shape } => write!(
                f,
                "the shape {shape} contains itself, or nests deeper than {NESTING_MAX}"
            ),
        }
    }
}

impl std::error::Error for ShapesError {}
