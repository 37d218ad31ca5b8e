//! A compiled expression: nodes in one vector, each referring to earlier ones. Flat, so that neither dropping nor copying
//! recurses, and so that walking it stays in few cache lines.

use super::error::{SqlError, SqlErrorKind};
use super::token::Span;

/// Levels of an expression, and of parentheses and prefixes in its text. The real parser has no limit but its stack, which
/// ends at some thousands; evaluation here recurses too, and must be safe on any thread.
pub(super) const MAX_DEPTH: usize = 500;

/// Position of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// Operators of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// NULL.
    Null,
    /// TRUE or FALSE.
    Bool(bool),
    /// A string literal.
    Text(Box<str>),
    /// An integer literal that fits 32 bits.
    Int(i32),
    /// One that does not.
    Long(i64),
    /// A floating literal.
    Double(f64),
    /// A property, by the position of its name (`PropertyExpression`).
    Name(u32),
    /// Prefix minus (`UnaryExpression#createNegate`).
    Negate(NodeId),
    /// `UnaryExpression#createNOT`.
    Not(NodeId),
    /// A name as a condition (`UnaryExpression#createBooleanCast`).
    Cast(NodeId),
    /// Operands from left to right; more than two for a chain, which comes to the same as nesting it.
    And(Box<[NodeId]>),
    Or(Box<[NodeId]>),
    /// `=`; `<>` is its NOT (`ComparisonExpression#createEqual`).
    Equal(NodeId, NodeId),
    IsNull(NodeId),
    Order(Order, NodeId, NodeId),
    /// A name in a list of strings (`UnaryExpression#createInExpression`); the list is sorted, `not` inverts.
    In {
        name: u32,
        list: Box<[Box<str>]>,
        not: bool,
    },
}

/// The nodes of an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The text of each node, for messages.
    spans: Vec<Span>,
    /// The levels below and including each node.
    depths: Vec<u32>,
}

impl Tree {
    #[inline]
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn span(&self, id: NodeId) -> Span {
        self.spans[id.0 as usize]
    }

    /// Adds a node over earlier ones.
    pub(super) fn add(&mut self, node: Node, span: Span) -> Result<NodeId, SqlError> {
        let depth = |id: &NodeId| self.depths[id.0 as usize];
        let below = match &node {
            Node::Negate(of) | Node::Not(of) | Node::Cast(of) | Node::IsNull(of) => depth(of),
            Node::Equal(left, right) | Node::Order(_, left, right) => depth(left).max(depth(right)),
            Node::And(operands) | Node::Or(operands) => operands.iter().map(depth).max().unwrap_or(0),
            _ => 0,
        };
        if below as usize >= MAX_DEPTH {
            return Err(SqlError::new(SqlErrorKind::TooDeep(MAX_DEPTH), span));
        }
        // Fits: a node takes a byte of text at least, or shares one with two others at most.
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        self.spans.push(span);
        self.depths.push(below + 1);
        Ok(id)
    }
}
