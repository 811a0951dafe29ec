//! Adapters at a glance: pairs of the same name in all layers are one kind.

use std::collections::BTreeMap;

use super::product::inner;
use super::{Lora, Pair, PairShape};

/// The pairs that change the same weight of every layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// Their name, with `*` for the layer: `blk.*.attn_q.weight`.
    pub name: String,
    /// The layers, in order; none where the weight is of no layer.
    pub layers: Vec<usize>,
    /// Their shapes, without doubles, in the order of the layers.
    pub shapes: Vec<PairShape>,
    /// How many numbers they have learned.
    pub parameters: usize,
    /// Frobenius norm of the change, `alpha / rank · B A`, of all of them together.
    pub norm: f64,
}

/// How two adapters differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Tensors that only the first changes.
    pub only_first: Vec<String>,
    /// Tensors that only the second changes.
    pub only_second: Vec<String>,
    /// Tensors that both change, in different shapes.
    pub misfits: Vec<String>,
    /// What they change both.
    pub kinds: Vec<KindDifference>,
}

/// How two adapters differ in the weights of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct KindDifference {
    /// As [`Kind::name`].
    pub name: String,
    /// How many tensors it is.
    pub tensors: usize,
    /// Norms of the two changes.
    pub norms: [f64; 2],
    /// Norm of the difference of the two changes, over that of the first; `None` where the first is zero.
    pub relative: Option<f64>,
    /// Cosine of the two changes; `None` where one of them is zero.
    pub cosine: Option<f64>,
}

/// The kinds of an adapter, in the order in which they first occur.
#[must_use]
pub fn kinds(lora: &Lora) -> Vec<Kind> {
    grouped(&lora.pairs, |pair| &pair.tensor).into_iter().map(|(name, members)| kind(lora, name, &members)).collect()
}

fn kind(lora: &Lora, name: String, members: &[(Option<usize>, &Pair)]) -> Kind {
    let mut layers: Vec<usize> = members.iter().filter_map(|(layer, _)| *layer).collect();
    layers.sort_unstable();
    let mut shapes = Vec::new();
    for (_, pair) in members {
        if !shapes.contains(&pair.shape) {
            shapes.push(pair.shape);
        }
    }
    let squared = |pair: &Pair| lora.scale(pair).powi(2) * inner(pair, pair).unwrap_or_default();
    Kind {
        name,
        layers,
        shapes,
        parameters: members.iter().map(|(_, pair)| pair.a.len() + pair.b.len()).sum(),
        norm: members.iter().map(|(_, pair)| squared(pair)).sum::<f64>().max(0.0).sqrt(),
    }
}

/// How the changes of two adapters differ.
#[must_use]
pub fn difference(first: &Lora, second: &Lora) -> Difference {
    let of_second: BTreeMap<&str, &Pair> = second.pairs.iter().map(|pair| (pair.tensor.as_str(), pair)).collect();
    let of_first: BTreeMap<&str, &Pair> = first.pairs.iter().map(|pair| (pair.tensor.as_str(), pair)).collect();
    let only = |lora: &Lora, other: &BTreeMap<&str, &Pair>| -> Vec<String> {
        let alone = lora.pairs.iter().filter(|pair| !other.contains_key(pair.tensor.as_str()));
        alone.map(|pair| pair.tensor.clone()).collect()
    };
    let (mut shared, mut misfits) = (Vec::new(), Vec::new());
    for one in &first.pairs {
        let Some(other) = of_second.get(one.tensor.as_str()) else { continue };
        match products(first, one, second, other) {
            Some(products) => shared.push((one.tensor.clone(), products)),
            None => misfits.push(one.tensor.clone()),
        }
    }
    Difference {
        only_first: only(first, &of_second),
        only_second: only(second, &of_first),
        misfits,
        kinds: grouped(&shared, |(tensor, _)| tensor)
            .into_iter()
            .map(|(name, members)| kind_difference(name, members.iter().map(|(_, (_, products))| *products).collect()))
            .collect(),
    }
}

/// Squared norms of two changes, and their inner product.
type Products = [f64; 3];

fn products(first: &Lora, one: &Pair, second: &Lora, other: &Pair) -> Option<Products> {
    let (scale, other_scale) = (first.scale(one), second.scale(other));
    Some([
        scale * scale * inner(one, one)?,
        other_scale * other_scale * inner(other, other)?,
        scale * other_scale * inner(one, other)?,
    ])
}

fn kind_difference(name: String, members: Vec<Products>) -> KindDifference {
    let sum = |at: usize| members.iter().map(|products| products[at]).sum::<f64>();
    let [one, other, both] = [sum(0), sum(1), sum(2)];
    let distance = (one - 2.0 * both + other).max(0.0);
    KindDifference {
        name,
        tensors: members.len(),
        norms: [one.max(0.0).sqrt(), other.max(0.0).sqrt()],
        relative: (one > 0.0).then(|| (distance / one).sqrt()),
        cosine: (one > 0.0 && other > 0.0).then(|| (both / (one * other).sqrt()).clamp(-1.0, 1.0)),
    }
}

