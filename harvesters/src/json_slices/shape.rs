//! Where a JSON value ends, by its quotes, brackets and commas alone. Says nothing of whether it is valid.
//!
//! Start reading at [`Shape::advance`].

/// Finds the end of a value over any number of buffers.
#[derive(Default)]
pub(super) struct Shape {
    is_root: bool,
    in_string: bool,
    escaped: bool,
    depth: u64,
    /// One bit for each of the innermost open brackets: is it a brace?
    braces: u128,
    /// Bytes of the value seen in earlier buffers and in this one.
    pub(super) seen: u64,
    /// Where, counted from the value's start, a bracket first closed one of the other kind.
    pub(super) disagree: Option<u64>,
}

impl Shape {
    /// The root value ends with its own last bracket, any other value before a comma or bracket of what holds it.
    pub(super) fn new(is_root: bool) -> Self {
        Self {
            is_root,
            ..Self::default()
        }
    }

    /// The number of bytes of `buffer` that belong to the value, or None where all do and more may follow.
    pub(super) fn advance(&mut self, buffer: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < buffer.len() {
            if self.escaped {
                self.escaped = false;
                at += 1;
            } else if self.in_string {
                let Some(stop) = quote_or_backslash(&buffer[at..]) else {
                    break;
                };
                self.escaped = buffer[at + stop] == b'\\';
                self.in_string = self.escaped;
                at += stop + 1;
            } else {
                match buffer[at] {
                    b'"' => self.in_string = true,
                    byte @ (b'{' | b'[') => self.open(byte),
                    b'}' | b']' | b',' if self.depth == 0 => return Some(self.end(at)),
                    byte @ (b'}' | b']') => self.close(byte, at),
                    _ => {}
                }
                at += 1;
                if self.is_root && self.depth == 0 {
                    return Some(self.end(at));
                }
            }
        }
        self.seen += buffer.len() as u64;
        None
    }

    fn end(&mut self, at: usize) -> usize {
        self.seen += at as u64;
        at
    }

    fn open(&mut self, byte: u8) {
        self.depth += 1;
        self.braces = (self.braces << 1) | u128::from(byte == b'{');
    }

    fn close(&mut self, byte: u8, at: usize) {
        let opened_by_brace = self.braces & 1 == 1;
        let known = self.depth <= u64::from(u128::BITS);
        if known && self.disagree.is_none() && opened_by_brace != (byte == b'}') {
            self.disagree = Some(self.seen + at as u64);
        }
        self.depth -= 1;
        self.braces >>= 1;
    }
}

/// Eight bytes at a time: most of a catalogue is text.
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let hits = zero_byte(word ^ (ONES * u64::from(b'"')))
            | zero_byte(word ^ (ONES * u64::from(b'\\')));
        if hits != 0 {
            return Some(number * 8 + (hits.trailing_zeros() / 8) as usize);
        }
    }
    rest.iter()
        .position(|b| matches!(b, b'"' | b'\\'))
        .map(|at| bytes.len() - rest.len() + at)
}
