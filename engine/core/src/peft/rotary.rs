//! The order of rows in queries and keys of `llama`.
//!
//! Rotary position embeddings turn pairs of a head's numbers. transformers pairs number `i` with number `i + half`; llama.cpp's
//! `llama` pairs neighbours, as Meta's code did. So the converter reorders the rows of both weights (`permute` in
//! llama.cpp's conversion/llama.py), and with them go the rows of `B`. `A` is not touched.

/// Which row of transformers' matrix is row `row` of the GGUF's, with `rows` in all.
fn source(row: usize, head: usize) -> usize {
    let (start, within) = (row / head * head, row % head);
    start + (within % 2) * (head / 2) + within / 2
}

/// Rows of `width` numbers in the GGUF's order.
pub(super) fn to_gguf(values: &[f32], width: usize, heads: usize) -> Option<Vec<f32>> {
    let head = head_rows(values.len(), width, heads)?;
    let rows = values.len() / width;
    Some(
        (0..rows)
            .map(|row| source(row, head))
            .flat_map(|from| &values[from * width..(from + 1) * width])
            .copied()
            .collect(),
    )
}

/// Rows of `width` numbers in transformers' order.
pub(super) fn from_gguf(values: &[f32], width: usize, heads: usize) -> Option<Vec<f32>> {
    let head = head_rows(values.len(), width, heads)?;
    let mut result = vec![0.0; values.len()];
    for (row, values) in values.chunks_exact(width).enumerate() {
        let to = source(row, head);
        result[to * width..(to + 1) * width].copy_from_slice(values);
    }
    Some(result)
}

/// Rows of a head; `None` where they are not whole pairs.
fn head_rows(values: usize, width: usize, heads: usize) -> Option<usize> {
    let rows = values.checked_div(width)?;
    let head = rows.checked_div(heads)?;
    (head * heads == rows && head.is_multiple_of(2) && head > 0).then_some(head)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]
mod tests {
    use super::*;

    #[test]
    fn rows_go_where_the_converter_puts_them() {
        // numpy: arange(12).reshape(2, 2, 3, 1).swapaxes(1, 2).reshape(12)
        let rows: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let there = to_gguf(&rows, 1, 2).unwrap();
        assert_eq!(there, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0, 6.0, 9.0, 7.0, 10.0, 8.0, 11.0]);
        assert_eq!(from_gguf(&there, 1, 2).unwrap(), rows);
    }

    #[test]
    fn whole_rows_move() {
        let rows = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5];
        assert_eq!(to_gguf(&rows, 2, 1).unwrap(), [0.0, 0.5, 2.0, 2.5, 1.0, 1.5, 3.0, 3.5]);
        assert_eq!(to_gguf(&rows, 2, 4), None, "a head of one row has no pairs");
        assert_eq!(from_gguf(&rows, 2, 3), None);
    }
}
