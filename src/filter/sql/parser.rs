//! Words to tree (`SelectorParser.jj`): OR, AND, equality, order, prefix, primary, loosest first. The parser stops behind
//! one whole expression, having looked at one more word; whatever stands there is ignored.

use std::collections::BTreeMap;

use super::error::{SqlError, SqlErrorKind};
use super::lexer::Lexer;
use super::token::{Kind, Span, Token};
use super::tree::{MAX_DEPTH, Node, NodeId, Order, Tree};

/// What parsing gives.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) tree: Tree,
    pub(super) root: NodeId,
    /// Each property name once, in the order of appearance.
    pub(super) names: Vec<String>,
    /// Where the expression ends; what follows, if anything, is ignored.
    pub(super) rest: Option<Span>,
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The words looked at and not yet taken, the next one first.
    ahead: [Option<Token>; 2],
    last: Span,
    tree: Tree,
    /// Position of each name.
    names: BTreeMap<&'a str, u32>,
    depth: usize,
}

type Parse<T> = Result<T, SqlError>;

/// Parses a text (`SelectorParser#JmsSelector`).
pub(super) fn parse(text: &str) -> Parse<Parsed> {
    let mut parser = Parser {
        text,
        lexer: Lexer::new(text),
        ahead: [None, None],
        last: Span::default(),
        tree: Tree::default(),
        names: BTreeMap::new(),
        depth: 0,
    };
    if parser.peek()?.kind == Kind::End {
        return Err(SqlError::new(SqlErrorKind::Empty, Span::new(text.len(), text.len())));
    }
    let whole = parser.or()?;
    let root = parser.tree.condition(whole)?;
    let next = parser.peek()?;
    let rest = (next.kind != Kind::End).then(|| Span::new(next.span.start as usize, text.trim_end().len()));
    let mut names = vec![String::new(); parser.names.len()];
    parser.names.into_iter().for_each(|(name, position)| names[position as usize] = name.to_owned());
    Ok(Parsed { tree: parser.tree, root, names, rest })
}

impl<'a> Parser<'a> {
    fn look(&mut self, distance: usize) -> Parse<Token> {
        for place in 0..=distance {
            if self.ahead[place].is_none() {
                self.ahead[place] = Some(self.lexer.next()?);
            }
        }
        Ok(self.ahead[distance].expect("filled just now"))
    }

    fn peek(&mut self) -> Parse<Token> {
        self.look(0)
    }

    fn take(&mut self) -> Parse<Token> {
        let token = self.peek()?;
        self.ahead = [self.ahead[1], None];
        self.last = token.span;
        Ok(token)
    }

    /// Takes the next word if it is of this kind.
    fn takes(&mut self, kind: Kind) -> Parse<bool> {
        let found = self.peek()?.kind == kind;
        if found {
            self.take()?;
        }
        Ok(found)
    }

    fn expect(&mut self, kind: Kind, expected: &'static str) -> Parse<Token> {
        if self.peek()?.kind == kind { self.take() } else { Err(self.unexpected(0, expected)?) }
    }

    fn unexpected(&mut self, distance: usize, expected: &'static str) -> Parse<SqlError> {
        let token = self.look(distance)?;
        let found = match token.kind {
            Kind::End => "the end".to_owned(),
            _ => format!("`{}`", token.span.of(self.text)),
        };
        Ok(SqlError::new(SqlErrorKind::Unexpected { expected, found }, token.span))
    }

    /// The text from the first byte of a node to the word taken last.
    fn since(&self, first: NodeId) -> Span {
        self.tree.span(first).to(self.last)
    }

    fn or(&mut self) -> Parse<NodeId> {
        let first = self.and()?;
        self.chain(first, Kind::Or, Self::and, Node::Or)
    }

    fn and(&mut self) -> Parse<NodeId> {
        let first = self.equality()?;
        self.chain(first, Kind::And, Self::equality, Node::And)
    }

    /// Operands joined by one word. A single one is itself; several must be conditions.
    fn chain(
        &mut self,
        first: NodeId,
        word: Kind,
        operand: fn(&mut Self) -> Parse<NodeId>,
        join: fn(Box<[NodeId]>) -> Node,
    ) -> Parse<NodeId> {
        let mut operands = Vec::new();
        while self.takes(word)? {
            let next = operand(self)?;
            if operands.is_empty() {
                operands.push(self.tree.condition(first)?);
            }
            operands.push(self.tree.condition(next)?);
        }
        if operands.is_empty() { Ok(first) } else { self.tree.add(join(operands.into()), self.since(first)) }
    }

    fn equality(&mut self) -> Parse<NodeId> {
        let mut left = self.order()?;
        loop {
            let kind = self.peek()?.kind;
            left = match kind {
                Kind::Equal | Kind::NotEqual => {
                    self.take()?;
                    let right = self.order()?;
                    self.tree.check_equal(left, right)?;
                    let span = self.since(left);
                    self.negated_if(kind == Kind::NotEqual, Node::Equal(left, right), span)?
                }
                Kind::Is => {
                    self.take()?;
                    let not = self.takes(Kind::Not)?;
                    self.expect(Kind::Null, if not { "NULL" } else { "NULL or NOT NULL" })?;
                    let span = self.since(left);
                    self.negated_if(not, Node::IsNull(left), span)?
                }
                _ => return Ok(left),
            };
        }
    }

    fn negated_if(&mut self, not: bool, node: Node, span: Span) -> Parse<NodeId> {
        let id = self.tree.add(node, span)?;
        if not { self.tree.add(Node::Not(id), span) } else { Ok(id) }
    }

