//! `adapter_config.json`: what PEFT has to know beside the matrices.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// What is read and written of the file; what else it has is about training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdapterConfig {
    /// Kind of adapter; `LORA`.
    pub peft_type: String,
    /// What the model does; `CAUSAL_LM`.
    pub task_type: Option<String>,
    /// The model that it was trained on, as the hub calls it.
    pub base_model_name_or_path: Option<String>,
    /// Whether it is loaded to be used and not to be trained on.
    pub inference_mode: bool,
    /// Inner dimension, but where `rank_pattern` says otherwise.
    pub r: usize,
    /// Numerator of the scale, but where `alpha_pattern` says otherwise.
    #[serde(serialize_with = "whole_if_it_is")]
    pub lora_alpha: f64,
    /// Share of inputs dropped in training.
    #[serde(serialize_with = "whole_if_it_is")]
    pub lora_dropout: f64,
    /// Modules that are changed: names, or their last parts.
    pub target_modules: Value,
    /// Ranks of modules.
    pub rank_pattern: Option<Map<String, Value>>,
    /// Numerators of modules.
    pub alpha_pattern: Option<Map<String, Value>>,
    /// Which biases were trained.
    pub bias: String,
    /// Whether weights are stored transposed.
    pub fan_in_fan_out: bool,
    /// Whether the scale's denominator is the rank's square root (Kalajdzievski 2023).
    pub use_rslora: bool,
    /// How matrices were initialized.
    pub init_lora_weights: Value,
    /// What the file sets and no LoRA in GGUF can hold, in words.
    #[serde(skip)]
    pub unsupported: Vec<String>,
}

/// PEFT's own defaults.
impl Default for AdapterConfig {
    fn default() -> Self {
        Self {
            peft_type: "LORA".to_owned(),
            task_type: Some("CAUSAL_LM".to_owned()),
            base_model_name_or_path: None,
            inference_mode: true,
            r: 8,
            lora_alpha: 8.0,
            lora_dropout: 0.0,
            target_modules: Value::Null,
            rank_pattern: Some(Map::new()),
            alpha_pattern: Some(Map::new()),
            bias: "none".to_owned(),
            fan_in_fan_out: false,
            use_rslora: false,
            init_lora_weights: Value::Bool(true),
            unsupported: Vec::new(),
        }
    }
}

/// Settings by which something else is computed than `W x + scale · B (A x)`.
const OTHERWISE: [&str; 10] = [
    "use_dora",
    "lora_bias",
    "modules_to_save",
    "trainable_token_indices",
    "layer_replication",
    "alora_invocation_tokens",
    "use_qalora",
    "use_bdlora",
    "kasa_config",
    "arrow_config",
];
/// Initializations that change the model's own weights, too.
const CHANGES_THE_MODEL: [&str; 5] = ["pissa", "olora", "corda", "loftq", "lora_ga"];

impl AdapterConfig {
    /// Reads the file.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let all: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let unsupported = unsupported(&all);
        let config: Self = serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())?;
        Ok(Self { unsupported, ..config })
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Everything in it that keeps the adapter from being one of GGUF.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.unsupported.clone();
        if self.peft_type != "LORA" {
            faults.push(format!("`peft_type` is {:?}; only LORA can be imported", self.peft_type));
        }
        if self.bias != "none" {
            faults.push(format!(
                "`bias` is {:?}, and biases have no place in a GGUF adapter; train with \"none\"",
                self.bias
            ));
        }
        if self.fan_in_fan_out {
            faults.push("`fan_in_fan_out` is true, which none of the known architectures needs".to_owned());
        }
        let patterns = self.alpha_pattern.iter().flatten().map(|(name, alpha)| (name.as_str(), alpha.as_f64()));
        for (name, alpha) in [("lora_alpha", Some(self.lora_alpha))].into_iter().chain(patterns) {
            if alpha.is_none_or(|alpha| alpha == 0.0 || !alpha.is_finite()) {
                faults.push(format!("the alpha of `{name}` must be a number other than 0"));
            }
        }
        faults.extend(self.alpha_pattern.iter().flatten().filter(|(pattern, _)| !is_name(pattern)).map(
            |(pattern, _)| {
                format!("`alpha_pattern` has the regular expression {pattern:?}; write the modules' names instead")
            },
        ));
        faults
    }

    /// Numerator of a module's scale over its rank.
    pub(super) fn alpha(&self, module: &str, rank: usize) -> f64 {
        let named = self.alpha_pattern.iter().flatten().find(|(pattern, _)| matches(pattern, module));
        let alpha = named.and_then(|(_, alpha)| alpha.as_f64()).unwrap_or(self.lora_alpha);
        if self.use_rslora { alpha * (rank as f64).sqrt() } else { alpha }
    }
}

/// Whether a pattern is a module's name or its last parts, as PEFT matches them.
fn matches(pattern: &str, module: &str) -> bool {
    let name = pattern.strip_prefix('^');
    let ends = || module.strip_suffix(pattern).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    name.map_or_else(ends, |name| name == module)
}

/// Whether a pattern has nothing that regular expressions have and names have not.
fn is_name(pattern: &str) -> bool {
    let name = pattern.strip_prefix('^').unwrap_or(pattern);
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._".contains(letter))
}

fn unsupported(all: &Map<String, Value>) -> Vec<String> {
    let is_set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(values) => !values.is_empty(),
        Value::Object(values) => !values.is_empty(),
        _ => true,
    };
    let mut faults: Vec<String> = OTHERWISE
        .iter()
        .filter_map(|key| Some((key, all.get(*key).filter(|value| is_set(value))?)))
        .map(|(key, value)| format!("`{key}` is {value}, which has no place in a GGUF adapter; train without it"))
        .collect();
    let start = all.get("init_lora_weights").and_then(Value::as_str).unwrap_or_default();
    if CHANGES_THE_MODEL.iter().any(|name| start.starts_with(name)) {
        faults.push(format!(
            "`init_lora_weights` is {start:?}, by which the model's own weights were changed, too; save the adapter with \
             `path_initial_model_for_weight_conversion`"
        ));
    }
    faults
}

/// Writes 16 rather than 16.0, as PEFT does.
fn whole_if_it_is<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_and_their_ends() {
        assert!(matches("q_proj", "model.layers.0.self_attn.q_proj"));
        assert!(matches("self_attn.q_proj", "model.layers.0.self_attn.q_proj"));
        assert!(matches("^lm_head", "lm_head"));
        assert!(!matches("^q_proj", "model.layers.0.self_attn.q_proj"));
        assert!(!matches("proj", "model.layers.0.self_attn.q_proj"));
    }

    #[test]
    fn what_was_written_is_read() {
        let config = AdapterConfig { lora_alpha: 2.5, r: 4, ..AdapterConfig::default() };
        assert_eq!(AdapterConfig::read(&config.text()).unwrap(), config);
        assert!(AdapterConfig::default().text().contains("\"lora_alpha\": 8,"));
    }
}
