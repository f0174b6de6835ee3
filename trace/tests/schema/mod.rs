//! Whether something is as `schema.json` demands: by as much of JSON Schema as that file is written in.

use reveille_trace::SCHEMA;
use serde_json::{Map, Value};

/// Panics at what is no trace; with the first event that is none, if there is one.
#[track_caller]
pub(crate) fn demand(value: &Value) {
    let schema = Schema::of_traces();
    let event = &schema.0["$defs"]["event"];
    for (number, found) in value["events"].as_array().into_iter().flatten().enumerate() {
        assert!(schema.allows(event, found), "event {number} is none: {found}");
    }
    let mut rest = value.clone();
    rest["events"] = Value::Array(Vec::new());
    assert!(
        value["events"].is_array() && is_trace(&rest),
        "around its events this is no trace"
    );
}

pub(crate) fn is_trace(value: &Value) -> bool {
    let schema = Schema::of_traces();
    schema.allows(&schema.0, value)
}

struct Schema(Value);

impl Schema {
    fn of_traces() -> Self {
        Self(serde_json::from_str(SCHEMA).expect("it is JSON"))
    }

    /// Whether the part `rules` of this schema allows that value.
    fn allows(&self, rules: &Value, value: &Value) -> bool {
        let rules = rules.as_object().expect("a schema is an object");
        rules.iter().all(|(keyword, rule)| match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "description" => true,
            "$ref" => self.allows(self.definition(rule), value),
            "oneOf" => elements(rule).filter(|rules| self.allows(rules, value)).count() == 1,
            "type" => is_of_type(value, rule),
            "const" => value == rule,
            "enum" => elements(rule).any(|one| one == value),
            "pattern" => value.as_str().is_none_or(|text| matches(text, rule)),
            // These two are asked of whole numbers only.
            "minimum" => value.as_u64() >= rule.as_u64(),
            "maximum" => value.as_u64() <= rule.as_u64(),
            "items" => elements(value).all(|element| self.allows(rule, element)),
            "required" => elements(rule).all(|name| value.get(name.as_str().expect("a name")).is_some()),
            "properties" => members(rule).iter().all(|(name, rules)| {
                let member = value.get(name);
                member.is_none_or(|member| self.allows(rules, member))
            }),
            "additionalProperties" => {
                assert_eq!(*rule, false, "nothing else is written there");
                let known = &rules["properties"];
                members(value).keys().all(|name| known.get(name).is_some())
            }
            other => panic!("the schema has a new keyword: {other}"),
        })
    }

    fn definition(&self, reference: &Value) -> &Value {
        let name = reference.as_str().and_then(|path| path.strip_prefix("#/$defs/"));
        &self.0["$defs"][name.expect("all definitions are in one place")]
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => panic!("the schema has a new type: {name}"),
    }
}

/// There are two patterns in all, which need no library.
fn matches(text: &str, pattern: &Value) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match pattern.as_str() {
        Some("^[0-9]+$") => is_number(text),
        Some("^(global|local:[0-9]+|lifo:[0-9]+)$") => match text.split_once(':') {
            Some((queue, number)) => ["local", "lifo"].contains(&queue) && is_number(number),
            None => text == "global",
        },
        _ => panic!("the schema has a new pattern: {pattern}"),
    }
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("it has members")
}
