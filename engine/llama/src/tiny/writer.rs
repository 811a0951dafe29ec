//! Writes GGUF: as much of the format as a tiny model needs.

const ALIGNMENT: usize = 32;

/// A GGUF file in the making. Keys and tensors stand in the file in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pairs: Vec<u8>,
    pair_count: u64,
    infos: Vec<u8>,
    tensor_count: u64,
    data: Vec<u8>,
}

impl Writer {
    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.key(key, 7);
        self.pairs.push(u8::from(value));
    }

    pub(super) fn number(&mut self, key: &str, value: u32) {
        self.key(key, 4);
        self.pairs.extend(value.to_le_bytes());
    }

    pub(super) fn real(&mut self, key: &str, value: f32) {
        self.key(key, 6);
        self.pairs.extend(value.to_le_bytes());
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key, 8);
        string(&mut self.pairs, value);
    }

    pub(super) fn texts(&mut self, key: &str, values: &[String]) {
        self.array(key, 8, values.len());
        values.iter().for_each(|value| string(&mut self.pairs, value));
    }

    pub(super) fn integers(&mut self, key: &str, values: &[i32]) {
        self.array(key, 5, values.len());
        self.pairs.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    /// Adds a tensor of F32, its shape given fastest dimension first.
    pub(super) fn tensor(&mut self, name: &str, shape: &[usize], values: impl IntoIterator<Item = f32>) {
        self.data.resize(self.data.len().next_multiple_of(ALIGNMENT), 0);
        self.tensor_count += 1;
        string(&mut self.infos, name);
        self.infos.extend((shape.len() as u32).to_le_bytes());
        self.infos.extend(shape.iter().flat_map(|size| (*size as u64).to_le_bytes()));
        self.infos.extend(0_u32.to_le_bytes());
        self.infos.extend((self.data.len() as u64).to_le_bytes());
        let values = values.into_iter().take(shape.iter().product());
        self.data.extend(values.flat_map(f32::to_le_bytes));
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(self.tensor_count.to_le_bytes());
        bytes.extend(self.pair_count.to_le_bytes());
        bytes.extend(self.pairs);
        bytes.extend(self.infos);
        if self.tensor_count > 0 {
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            bytes.extend(self.data);
        }
        bytes
    }

    fn key(&mut self, key: &str, kind: u32) {
        self.pair_count += 1;
        string(&mut self.pairs, key);
        self.pairs.extend(kind.to_le_bytes());
    }

    fn array(&mut self, key: &str, kind: u32, len: usize) {
        self.key(key, 9);
        self.pairs.extend(kind.to_le_bytes());
        self.pairs.extend((len as u64).to_le_bytes());
    }
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