/// Members of a kind, with their layers.
type Members<'a, T> = Vec<(Option<usize>, &'a T)>;

/// What has the same name in all layers, in the order in which it first occurs.
fn grouped<'a, T>(all: &'a [T], tensor: impl Fn(&T) -> &String) -> Vec<(String, Members<'a, T>)> {
    let mut groups: Vec<(String, Members<'a, T>)> = Vec::new();
    for member in all {
        let (name, layer) = name(tensor(member));
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push((layer, member)),
            None => groups.push((name, vec![(layer, member)])),
        }
    }
    groups
}

/// A tensor's name with `*` for the layer, and the layer.
fn name(tensor: &str) -> (String, Option<usize>) {
    let parts = tensor.strip_prefix("blk.").and_then(|rest| rest.split_once('.'));
    match parts.and_then(|(layer, rest)| Some((layer.parse().ok()?, rest))) {
        Some((layer, rest)) => (format!("blk.*.{rest}"), Some(layer)),
        None => (tensor.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair of rank 1 whose product is `size` at one place and zero elsewhere.
    fn pair(tensor: &str, size: f32, at: usize) -> Pair {
        let shape = PairShape { experts: 1, rank: 1, inputs: 2, outputs: 2 };
        let one = |at: usize, size: f32| (0..2).map(|place| if place == at { size } else { 0.0 }).collect();
        Pair { tensor: tensor.to_owned(), shape, a: one(at, 1.0), b: one(0, size) }
    }

    fn lora(alpha: f32, pairs: Vec<Pair>) -> Lora {
        Lora { architecture: "llama".to_owned(), alpha, pairs }
    }

    #[test]
    fn layers_are_one_kind() {
        let wide = Pair {
            shape: PairShape { experts: 1, rank: 2, inputs: 2, outputs: 2 },
            a: vec![0.0; 4],
            b: vec![0.0; 4],
            ..pair("blk.0.ffn_up.weight", 0.0, 0)
        };
        let kinds = kinds(&lora(
            2.0,
            vec![
                pair("blk.10.ffn_up.weight", 3.0, 0),
                pair("output.weight", 1.0, 0),
                pair("blk.2.ffn_up.weight", 4.0, 1),
                wide,
            ],
        ));
        assert_eq!(kinds.len(), 2);
        assert_eq!((kinds[0].name.as_str(), &kinds[0].layers[..]), ("blk.*.ffn_up.weight", &[0, 2, 10][..]));
        assert_eq!((kinds[0].parameters, kinds[0].shapes.len(), kinds[0].norm), (16, 2, 10.0));
        assert_eq!((kinds[1].name.as_str(), kinds[1].layers.len(), kinds[1].norm), ("output.weight", 0, 2.0));
    }

    #[test]
    fn an_adapter_does_not_differ_from_itself() {
        let lora = lora(3.0, vec![pair("blk.0.x", 3.0, 0), pair("blk.1.x", 0.1, 1)]);
        let found = difference(&lora, &lora);
        assert_eq!((found.only_first.len(), found.only_second.len(), found.misfits.len()), (0, 0, 0));
        assert_eq!((found.kinds[0].tensors, found.kinds[0].relative, found.kinds[0].cosine), (2, Some(0.0), Some(1.0)));
    }

    #[test]
    fn changes_are_compared_and_not_their_matrices() {
        let first = lora(1.0, vec![pair("blk.0.x", 3.0, 0), pair("blk.0.y", 2.0, 0), pair("z", 0.0, 0)]);
        let mut other = pair("blk.0.x", -1.5, 0);
        other.a[0] = -1.0;
        let second = lora(2.0, vec![other, pair("blk.0.y", 1.0, 1), pair("z", 1.0, 0)]);
        let kinds = difference(&first, &second).kinds;
        assert_eq!((kinds[0].norms, kinds[0].relative, kinds[0].cosine), ([3.0, 3.0], Some(0.0), Some(1.0)));
        assert_eq!((kinds[1].relative, kinds[1].cosine), (Some(2.0_f64.sqrt()), Some(0.0)));
        assert_eq!((kinds[2].relative, kinds[2].cosine), (None, None));
    }

    #[test]
    fn what_only_one_changes_is_named() {
        let first = lora(1.0, vec![pair("a", 1.0, 0), pair("b", 1.0, 0)]);
        let mut wide = pair("b", 1.0, 0);
        wide.shape.inputs = 4;
        wide.a.extend([0.0; 2]);
        let found = difference(&first, &lora(1.0, vec![wide, pair("c", 1.0, 0)]));
        let [first, second, misfits] =
            [found.only_first, found.only_second, found.misfits].map(|names| names.join(" "));
        assert_eq!((first.as_str(), second.as_str(), misfits.as_str(), found.kinds.len()), ("a", "c", "b", 0));
    }
}
