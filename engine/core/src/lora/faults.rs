//! What is wrong with an adapter, before anybody computes with it.

use std::collections::BTreeSet;

use super::{Lora, Pair, PairShape};

impl Lora {
    /// Everything that keeps it from being used, in words; nothing if it is sound.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.alpha.is_finite() || self.alpha == 0.0 {
            faults.push(format!("its alpha is {}, which must be a number other than 0", self.alpha));
        }
        if self.pairs.is_empty() {
            faults.push("it changes no tensor".to_owned());
        }
        let mut seen = BTreeSet::new();
        for pair in &self.pairs {
            if !seen.insert(&pair.tensor) {
                faults.push(format!("`{}` has two pairs", pair.tensor));
            }
            faults.extend(pair.fault().map(|fault| format!("`{}` {fault}", pair.tensor)));
        }
        faults
    }
}

impl Pair {
    /// The first thing that is wrong with it.
    fn fault(&self) -> Option<String> {
        let PairShape { experts, rank, inputs, outputs } = self.shape;
        for (name, values, sizes) in [("A", &self.a, [experts, rank, inputs]), ("B", &self.b, [experts, outputs, rank])]
        {
            let expected = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
            if expected != Some(values.len()) || values.is_empty() {
                return Some(format!("has {} values in {name}, whose shape is {sizes:?}", values.len()));
            }
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Some(format!("has {} in {name}, at value {at}", values[at]));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Lora {
        let shape = PairShape { experts: 1, rank: 1, inputs: 2, outputs: 3 };
        let pair = Pair { tensor: "output.weight".to_owned(), shape, a: vec![1.0; 2], b: vec![1.0; 3] };
        Lora { architecture: "llama".to_owned(), alpha: 1.0, pairs: vec![pair] }
    }

    fn faults(change: impl FnOnce(&mut Lora)) -> String {
        let mut lora = sound();
        change(&mut lora);
        lora.faults().join("; ")
    }

    #[test]
    fn a_sound_adapter_has_none() {
        assert_eq!(sound().faults(), [""; 0]);
    }

    #[test]
    fn every_fault_is_named() {
        let says = |faults: String, what: &str| assert!(faults.contains(what), "{faults}");
        says(faults(|lora| lora.alpha = 0.0), "its alpha is 0, which must be");
        says(faults(|lora| lora.alpha = f32::NAN), "its alpha is NaN");
        says(faults(|lora| lora.pairs.clear()), "it changes no tensor");
        says(faults(|lora| lora.pairs.push(lora.pairs[0].clone())), "`output.weight` has two pairs");
        says(faults(|lora| lora.pairs[0].a[1] = f32::NAN), "`output.weight` has NaN in A, at value 1");
        says(faults(|lora| lora.pairs[0].b[2] = f32::INFINITY), "`output.weight` has inf in B, at value 2");
        says(faults(|lora| lora.pairs[0].b.truncate(2)), "has 2 values in B, whose shape is [1, 3, 1]");
        let nothing = |lora: &mut Lora| {
            let shape = PairShape { experts: 1, rank: 0, inputs: 2, outputs: 3 };
            lora.pairs[0] = Pair { shape, a: Vec::new(), b: Vec::new(), ..lora.pairs[0].clone() };
        };
        says(faults(nothing), "has 0 values in A, whose shape is [1, 0, 2]");
        let both = |lora: &mut Lora| {
            lora.alpha = 0.0;
            lora.pairs[0].a[0] = f32::NAN;
        };
        assert_eq!(faults(both).matches("; ").count(), 1);
    }
}
