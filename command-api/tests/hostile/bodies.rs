//! Hostile bodies, made of a good one by one fault at a time.

use serde_json::{Value, json};

use crate::schema::{Place, Schemas, kind};

pub struct Hostile {
    pub what: String,
    pub body: Vec<u8>,
    pub expected: Expected,
}

/// What the door is to answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// 400, and the pointer names this place.
    At(String),
    /// 400 or 422, and there is a pointer, to this place or further in.
    Within(String),
    /// 400: what is wrong is no place.
    Malformed,
    /// 413.
    TooLarge,
    /// The schema allows it, so it must not be refused as malformed. Not counted as hostile.
    WellFormed,
}
use Expected::{At, Malformed, WellFormed, Within};

/// Texts that somebody might send for any text. Whether a place allows one is for its schema to say.
const TEXTS: &[&str] = &[
    "",
    " ",
    "\t",
    "\n",
    " a",
    "a ",
    "a\n",
    "\0",
    "a\0b",
    "a\u{1}b",
    "a\u{7f}",
    "a\u{85}",
    "\u{feff}a",
    "\u{202e}txt.exe",
    "\u{2066}a\u{2069}",
    "\u{200b}",
    "e\u{301}\u{301}\u{301}\u{301}",
    "\u{ffff}",
    "\u{10ffff}",
    "../../etc/passwd",
    "..",
    "/etc/passwd",
    "..\\..\\boot.ini",
    "%2e%2e%2f",
    "file:///etc/passwd",
    "assets:../..",
    ":",
    "::",
    "a::b",
    ":a",
    "a:",
    "assets:bank\u{0}",
    "assets: bank",
    "assets:bank ",
    "'; DROP TABLE log; --",
    "<script>alert(1)</script>",
    "${jndi:ldap://a/b}",
    "{{7*7}}",
    "$(reboot)",
    "a|b`c`",
    "null",
    "true",
    "NaN",
    "Infinity",
    "-Infinity",
    "undefined",
    "__proto__",
    "[object Object]",
    "0",
    "-0",
    "00",
    "01",
    "+1",
    "-1",
    "1.",
    ".5",
    "1.2.3",
    "1,5",
    "1_000",
    "1 000",
    "0x10",
    "1e3",
    "1E400",
    "1e-3",
    "1.0000000000000000000",
    "0.1234567890123456789",
    "99999999999999999999999999999",
    "9999999999999999999999999999",
    "79228162514264337593543950336",
    "79228162514264337593543950335.1",
    "-99999999999999999999.1",
    "١٢",
    "１２",
    "½",
    "EUR",
    "eur",
    "€",
    "EURO-EURO-EURO-EURO",
    "9UR",
    "household",
    "Household",
    "-household",
    "house hold",
    "1:17",
    "1:",
    ":17",
    "-1:1",
    "1:-1",
    "1:1:1",
    "99999:1",
    "1:999999999999999",
    "1:1e3",
    "a:b",
    "2026-11-23",
    "2026-02-30",
    "2026-13-01",
    "2026-00-10",
    "0000-01-01",
    "1000000-01-01",
    "+1000000-01-01",
    "-0001-01-01",
    "2026-11-23T10:00:00",
    "2026-11-23T24:00:00Z",
    "2026-11-23T10:60:00Z",
    "2026-11-23T10:00:60Z",
    "2026-11-23T10:00:00+99:99",
    "2026-11-23 10:00:00Z",
    "2026-11-23T10:00:00.1234567Z",
    "20261123",
    "now",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "1e400",
    "debit",
    "DEBIT",
    "visible",
    "asset",
];

