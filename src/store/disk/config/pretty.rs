//! Values to text as fastjson's `PrettyFormat` lays them out: a tab per level, a line per field of a bean and per entry
//! of a map with text keys, but no line for entries whose keys are something else (`MapSerializer#write`).

/// Writes one file.
#[derive(Debug, Default)]
pub(super) struct Pretty {
    text: String,
    level: usize,
    /// Whether the object on this level has an entry already.
    begun: Vec<bool>,
}

impl Pretty {
    /// The text of a bean whose fields `fields` writes.
    pub(super) fn file(fields: impl FnOnce(&mut Self)) -> String {
        let mut pretty = Self::default();
        pretty.object(fields);
        pretty.text
    }

    /// An object, from brace to brace.
    pub(super) fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.text.push('{');
        self.level += 1;
        self.begun.push(false);
        fields(self);
        self.level -= 1;
        if self.begun.pop() == Some(true) {
            self.line();
        }
        self.text.push('}');
    }

    fn line(&mut self) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n('\t', self.level));
    }

    fn comma(&mut self) {
        if let Some(begun) = self.begun.last_mut() {
            if *begun {
                self.text.push(',');
            }
            *begun = true;
        }
    }

    /// A field or a text key on a line of its own; its value follows.
    pub(super) fn key(&mut self, name: &str) -> &mut Self {
        self.comma();
        self.line();
        self.quoted(name);
        self.text.push(':');
        self
    }

    /// A whole number as key; its value follows.
    pub(super) fn number_key(&mut self, number: i32) -> &mut Self {
        self.comma();
        self.number(number.into());
        self.text.push(':');
        self
    }

    /// An object as key; its value follows.
    pub(super) fn object_key(&mut self, fields: impl FnOnce(&mut Self)) -> &mut Self {
        self.comma();
        self.object(fields);
        self.text.push(':');
        self
    }

    pub(super) fn number(&mut self, number: i64) {
        self.text.push_str(&number.to_string());
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// A text in quotes (`SerializeWriter#writeStringWithDoubleQuote`).
    pub(super) fn quoted(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                    self.text.push_str(&format!("\\u{:04X}", u32::from(c)));
                }
                _ => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}
