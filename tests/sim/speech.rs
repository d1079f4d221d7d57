//! Messages and bundles as bytes, built by hand so that wrong ones can be built too.

/// A message that is being put together: address, type tags and argument bytes.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    address: Vec<u8>,
    /// `None`: sent without a type tag string.
    tags: Option<Vec<u8>>,
    values: Vec<u8>,
}

/// Appends an OSC string: the bytes, and zeros up to a multiple of four.
fn put(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.resize((out.len() / 4 + 1) * 4, 0);
}

impl Spoken {
    /// To this address, without arguments so far.
    pub(crate) fn to(address: &str) -> Self {
        Self {
            address: address.as_bytes().to_vec(),
            tags: Some(Vec::new()),
            values: Vec::new(),
        }
    }

    /// The same without a type tag string.
    pub(crate) fn untagged(mut self) -> Self {
        self.tags = None;
        self.values.clear();
        self
    }

    fn arg(mut self, tag: u8, bytes: &[u8]) -> Self {
        self.tags.get_or_insert_default().push(tag);
        self.values.extend_from_slice(bytes);
        self
    }

    /// Adds an `i`.
    pub(crate) fn int(self, value: i32) -> Self {
        self.arg(b'i', &value.to_be_bytes())
    }

    /// Adds an `f`.
    pub(crate) fn float(self, value: f32) -> Self {
        self.arg(b'f', &value.to_be_bytes())
    }

    /// Adds an `h`.
    pub(crate) fn long(self, value: i64) -> Self {
        self.arg(b'h', &value.to_be_bytes())
    }

    /// Adds a `d`.
    pub(crate) fn double(self, value: f64) -> Self {
        self.arg(b'd', &value.to_be_bytes())
    }

    /// Adds a `t`.
    pub(crate) fn time(self, value: u64) -> Self {
        self.arg(b't', &value.to_be_bytes())
    }

    /// Adds an `s`.
    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds an `s` that need not be UTF-8.
    pub(crate) fn bytes(mut self, text: &[u8]) -> Self {
        self.tags.get_or_insert_default().push(b's');
        put(&mut self.values, text);
        self
    }

    /// Adds an `S`.
    pub(crate) fn symbol(mut self, text: &str) -> Self {
        self.tags.get_or_insert_default().push(b'S');
        put(&mut self.values, text.as_bytes());
        self
    }

    /// Adds a `b`.
    pub(crate) fn blob(mut self, bytes: &[u8]) -> Self {
        self.tags.get_or_insert_default().push(b'b');
        let length = u32::try_from(bytes.len()).expect("blobs are short");
        self.values.extend_from_slice(&length.to_be_bytes());
        self.values.extend_from_slice(bytes);
        self.values.resize(self.values.len().next_multiple_of(4), 0);
        self
    }

    /// Adds tags that have no bytes: `T F N I [ ]`.
    pub(crate) fn bare(self, tags: &[u8]) -> Self {
        tags.iter().fold(self, |all, &tag| all.arg(tag, &[]))
    }

    /// Adds a `c`, `r` or `m`.
    pub(crate) fn word(self, tag: u8, value: u32) -> Self {
        self.arg(tag, &value.to_be_bytes())
    }

    /// Whether it has arguments.
    pub(crate) fn has_arguments(&self) -> bool {
        self.tags.as_ref().is_some_and(|tags| !tags.is_empty())
    }

    /// Adds the arguments of another.
    pub(crate) fn with_arguments_of(mut self, other: &Self) -> Self {
        let tags = other.tags.clone().unwrap_or_default();
        self.tags.get_or_insert_default().extend_from_slice(&tags);
        self.values.extend_from_slice(&other.values);
        self
    }

    /// A message that ends in another: `call`, `as` and their like.
    pub(crate) fn around(self, inner: &Self) -> Self {
        self.bytes(&inner.address).with_arguments_of(inner)
    }

    /// As it goes over the wire.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.values.len() + 64);
        put(&mut out, &self.address);
        if let Some(tags) = &self.tags {
            let mut with_comma = vec![b','];
            with_comma.extend_from_slice(tags);
            put(&mut out, &with_comma);
        }
        out.extend_from_slice(&self.values);
        out
    }
}

/// The time tag of a bundle that acts at once.
pub(crate) const IMMEDIATELY: u64 = 1;

/// A bundle of elements that are encoded already.
pub(crate) fn bundle(tag: u64, elements: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"#bundle\0".to_vec();
    out.extend_from_slice(&tag.to_be_bytes());
    for element in elements {
        let length = u32::try_from(element.len()).expect("elements are short");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(element);
    }
    out
}