/// Bytes between quotes that are no text.
const NO_TEXTS: &[(&str, &[u8])] = &[
    ("half a surrogate pair", br#""\ud800""#),
    ("a surrogate pair the wrong way round", br#""\udc00\ud800""#),
    ("half a pair before a letter", br#""\ud800a""#),
    ("an escape that is none", br#""\x41""#),
    ("half an escape", br#""\u12""#),
    ("a raw control character", b"\"a\x01b\""),
    ("a raw NUL", b"\"a\0b\""),
    ("a raw line end", b"\"a\nb\""),
    ("a byte that is no UTF-8", b"\"caf\xe9\""),
    ("an overlong slash", b"\"\xc0\xaf\""),
    ("a surrogate in UTF-8", b"\"\xed\xa0\x80\""),
    ("a character beyond the last", b"\"\xf4\x90\x80\x80\""),
    ("half a character", b"\"\xf0\x9f\x98\""),
];

/// Words that are no JSON.
const NO_VALUES: &[&str] = &[
    "NaN",
    "Infinity",
    "-Infinity",
    "undefined",
    "nul",
    "True",
    "'a'",
    "01",
    "+1",
    ".5",
    "1.",
    "0x10",
    "1e",
    "-",
    "--1",
    "1_000",
    "/* */ 1",
    "",
    ",",
];

/// Values of every type, and numbers that no type of ours holds.
const VALUES: &[(&str, &str)] = &[
    ("null", "null"),
    ("a boolean", "true"),
    ("a number", "5"),
    ("a fraction", "12.34"),
    ("a negative number", "-1"),
    ("a number beyond doubles", "1e400"),
    ("an exponent", "1e3"),
    ("a number of 40 digits", "1234567890123456789012345678901234567890"),
    ("a text", "\"text\""),
    ("an array", "[]"),
    ("an array of arrays", "[[[]]]"),
    ("an object", "{}"),
    ("an object with a strange name", "{\"__proto__\":{\"polluted\":true}}"),
];

/// Takes the place of a value, until the bytes that are to stand there are known.
const MARK: &str = "@@here@@";

/// One fault in each place, for all places.
pub fn faults(schemas: &Schemas, example: &Value, places: &[Place]) -> Vec<Hostile> {
    let mut all = Vec::new();
    for place in places {
        let mut add = |what: &str, body: Vec<u8>, expected| {
            let what = format!("{what} at {:?}", place.pointer);
            all.push(Hostile { what, body, expected });
        };
        let instead = |bytes: &[u8]| replaced(example, &place.pointer, bytes);
        let here = || At(place.pointer.clone());

        for (what, value) in VALUES {
            if let Some(expected) = of_wrong_type(place, value) {
                add(what, instead(value.as_bytes()), expected);
            }
        }
        for word in NO_VALUES {
            let expected = match *word {
                // Nothing is a fault only after a name.
                "" | "," if !place.is_field => continue,
                "" | "," => Malformed,
                // The fault is behind a number that could have stood there.
                "0x10" | "1_000" if kind(&place.schema) == "integer" => {
                    Within(parent(&place.pointer).to_owned())
                }
                _ => here(),
            };
            add(&format!("the word {word:?}"), instead(word.as_bytes()), expected);
        }
        add("deep arrays", instead(&b"[".repeat(100_000)), Within(place.pointer.clone()));
        add("deep objects", instead(&b"{\"a\":".repeat(40_000)), Within(place.pointer.clone()));
        if kind(&place.schema) == "string" {
            texts(schemas, place, &mut |what, bytes, expected| add(what, instead(bytes), expected));
        }
        if kind(&place.schema) == "object" {
            names(example, place, &mut add);
        }
        if let (Some(max), Some(item)) =
            (place.schema["maxItems"].as_u64(), example.pointer(&format!("{}/0", place.pointer)))
        {
            let items = Value::Array(vec![item.clone(); max as usize + 1]).to_string();
            add("too many items", instead(items.as_bytes()), Within(place.pointer.clone()));
        }
        if place.is_field {
            let value = example.pointer(&place.pointer).expect("a place of the example").to_string();
            let name = place.pointer.rsplit('/').next().expect("a field has a name");
            add("a field said twice", instead(format!("{value},\"{name}\":{value}").as_bytes()), here());
            add("a name in capitals", renamed(example, &place.pointer, &name.to_uppercase()), {
                Within(parent(&place.pointer).to_owned())
            });
        }
        if place.is_required {
            add("a field left out", without(example, &place.pointer), here());
        }
    }
    all
}

/// `None`: the type may be right.
fn of_wrong_type(place: &Place, value: &str) -> Option<Expected> {
    let first = value.as_bytes()[0];
    let is_right = match kind(&place.schema) {
        "object" => first == b'{',
        "array" => first == b'[',
        "string" => first == b'"',
        // To JSON Schema, 1e3 is a whole number.
        "integer" => matches!(value, "5"),
        other => panic!("{other} is new here"),
    };
    (!is_right).then(|| At(place.pointer.clone()))
}

fn texts(schemas: &Schemas, place: &Place, add: &mut impl FnMut(&str, &[u8], Expected)) {
    let long = ["x".repeat(256), "ä".repeat(600), "\u{1f4b6}".repeat(5_000), "a:".repeat(100_000)];
    for text in TEXTS.iter().copied().chain(long.iter().map(String::as_str)) {
        let expected = if schemas.allows(&place.schema, text) && !is_no_day(place, text) {
            WellFormed
        } else {
            At(place.pointer.clone())
        };
        add(&format!("the text {text:.30?}"), json!(text).to_string().as_bytes(), expected);
    }
    for (what, bytes) in NO_TEXTS {
        add(what, bytes, At(place.pointer.clone()));
    }
}

/// A date has the form that its pattern says, and must besides be in the calendar, and in our era.
fn is_no_day(place: &Place, text: &str) -> bool {
    const NO_DAYS: &[&str] = &[
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "0000-01-01",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:60:00Z",
        "2026-11-23T10:00:60Z",
        "2026-11-23T10:00:00+99:99",
        "9999-12-31T23:59:59-23:59",
    ];
    let is_of_time = place.schema.get("anyOf").is_some() || place.schema["format"] == "date";
    is_of_time && NO_DAYS.contains(&text)
}

/// Names that an object does not have.
fn names(example: &Value, place: &Place, add: &mut impl FnMut(&str, Vec<u8>, Expected)) {
    let is_closed = place.schema["additionalProperties"] == false;
    let object =
        example.pointer(&place.pointer).expect("a place of the example").as_object().expect("an object");
    for name in ["unknown", "__proto__", "constructor", "", "a/b~c", "\u{202e}di", "amount\0", "$ref"] {
        let mut more = object.clone();
        more.insert(name.to_owned(), json!("1"));
        let body = replaced(example, &place.pointer, Value::Object(more).to_string().as_bytes());
        if is_closed {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            add(&format!("the name {name:?}"), body, At(format!("{}/{escaped}", place.pointer)));
        } else if name.is_empty() || name.contains('\0') {
            add(&format!("the name {name:?}"), body, Within(place.pointer.clone()));
        } else {
            add(&format!("the name {name:?}"), body, WellFormed);
        }
    }
    if !is_closed {
        let many = (0..=place.schema["maxProperties"].as_u64().expect("a maximum"))
            .map(|number| (number.to_string(), json!("1")))
            .collect();
        let body = replaced(example, &place.pointer, Value::Object(many).to_string().as_bytes());
        add("too many names", body, Within(place.pointer.clone()));
        let long = json!({ "n".repeat(101): "1" }).to_string();
        add(
            "a name too long",
            replaced(example, &place.pointer, long.as_bytes()),
            Within(place.pointer.clone()),
        );
    }
    for (what, bytes) in NO_TEXTS {
        let body = [&b"{"[..], bytes, b":1}"].concat();
        add(
            &format!("{what} as a name"),
            replaced(example, &place.pointer, &body),
            Within(place.pointer.clone()),
        );
    }
}

/// Faults of the body as a whole.
pub fn wholes(example: &Value, are_lines: bool) -> Vec<Hostile> {
    let good = example.to_string();
    let mut all = Vec::new();
    let mut add = |what: &str, body: Vec<u8>, expected| {
        all.push(Hostile { what: what.to_owned(), body, expected });
    };
    // Of lines there may be none.
    if !are_lines {
        for blank in ["", " ", "\n", "\r\n\t "] {
            add(&format!("the blank {blank:?}"), blank.into(), Malformed);
        }
    }
    for cut in 1..24 {
        let end = (good.len() * cut / 24).max(1);
        add(&format!("the first {end} bytes"), good.as_bytes()[..end].to_vec(), Within(String::new()));
    }
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wholes: [(&str, Vec<u8>); 16] = [
        ("a mark of the byte order", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("UTF-16", utf16.clone()),
        ("UTF-16 with its mark", [&b"\xff\xfe"[..], &utf16].concat()),
        ("two values", format!("{good} {good}").into()),
        ("a value and a brace", format!("{good}}}").into()),
        ("a comma behind it", format!("{good},").into()),
        ("a comment before it", format!("/* */{good}").into()),
        ("a comment behind it", format!("{good}// done").into()),
        ("NUL behind it", format!("{good}\0").into()),
        ("NUL before it", format!("\0{good}").into()),
        ("an array around it", format!("[{good}]").into()),
        ("an object around it", format!("{{\"body\":{good}}}").into()),
        ("a text around it", json!(good).to_string().into()),
        (
            "another language",
            b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"
                .to_vec(),
        ),
        ("a form", b"entries=1&amount=2".to_vec()),
        ("bytes of no language", (0..=255).collect()),
    ];
    for (what, body) in wholes {
        add(what, body, Malformed);
    }
    all
}

/// The example with other bytes in one place.
pub fn replaced(example: &Value, pointer: &str, bytes: &[u8]) -> Vec<u8> {
    let mut marked = example.clone();
    *marked.pointer_mut(pointer).expect("a place of the example") = json!(MARK);
    let text = marked.to_string();
    let (before, after) = text.split_once(&format!("\"{MARK}\"")).expect("the mark is there");
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}

fn without(example: &Value, pointer: &str) -> Vec<u8> {
    renaming(example, pointer, None)
}

fn renamed(example: &Value, pointer: &str, name: &str) -> Vec<u8> {
    renaming(example, pointer, Some(name))
}

fn renaming(example: &Value, pointer: &str, to: Option<&str>) -> Vec<u8> {
    let mut changed = example.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a field is in something");
    let object = changed.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    let value = object.remove(name).expect("a field of the example");
    if let Some(to) = to {
        object.insert(to.to_owned(), value);
    }
    changed.to_string().into()
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}
