//! The rules for a packet once more, written as plainly as they can be: with recursion, with lists,
//! and without a line of the program's own reading.

use oscgate::osc::PacketError as Fault;

/// A message as the rules read it.
#[derive(Debug, Default)]
pub(crate) struct Message<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) address: &'a [u8],
    /// From the comma on, if there is one.
    pub(crate) tail: Option<&'a [u8]>,
    pub(crate) tags: Vec<u8>,
    /// Each tag with the bytes that it stands for, padding and a blob's size left out.
    pub(crate) values: Vec<(u8, &'a [u8])>,
}

/// One step of a walk through a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Message,
    /// A bundle begins: its bytes and its time tag.
    Begin(&'a [u8], u64),
    End,
}

/// A packet as the rules read it.
#[derive(Debug, Default)]
pub(crate) struct Packet<'a> {
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) steps: Vec<Step<'a>>,
}

/// The parts of a packet, or the first of its faults.
pub(crate) fn read(packet: &[u8]) -> Result<Packet<'_>, Fault> {
    match packet.len() {
        0 => return Err(Fault::Empty),
        length if length > 65_504 => return Err(Fault::TooLong),
        length if length % 4 != 0 => return Err(Fault::Unaligned),
        _ => {}
    }
    let mut reader = Reader::default();
    reader.element(packet, 1)?;
    Ok(reader.packet)
}

#[derive(Default)]
struct Reader<'a> {
    packet: Packet<'a>,
    arguments: usize,
}

impl<'a> Reader<'a> {
    /// `level`: that of the bundle that this is, if it is one.
    fn element(&mut self, bytes: &'a [u8], level: usize) -> Result<(), Fault> {
        if bytes.get(..8) != Some(b"#bundle\0") {
            return self.message(bytes);
        }
        if bytes.len() < 16 {
            return Err(Fault::BundleTruncated);
        }
        if level > 8 {
            return Err(Fault::BundleTooDeep);
        }
        let begin = Step::Begin(bytes, number(&bytes[8..16]));
        self.packet.steps.push(begin);
        let mut left = &bytes[16..];
        while !left.is_empty() {
            let Some(size) = left.get(..4) else {
                return Err(Fault::ElementTruncated);
            };
            let size = number(size);
            left = &left[4..];
            if size == 0 || !size.is_multiple_of(4) {
                return Err(Fault::ElementSize);
            }
            if size > left.len() as u64 {
                return Err(Fault::ElementTruncated);
            }
            let (element, others) = left.split_at(size as usize);
            self.element(element, level + 1)?;
            left = others;
        }
        self.packet.steps.push(Step::End);
        Ok(())
    }

    fn message(&mut self, bytes: &'a [u8]) -> Result<(), Fault> {
        if self.packet.messages.len() == 1_024 {
            return Err(Fault::TooManyMessages);
        }
        let (address, tail) = string(bytes).map_err(|why| why.or(Fault::AddressUnterminated))?;
        if address.len() > 255 {
            return Err(Fault::AddressTooLong);
        }
        let mut message = Message {
            bytes,
            address,
            ..Message::default()
        };
        if !tail.is_empty() {
            if tail[0] != b',' {
                return Err(Fault::NoComma);
            }
            let (tags, data) = string(tail).map_err(|why| why.or(Fault::TagsUnterminated))?;
            message.tail = Some(tail);
            message.tags = tags[1..].to_vec();
            message.values = self.values(&tags[1..], data)?;
        }
        self.packet.messages.push(message);
        self.packet.steps.push(Step::Message);
        Ok(())
    }

    fn values(&mut self, tags: &[u8], mut data: &'a [u8]) -> Result<Vec<(u8, &'a [u8])>, Fault> {
        let mut values = Vec::new();
        let mut open = 0;
        for &tag in tags {
            let value = match tag {
                b'T' | b'F' | b'N' | b'I' => &data[..0],
                b'i' | b'f' | b'c' | b'r' | b'm' => cut(&mut data, 4)?,
                b'h' | b't' | b'd' => cut(&mut data, 8)?,
                b's' | b'S' => {
                    let (text, rest) =
                        string(data).map_err(|why| why.or(Fault::StringUnterminated))?;
                    data = rest;
                    text
                }
                b'b' => blob(&mut data)?,
                b'[' => {
                    open += 1;
                    if open > 8 {
                        return Err(Fault::ArrayTooDeep);
                    }
                    &data[..0]
                }
                b']' if open == 0 => return Err(Fault::ArrayUnbalanced),
                b']' => {
                    open -= 1;
                    &data[..0]
                }
                _ => return Err(Fault::UnknownTag),
            };
            if !matches!(tag, b'[' | b']') {
                self.arguments += 1;
                if self.arguments > 4_096 {
                    return Err(Fault::TooManyArguments);
                }
            }
            values.push((tag, value));
        }
        if open > 0 {
            return Err(Fault::ArrayUnbalanced);
        }
        if !data.is_empty() {
            return Err(Fault::BytesLeftOver);
        }
        Ok(values)
    }
}

/// Why there is no string: it has no end, or its padding is not zero.
enum NoString {
    NoEnd,
    Padding,
}

impl NoString {
    fn or(self, no_end: Fault) -> Fault {
        match self {
            Self::NoEnd => no_end,
            Self::Padding => Fault::PaddingNotZero,
        }
    }
}

/// A string word by word: the first word with a zero in it is the last.
fn string(bytes: &[u8]) -> Result<(&[u8], &[u8]), NoString> {
    for (n, word) in bytes.chunks_exact(4).enumerate() {
        if let Some(zero) = word.iter().position(|&byte| byte == 0) {
            if word[zero..].iter().any(|&byte| byte != 0) {
                return Err(NoString::Padding);
            }
            return Ok((&bytes[..n * 4 + zero], &bytes[n * 4 + 4..]));
        }
    }
    Err(NoString::NoEnd)
}

fn blob<'a>(data: &mut &'a [u8]) -> Result<&'a [u8], Fault> {
    let size = number(cut(data, 4)?);
    if size >= 1 << 31 {
        return Err(Fault::BlobSizeNegative);
    }
    let padded = size.div_ceil(4) * 4;
    if padded > data.len() as u64 {
        return Err(Fault::BlobTruncated);
    }
    let padded = cut(data, padded as usize)?;
    let (blob, padding) = padded.split_at(size as usize);
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Fault::PaddingNotZero);
    }
    Ok(blob)
}

fn cut<'a>(data: &mut &'a [u8], count: usize) -> Result<&'a [u8], Fault> {
    if data.len() < count {
        return Err(Fault::ArgumentTruncated);
    }
    let (head, rest) = data.split_at(count);
    *data = rest;
    Ok(head)
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}
