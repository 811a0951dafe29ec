//! The grammar as JSON Schema (2020-12), so that editors complete and check a spec.

use serde_json::{Map, Value, json};

use super::check::Extent;
use super::grammar;
use super::shape::{Bound, Key, Need, Shape, TableShape};
use super::tree::{self, Node};

/// JSON Schema of a spec. One that extends another holds parts of tables, so keys are required only of one that does not.
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(&grammar::SPEC, Extent::Part);
    schema["title"] = json!("xlt spec");
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["if"] = json!({ "not": { "required": ["extends"] } });
    schema["then"] = table(&grammar::SPEC, Extent::Whole);
    schema
}

fn table(shape: &TableShape, extent: Extent) -> Value {
    let properties: Map<_, _> = shape.keys().map(|key| (key.name.to_owned(), property(key, extent))).collect();
    let required = shape.keys().filter(|key| matches!(key.need, Need::Required) && extent == Extent::Whole);
    let required: Vec<_> = required.map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "title": shape.name,
        "description": shape.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let either = shape.keys().filter_map(|key| match key.need {
        Need::Without(other) if extent == Extent::Whole => Some((key.name, other)),
        _ => None,
    });
    let (ones, others): (Vec<_>, Vec<_>) = either.unzip();
    // What a key of another table stands for is not seen here.
    if let Some(other) = others.first().filter(|_| others.iter().all(|other| shape.key(other).is_some())) {
        schema["anyOf"] = json!([{ "required": ones }, { "required": [other] }]);
    }
    schema
}

fn property(key: &Key, extent: Extent) -> Value {
    // Profiles hold parts of tables.
    let extent = if key.name == "profiles" { Extent::Part } else { extent };
    let mut schema = value(&key.shape, extent);
    schema["description"] = json!(key.doc);
    match key.need {
        Need::Default(toml) | Need::DefaultBeside(_, toml) => schema["default"] = default(toml),
        Need::Derived(words) => schema["description"] = json!(format!("{}; left out: {words}", key.doc)),
        Need::Required | Need::Without(_) | Need::Optional => {}
    }
    schema
}

fn value(shape: &Shape, extent: Extent) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Integer { min, max } => json!({ "type": "integer", "minimum": number(*min), "maximum": number(*max) }),
        Shape::Number { above: Bound::None } => json!({ "type": "number" }),
        Shape::Number { above: Bound::AtLeastZero } => json!({ "type": "number", "minimum": 0 }),
        Shape::Number { above: Bound::AboveZero } => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Shape::Number { above: Bound::BelowOne } => json!({ "type": "number", "minimum": 0, "exclusiveMaximum": 1 }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Bytes => json!({ "type": ["integer", "string"] }),
        Shape::List { item, min, max } => {
            let mut schema = json!({ "type": "array", "items": value(item, extent), "minItems": min });
            if *max < usize::MAX {
                schema["maxItems"] = json!(max);
            }
            schema
        }
        Shape::Texts => json!({ "type": ["string", "array"], "items": { "type": "string" } }),
        Shape::Table(shape) => table(shape, extent),
        Shape::Map { names, item, .. } => json!({
            "type": "object",
            "propertyNames": { "pattern": names.pattern() },
            "additionalProperties": value(item, extent),
        }),
    }
}

/// Bounds of the grammar fit 64 bits.
fn number(bound: i128) -> Value {
    i64::try_from(bound).map_or(Value::Null, Value::from)
}

fn default(toml: &str) -> Value {
    let mut texts = super::text::Texts::default();
    let text = texts.add("default", toml);
    let node = tree::parse_value(toml, super::text::Place::new(text, 0..0));
    node.map_or(Value::Null, |node| plain(&node))
}

fn plain(node: &Node) -> Value {
    match &node.value {
        tree::Value::Text(text) => json!(text),
        tree::Value::Integer(integer) => number(*integer),
        tree::Value::Float(float, _) => json!(float),
        tree::Value::Boolean(boolean) => json!(boolean),
        tree::Value::Date | tree::Value::Malformed => Value::Null,
        tree::Value::List(items) => items.iter().map(plain).collect(),
        tree::Value::Table(table) => table.entries.iter().map(|e| (e.key.clone(), plain(&e.node))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_says_what_the_grammar_says() {
        let schema = schema();
        let model = &schema["properties"]["models"]["additionalProperties"];
        assert!(model.get("required").is_none(), "it may be a part");
        let whole = &schema["then"]["properties"]["models"]["additionalProperties"];
        assert_eq!(whole["anyOf"], json!([{ "required": ["file"] }, { "required": ["answers"] }]));
        let data = &schema["then"]["properties"]["data"]["additionalProperties"];
        assert_eq!(data["required"], json!(["file"]));
        assert_eq!(data["anyOf"], json!([{ "required": ["key", "fields"] }, { "required": ["task"] }]));
        assert!(data["properties"]["fields"].get("anyOf").is_none(), "a task may have filled it");
        assert_eq!(model["additionalProperties"], json!(false));
        assert_eq!(model["properties"]["chat"]["enum"], json!(["model", "none"]));
        assert_eq!(model["properties"]["requantize"]["default"], json!(false));
        let labels = &schema["properties"]["prompt"]["properties"]["labels"];
        assert_eq!((&labels["minItems"], &labels["maxItems"]), (&json!(2), &json!(10)));
        let adapter = &schema["then"]["properties"]["adapters"]["additionalProperties"]["properties"];
        let dropout = &adapter["lora"]["properties"]["dropout"];
        assert_eq!((&dropout["minimum"], &dropout["exclusiveMaximum"]), (&json!(0), &json!(1)));
        assert_eq!(adapter["train_on"]["anyOf"], json!([{ "required": ["mode"] }, { "required": ["text"] }]));
        let unit = &schema["properties"]["evaluate"]["properties"]["unit"];
        assert_eq!(unit["default"], json!(512));
    }

    #[test]
    fn a_profile_holds_parts() {
        let schema = schema();
        let profile = &schema["then"]["properties"]["profiles"]["additionalProperties"];
        assert!(profile["properties"]["models"]["additionalProperties"].get("required").is_none());
        assert!(profile["properties"]["only"]["properties"]["languages"].is_object());
    }
}
