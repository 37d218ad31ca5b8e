//! What is refused when an expression is compiled although its grammar is right.

use std::cmp::Ordering;

use super::error::{SqlError, SqlErrorKind};
use super::token::Span;
use super::tree::{Node, NodeId, Tree};
use super::value::{Value, compare};

/// Literals (`ConstantExpression`) as values; a sign makes something else of them.
pub(super) fn literal(node: &Node) -> Option<Value<'_>> {
    Some(match node {
        Node::Null => Value::Unknown,
        Node::Bool(value) => Value::Bool(*value),
        Node::Text(text) => Value::Text(text),
        Node::Int(value) => Value::Int(*value),
        Node::Long(value) => Value::Long(*value),
        Node::Double(value) => Value::Double(*value),
        _ => return None,
    })
}

/// What Java's class hierarchy calls a `BooleanExpression`.
fn is_condition(node: &Node) -> bool {
    match node {
        Node::Null | Node::Bool(_) | Node::Not(_) | Node::Cast(_) | Node::And(_) | Node::Or(_) => true,
        Node::Equal(..) | Node::IsNull(_) | Node::Order(..) | Node::In { .. } => true,
        Node::Text(_) | Node::Int(_) | Node::Long(_) | Node::Double(_) | Node::Name(_) | Node::Negate(_) => false,
    }
}

impl Tree {
    /// The node as a condition; a name becomes one (`SelectorParser#asBooleanExpression`).
    pub(super) fn condition(&mut self, id: NodeId) -> Result<NodeId, SqlError> {
        match self.node(id) {
            node if is_condition(node) => Ok(id),
            Node::Name(_) => self.add(Node::Cast(id), self.span(id)),
            _ => Err(SqlError::new(SqlErrorKind::NoCondition, self.span(id))),
        }
    }

    /// The sides of `=` and `<>` (`ComparisonExpression#checkEqualOperand`, `#checkEqualOperandCompatability`).
    pub(super) fn check_equal(&self, left: NodeId, right: NodeId) -> Result<(), SqlError> {
        for side in [left, right] {
            if matches!(self.node(side), Node::Null) {
                return Err(SqlError::new(SqlErrorKind::EqualNull, self.span(side)));
            }
        }
        match (self.node(left), literal(self.node(right))) {
            (Node::Bool(_), Some(right_value)) if !matches!(right_value, Value::Bool(_)) => {
                Err(SqlError::new(SqlErrorKind::BooleanWithLiteral, self.span(right)))
            }
            _ => Ok(()),
        }
    }

    /// A side of an operator of order (`ComparisonExpression#checkLessThanOperand`).
    pub(super) fn check_order(&self, side: NodeId) -> Result<(), SqlError> {
        let what = match self.node(side) {
            Node::Null => "NULL",
            Node::Bool(true) => "TRUE",
            Node::Bool(false) => "FALSE",
            Node::Text(_) => "a string",
            node if is_condition(node) => "a condition",
            _ => return Ok(()),
        };
        Err(SqlError::new(SqlErrorKind::NoOrder(what), self.span(side)))
    }

    /// Both bounds of BETWEEN, when they are literals (`ComparisonExpression#createBetween`). NOT BETWEEN has no such check.
    pub(super) fn check_bounds(&self, low: NodeId, high: NodeId, text: &str) -> Result<(), SqlError> {
        let (Some(low_value), Some(high_value)) = (literal(self.node(low)), literal(self.node(high))) else {
            return Ok(());
        };
        for bound in [low, high] {
            self.check_order(bound)?;
        }
        if compare(high_value, low_value) == Ok(Ordering::Less) {
            let written = |id| Span::of(self.span(id), text).to_owned();
            let kind = SqlErrorKind::DescendingBounds { low: written(low), high: written(high) };
            return Err(SqlError::new(kind, self.span(low).to(self.span(high))));
        }
        Ok(())
    }
}