    fn order(&mut self) -> Parse<NodeId> {
        let mut left = self.prefix()?;
        loop {
            let token = self.peek()?;
            let order = match token.kind {
                Kind::Greater => Order::Greater,
                Kind::GreaterEqual => Order::GreaterEqual,
                Kind::Less => Order::Less,
                Kind::LessEqual => Order::LessEqual,
                Kind::Between | Kind::In | Kind::Not => {
                    left = self.range(left)?;
                    continue;
                }
                _ => return Ok(left),
            };
            self.take()?;
            let right = self.prefix()?;
            left = self.compare(order, left, right)?;
        }
    }

    fn compare(&mut self, order: Order, left: NodeId, right: NodeId) -> Parse<NodeId> {
        self.tree.check_order(left)?;
        self.tree.check_order(right)?;
        let span = self.since(left);
        self.tree.add(Node::Order(order, left, right), span)
    }

    /// `[NOT] BETWEEN` or `[NOT] IN` behind a value.
    fn range(&mut self, left: NodeId) -> Parse<NodeId> {
        let not = self.peek()?.kind == Kind::Not;
        match self.look(usize::from(not))?.kind {
            Kind::Between => {
                (0..=usize::from(not)).try_for_each(|_| self.take().map(drop))?;
                self.between(left, not)
            }
            Kind::In => {
                (0..=usize::from(not)).try_for_each(|_| self.take().map(drop))?;
                self.list(left, not)
            }
            _ => Err(self.unexpected(1, "BETWEEN or IN behind NOT")?),
        }
    }

    fn between(&mut self, value: NodeId, not: bool) -> Parse<NodeId> {
        let low = self.prefix()?;
        self.expect(Kind::And, "AND and the upper bound")?;
        let high = self.prefix()?;
        let (lower, upper) = if not {
            (Order::Less, Order::Greater)
        } else {
            self.tree.check_bounds(low, high, self.text)?;
            (Order::GreaterEqual, Order::LessEqual)
        };
        let sides = Box::new([self.compare(lower, value, low)?, self.compare(upper, value, high)?]);
        let span = self.since(value);
        self.tree.add(if not { Node::Or(sides) } else { Node::And(sides) }, span)
    }

    fn list(&mut self, left: NodeId, not: bool) -> Parse<NodeId> {
        self.expect(Kind::Open, "`(` and a list of strings")?;
        let mut list: Vec<Box<str>> = Vec::new();
        loop {
            let token = self.expect(Kind::Text, "a string in single quotes")?;
            list.push(unquoted(token.span.of(self.text)));
            if !self.takes(Kind::Comma)? {
                break;
            }
        }
        self.expect(Kind::Close, "`,` or `)`")?;
        let Node::Name(name) = *self.tree.node(left) else {
            return Err(SqlError::new(SqlErrorKind::InWithoutName, self.tree.span(left)));
        };
        list.sort_unstable();
        list.dedup();
        let span = self.since(left);
        self.tree.add(Node::In { name, list: list.into(), not }, span)
    }

    fn prefix(&mut self) -> Parse<NodeId> {
        let token = self.peek()?;
        if !matches!(token.kind, Kind::Plus | Kind::Minus | Kind::Not | Kind::Open) {
            return self.leaf();
        }
        self.take()?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SqlError::new(SqlErrorKind::TooDeep(MAX_DEPTH), token.span));
        }
        let id = match token.kind {
            Kind::Open => {
                let inner = self.or()?;
                self.expect(Kind::Close, "an operator or `)`")?;
                inner
            }
            Kind::Plus => self.prefix()?,
            Kind::Minus => {
                let of = self.prefix()?;
                self.tree.add(Node::Negate(of), token.span.to(self.last))?
            }
            _ => {
                let of = self.prefix()?;
                let of = self.tree.condition(of)?;
                self.tree.add(Node::Not(of), token.span.to(self.last))?
            }
        };
        self.depth -= 1;
        Ok(id)
    }

    /// A literal or a name.
    fn leaf(&mut self) -> Parse<NodeId> {
        let token = self.peek()?;
        let text = token.span.of(self.text);
        let node = match token.kind {
            Kind::Text => Node::Text(unquoted(text)),
            Kind::Integer => integer(text, token.span)?,
            Kind::Float => float(text, token.span)?,
            Kind::True => Node::Bool(true),
            Kind::False => Node::Bool(false),
            Kind::Null => Node::Null,
            Kind::Name => {
                let next = self.names.len() as u32;
                Node::Name(*self.names.entry(text).or_insert(next))
            }
            _ => return Err(self.unexpected(0, "a value, a name or `(`")?),
        };
        self.take()?;
        self.tree.add(node, token.span)
    }
}

/// The text that a string literal stands for.
fn unquoted(literal: &str) -> Box<str> {
    literal[1..literal.len() - 1].replace("''", "'").into()
}

/// `ConstantExpression#createFromDecimal`.
fn integer(text: &str, span: Span) -> Parse<Node> {
    let digits = text.trim_end_matches(['l', 'L']);
    let too_large = |_| SqlError::new(SqlErrorKind::IntegerTooLarge(text.to_owned()), span);
    let value: i64 = digits.parse().map_err(too_large)?;
    Ok(i32::try_from(value).map_or(Node::Long(value), Node::Int))
}

/// `ConstantExpression#createFloat`, which holds the smallest positive number for the smallest of all.
fn float(text: &str, span: Span) -> Parse<Node> {
    match text.parse::<f64>() {
        Ok(value) if value.is_infinite() => Err(SqlError::new(SqlErrorKind::FloatTooLarge(text.to_owned()), span)),
        Ok(value) if value > 0.0 => Ok(Node::Double(value)),
        _ => Err(SqlError::new(SqlErrorKind::FloatTooSmall(text.to_owned()), span)),
    }
}
