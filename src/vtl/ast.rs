//! The parsed template. Immutable and shareable: one parse serves any number of renders.

use std::sync::Arc;

use super::error::Position;
use super::number::Number;

pub(super) type Block = Arc<Vec<Node>>;

/// Something that renders.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Reference(Box<Reference>),
    Set(Box<Set>),
    /// The first branch whose condition holds; no condition is `#else`.
    If(Vec<Branch>),
    Directive(Box<Directive>),
}

#[derive(Debug)]
pub(super) struct Branch {
    pub condition: Option<Expr>,
    pub block: Block,
}

#[derive(Debug)]
pub(super) struct Set {
    pub left: Reference,
    /// The variable to set when `left` is a plain variable. Not the same as its root: in `#set(${x} = 1)` it is `{`.
    pub variable: String,
    pub right: Expr,
}

/// `$root.step[step].step(…)`.
#[derive(Debug)]
pub(super) struct Reference {
    pub at: Position,
    /// As it stands in the template, without what is printed before it.
    pub text: String,
    pub root: String,
    pub steps: Vec<Step>,
    /// Looks like a reference to the parser but is plain text.
    pub runt: bool,
    pub escaped: bool,
    /// False for `$\!x`, which has no value.
    pub computable: bool,
    /// Backslashes to print before the value.
    pub escape_prefix: String,
    /// `$` and `#` to print before the value.
    pub prefix: String,
    /// What stands for the reference when it is escaped.
    pub null_string: String,
}

#[derive(Debug)]
pub(super) enum Step {
    Property(String),
    Method(String, Vec<Expr>),
    Index(Expr),
}

#[derive(Debug)]
pub(super) enum Expr {
    String(Arc<str>),
    /// A string with references or directives in it.
    Interpolated(Interpolated),
    Number(Number),
    Bool(bool),
    /// A bare word among a directive's arguments.
    Word,
    Reference(Box<Reference>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Range(Box<Range>),
    Parenthesis(Box<Expr>, Literal),
    Not(Box<Expr>),
    /// Operators of one precedence, applied from the left.
    Chain(Box<Chain>),
}

/// The text of a node, as the language prints it where the node has no value.
pub(super) type Literal = Box<str>;

#[derive(Debug, Clone)]
pub(super) struct Interpolated {
    pub block: Block,
    /// A blank was appended to the text so that a reference at its end ends; it is taken off the result.
    pub padded: bool,
}

#[derive(Debug)]
pub(super) struct Range {
    pub from: Expr,
    pub to: Expr,
    pub literal: Literal,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub first: Expr,
    pub links: Vec<Link>,
}

#[derive(Debug)]
pub(super) struct Link {
    pub operator: Operator,
    pub right: Expr,
    /// The text of the operation, which the language takes to be that of its right side.
    pub literal: Literal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulus,
}

impl Operator {
    /// Operators of a higher level bind tighter.
    pub fn level(self) -> u8 {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::Equal | Self::NotEqual => 2,
            Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Modulus => 5,
        }
    }

    pub fn is_arithmetic(self) -> bool {
        self.level() >= Self::Add.level()
    }
}

/// An argument of a directive.
#[derive(Debug, Clone)]
pub(super) struct Argument {
    pub expr: Arc<Expr>,
    pub literal: Arc<str>,
    /// The text of its first token: names come from it.
    pub head: String,
    pub at: Position,
}

#[derive(Debug)]
pub(super) struct Directive {
    pub at: Position,
    pub action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Foreach(Foreach),
    /// `#define($key) … #end`
    Define {
        key: String,
        block: Block,
    },
    /// `#evaluate(source)`
    Evaluate(Argument),
    /// `#break`, or `#break($scope)`
    Break(Option<Argument>),
    /// `#stop`, or `#stop('reason')`
    Stop(Option<Argument>),
    Call(Call),
    /// `#parse` and `#include`, which API Gateway does not have.
    Unavailable(&'static str),
}

#[derive(Debug)]
pub(super) struct Foreach {
    /// The loop variable.
    pub key: String,
    pub over: Over,
    pub body: Body,
}

/// What a loop goes through.
#[derive(Debug)]
pub(super) enum Over {
    Value(Argument),
    /// `#foreach($x in)`: nothing to go through.
    Nothing,
    /// `#foreach($x)`: rendering it fails.
    Missing,
}

/// What a loop renders each time.
#[derive(Debug)]
pub(super) enum Body {
    Block(Block),
    /// `#foreach($x in $list $more)`: the language renders the extra argument instead of the block.
    Argument(Argument),
}

/// A macro call, or something that looks like one.
#[derive(Debug)]
pub(super) struct Call {
    pub name: String,
    pub arguments: Vec<Argument>,
    /// `#@name() … #end`
    pub block: Option<Block>,
    /// Printed when there is no such macro.
    pub literal: Literal,
    /// A bare word among the arguments, which no macro takes.
    pub bare_word: Option<(String, Position)>,
}

#[derive(Debug)]
pub(super) struct Macro {
    pub parameters: Vec<String>,
    pub block: Block,
}
