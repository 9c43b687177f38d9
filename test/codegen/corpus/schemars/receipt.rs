use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Line {
    name: String,
    #[schemars(range(min = 0.01))]
    amount: f64,
}

#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
enum Language {
    #[default]
    En,
    De,
}

/// Send a receipt.
#[derive(Deserialize, JsonSchema)]
pub struct Receipt {
    #[schemars(email)]
    to: String,
    lines: Vec<Line>,
    note: Option<String>,
    #[serde(default)]
    language: Language,
}
