//! Reads the document's schemas: an example of each body, the places in it, and which texts a place may hold.

use std::{cell::RefCell, collections::HashMap};

use regex::Regex;
use serde_json::{Map, Value, json};

pub struct Schemas {
    document: Value,
    patterns: RefCell<HashMap<String, Regex>>,
}

/// A value somewhere in an example.
pub struct Place {
    /// From the example's root.
    pub pointer: String,
    pub schema: Value,
    /// Whether the object around it needs it.
    pub is_required: bool,
    /// Whether an object is around it, under a name of the schema's.
    pub is_field: bool,
}

impl Schemas {
    pub fn new(document: Value) -> Self {
        Self { document, patterns: RefCell::default() }
    }

    /// Follows references; of several forms, the first.
    pub fn resolved(&self, schema: &Value) -> Value {
        if let Some(pointer) = schema["$ref"].as_str() {
            let target = self.document.pointer(pointer.trim_start_matches('#'));
            return self.resolved(target.unwrap_or_else(|| panic!("{pointer} is in the document")));
        }
        match schema["allOf"].get(0) {
            Some(first) => self.resolved(first),
            None => schema.clone(),
        }
    }

    /// A value that the schema allows, with everything in it that may be there.
    pub fn example(&self, schema: &Value) -> Value {
        self.nth_example(schema, 0)
    }

    fn nth_example(&self, schema: &Value, nth: usize) -> Value {
        let schema = self.resolved(schema);
        if let Some(form) = schema["anyOf"].get(0) {
            return self.nth_example(form, nth);
        }
        // An example of an object shows a few of its fields, and here all are wanted.
        if let Some(example) = schema.get("example").filter(|_| schema.get("properties").is_none()) {
            return example.clone();
        }
        if let Some(choices) = schema["enum"].as_array() {
            // So that one entry is a debit and the next a credit.
            return choices[nth % choices.len()].clone();
        }
        match schema["type"].as_str() {
            Some("object") => {
                let fields = schema["properties"].as_object().into_iter().flatten();
                let fields = fields.map(|(name, field)| (name.clone(), self.nth_example(field, nth)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            Some("array") => {
                let items = schema["minItems"].as_u64().unwrap_or(0).max(1) as usize;
                (0..items).map(|nth| self.nth_example(&schema["items"], nth)).collect()
            }
            Some("string") => json!("text"),
            Some("integer") => json!(2),
            Some("boolean") => json!(true),
            other => panic!("no example for the type {other:?} of {schema}"),
        }
    }

    /// Every value in the example, from the outside to the inside.
    pub fn places(&self, schema: &Value, example: &Value) -> Vec<Place> {
        let mut places = Vec::new();
        let root = Place {
            pointer: String::new(),
            schema: self.resolved(schema),
            is_required: false,
            is_field: false,
        };
        self.collect(root, example, &mut places);
        places
    }

    fn collect(&self, place: Place, example: &Value, places: &mut Vec<Place>) {
        let (pointer, schema) = (place.pointer.clone(), place.schema.clone());
        places.push(place);
        match example {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let (field, is_field) = match schema["properties"].get(name) {
                        Some(field) => (field, true),
                        None => (&schema["additionalProperties"], false),
                    };
                    let required = schema["required"].as_array().into_iter().flatten();
                    let inner = Place {
                        pointer: format!("{pointer}/{name}"),
                        schema: self.resolved(field),
                        is_required: required.into_iter().any(|required| required == name),
                        is_field,
                    };
                    self.collect(inner, value, places);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let inner = Place {
                        pointer: format!("{pointer}/{index}"),
                        schema: self.resolved(&schema["items"]),
                        is_required: false,
                        is_field: false,
                    };
                    self.collect(inner, item, places);
                }
            }
            _ => {}
        }
    }

    /// Whether the schema of a text allows this one.
    pub fn allows(&self, schema: &Value, text: &str) -> bool {
        if let Some(forms) = schema["anyOf"].as_array() {
            return forms.iter().any(|form| self.allows(form, text));
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choices.iter().any(|choice| choice == text);
        }
        let length = text.chars().count() as u64;
        let fits = schema["minLength"].as_u64().is_none_or(|min| length >= min)
            && schema["maxLength"].as_u64().is_none_or(|max| length <= max);
        fits && schema["pattern"].as_str().is_none_or(|pattern| self.matches(pattern, text))
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        let compiled = patterns.entry(pattern.to_owned()).or_insert_with(|| {
            // The crate cannot look ahead; which days there are, the texts know besides.
            Regex::new(&pattern.replace("(?!0000)", "")).unwrap_or_else(|error| panic!("{pattern}: {error}"))
        });
        compiled.is_match(text)
    }
}

pub fn kind(schema: &Value) -> &str {
    if schema.get("anyOf").is_some() || schema.get("enum").is_some() {
        return "string";
    }
    schema["type"].as_str().expect("a schema has a type")
}
