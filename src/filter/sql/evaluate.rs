//! What an expression is worth for a message: true, false, unknown, or an error. Nothing is allocated.

use super::token::Span;
use super::tree::{Node, NodeId, Order, Tree};
use super::value::{Value, compare, compare_order};

/// Why an expression has no worth for a message; the broker does not deliver it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct EvalError {
    /// What failed.
    pub kind: EvalErrorKind,
    /// The comparison, in bytes of the expression's text.
    pub span: Span,
}

/// What failed in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalErrorKind {
    /// Text beside an integer.
    #[error("the text is not an integer of 32 bits, the type of the number beside it")]
    NoInt,
    /// Text beside an integer beyond 32 bits.
    #[error("the text is not an integer of 64 bits, the type of the number beside it")]
    NoLong,
    /// Text beside a floating number, or two texts in an order.
    #[error("the text is not a floating number")]
    NoDouble,
    /// A condition, TRUE or FALSE on the left of text. On the right it would do.
    #[error("a condition cannot be compared with the text on its right")]
    BooleanLeftOfText,
}

impl EvalError {
    /// The simple name of the exception that RocketMQ's evaluation dies of.
    #[must_use]
    pub const fn java_class(&self) -> &'static str {
        match self.kind {
            EvalErrorKind::NoInt | EvalErrorKind::NoLong | EvalErrorKind::NoDouble => "NumberFormatException",
            EvalErrorKind::BooleanLeftOfText => "ClassCastException",
        }
    }
}

/// Property values by the position of their names.
pub(super) trait Slots {
    fn slot(&self, position: u32) -> Option<&str>;
}

/// Lists up to here are searched from the front.
const SHORT_LIST: usize = 8;

type Truth = Result<Option<bool>, EvalError>;

impl Tree {
    /// The worth of a condition. Recursion is bounded by the depth of the tree.
    pub(super) fn truth(&self, id: NodeId, slots: &impl Slots) -> Truth {
        match self.node(id) {
            Node::Bool(value) => Ok(Some(*value)),
            Node::Not(of) => Ok(self.truth(*of, slots)?.map(|value| !value)),
            Node::And(operands) => self.fold(operands, false, slots),
            Node::Or(operands) => self.fold(operands, true, slots),
            Node::Equal(left, right) => self.equal(id, *left, *right, slots),
            Node::Order(order, left, right) => self.order(id, *order, (*left, *right), slots),
            Node::IsNull(of) => Ok(Some(self.value(*of, slots)?.is_unknown())),
            Node::In { name, list, not } => Ok(slots.slot(*name).map(|value| contains(list, value) != *not)),
            // A property is text, and text is not TRUE, whatever it says.
            Node::Cast(of) => Ok(if self.value(*of, slots)?.is_unknown() { None } else { Some(false) }),
            Node::Null | Node::Text(_) | Node::Int(_) | Node::Long(_) | Node::Double(_) => Ok(None),
            Node::Name(_) | Node::Negate(_) => Ok(None),
        }
    }

    /// AND and OR from left to right up to the operand that decides.
    #[inline]
    fn fold(&self, operands: &[NodeId], decides: bool, slots: &impl Slots) -> Truth {
        let mut worth = Some(!decides);
        for operand in operands {
            match self.truth(*operand, slots)? {
                Some(value) if value == decides => return Ok(Some(decides)),
                Some(_) => {}
                None => worth = None,
            }
        }
        Ok(worth)
    }

    /// Two unknowns are equal; an unknown on the left makes it unknown, one on the right false.
    #[inline]
    fn equal(&self, id: NodeId, left: NodeId, right: NodeId, slots: &impl Slots) -> Truth {
        let (left, right) = (self.value(left, slots)?, self.value(right, slots)?);
        match (left.is_unknown(), right.is_unknown()) {
            (true, true) => Ok(Some(true)),
            (true, false) => Ok(None),
            (false, true) => Ok(Some(false)),
            (false, false) => match compare(left, right) {
                Ok(order) => Ok(Some(order.is_eq())),
                Err(kind) => Err(EvalError { kind, span: self.span(id) }),
            },
        }
    }

    #[inline]
    fn order(&self, id: NodeId, order: Order, sides: (NodeId, NodeId), slots: &impl Slots) -> Truth {
        let left = self.value(sides.0, slots)?;
        if left.is_unknown() {
            return Ok(None);
        }
        let right = self.value(sides.1, slots)?;
        if right.is_unknown() {
            return Ok(None);
        }
        let found = compare_order(left, right).map_err(|kind| EvalError { kind, span: self.span(id) })?;
        Ok(Some(match order {
            Order::Greater => found.is_gt(),
            Order::GreaterEqual => found.is_ge(),
            Order::Less => found.is_lt(),
            Order::LessEqual => found.is_le(),
        }))
    }

    #[inline]
    fn value<'a>(&'a self, id: NodeId, slots: &'a impl Slots) -> Result<Value<'a>, EvalError> {
        Ok(match self.node(id) {
            Node::Name(position) => slots.slot(*position).map_or(Value::Unknown, Value::Text),
            Node::Int(value) => Value::Int(*value),
            Node::Text(text) => Value::Text(text),
            Node::Long(value) => Value::Long(*value),
            Node::Double(value) => Value::Double(*value),
            Node::Null => Value::Unknown,
            Node::Negate(of) => self.negated(*of, slots)?,
            _ => self.truth(id, slots)?.map_or(Value::Unknown, Value::Bool),
        })
    }

    /// Apart, so that what recurses is not inlined into itself.
    #[inline(never)]
    fn negated<'a>(&'a self, of: NodeId, slots: &'a impl Slots) -> Result<Value<'a>, EvalError> {
        Ok(self.value(of, slots)?.negated())
    }
}

fn contains(list: &[Box<str>], value: &str) -> bool {
    if list.len() <= SHORT_LIST {
        list.iter().any(|text| **text == *value)
    } else {
        list.binary_search_by(|text| (**text).cmp(value)).is_ok()
    }
}
