//! Models that use what schemars' users use. `cargo run -- FOLDER` prints one schema each.
#![allow(dead_code)]

mod receipt;

use receipt::Receipt;
use schemars::{generate::SchemaSettings, schema_for, JsonSchema};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Where somebody lives.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Address {
    street: String,
    city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Integers {
    a: i8,
    b: u8,
    c: i16,
    d: u16,
    e: i32,
    f: u32,
    g: i64,
    h: u64,
    i: i128,
    j: u128,
    k: usize,
    m: NonZeroU32,
    n: Option<NonZeroU64>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Scalars {
    text: String,
    single: f32,
    double: f64,
    flag: bool,
    unit: (),
    anything: serde_json::Value,
    map: serde_json::Map<String, serde_json::Value>,
    path: PathBuf,
    optional: Option<bool>,
    nested: Option<Option<String>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct StandardTypes {
    ip: IpAddr,
    v4: Ipv4Addr,
    v6: Ipv6Addr,
    socket: SocketAddr,
    took: Duration,
    at: SystemTime,
    bound: std::ops::Bound<i32>,
    result: Result<String, u8>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct OtherCrates {
    at: chrono::DateTime<chrono::Utc>,
    naive: chrono::NaiveDateTime,
    day: chrono::NaiveDate,
    clock: chrono::NaiveTime,
    id: uuid::Uuid,
    url: url::Url,
    version: semver::Version,
    either: either::Either<u8, String>,
    ordered: indexmap::IndexMap<String, u8>,
}

/// How it went.
#[derive(Serialize, Deserialize, JsonSchema)]
enum Status {
    /// Not yet.
    Pending,
    /// It is over.
    Done,
    Failed,
}

#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
enum Plain {
    #[default]
    FirstOne,
    SecondOne,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    Newtype(u32),
    Tuple(u8, String),
    /// With fields.
    Struct {
        a: String,
        b: Option<u8>,
    },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Internal {
    Unit,
    /// With fields.
    Struct {
        first_name: String,
        #[serde(default)]
        age: u8,
    },
    Newtype(Address),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(u32),
    Tuple(u8, String),
    Struct { a: String },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Text(String),
    Number(f64),
    Address(Address),
    List(Vec<String>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Enums {
    status: Status,
    plain: Plain,
    external: External,
    internal: Internal,
    adjacent: Adjacent,
    untagged: Untagged,
    maybe: Option<Status>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct OptionalNested {
    address: Option<Address>,
    boxed: Option<Box<Address>>,
    required: Address,
    list: Option<Vec<Address>>,
}

fn three() -> u8 {
    3
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Inner {
    depth: u32,
    name: String,
    ratio: f32,
    kind: Plain,
}

impl Default for Inner {
    fn default() -> Self {
        Inner { depth: 3, name: "inner".into(), ratio: 0.1, kind: Plain::SecondOne }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Defaults {
    #[serde(default)]
    text: String,
    #[serde(default = "three")]
    count: u8,
    #[serde(default)]
    list: Vec<u8>,
    #[serde(default)]
    maybe: Option<Address>,
    #[serde(default)]
    plain: Plain,
    #[serde(default)]
    inner: Inner,
    #[serde(default)]
    map: BTreeMap<String, u8>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Collections {
    list: Vec<String>,
    queue: VecDeque<u8>,
    set: HashSet<String>,
    map: HashMap<String, Address>,
    by_number: BTreeMap<u32, String>,
    by_enum: HashMap<Letter, u8>,
    array: [u8; 4],
    long: [f64; 20],
    nested: Vec<Vec<Option<u8>>>,
}

#[derive(Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash)]
enum Letter {
    A,
    B,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Pair(u8, String);
#[derive(Serialize, Deserialize, JsonSchema)]
struct Newtype(String);
#[derive(Serialize, Deserialize, JsonSchema)]
struct UnitStruct;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tuples {
    pair: (u8, String),
    triple: (u8, Option<String>, bool),
    named: Pair,
    newtype: Newtype,
    unit: UnitStruct,
    list: Vec<(f64, f64)>,
}

/// A node of a tree.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    value: i64,
    left: Option<Box<Tree>>,
    children: Vec<Tree>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Folder {
    name: String,
    files: BTreeMap<String, File>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct File {
    size: u64,
    parent: Option<Box<Folder>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Flattened {
    id: u32,
    #[serde(flatten)]
    address: Address,
    #[serde(flatten)]
    rest: HashMap<String, serde_json::Value>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct FlattenedEnum {
    id: u32,
    #[serde(flatten)]
    event: Internal,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Closed {
    first_name: String,
    #[serde(rename = "class", alias = "klass")]
    kind: Option<String>,
    #[serde(skip)]
    hidden: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Limits {
    #[schemars(length(min = 1, max = 10))]
    short: String,
    #[schemars(regex(pattern = r"^\d{3}$"))]
    pattern: String,
    #[schemars(range(min = 1, max = 100))]
    percent: u8,
    #[schemars(email)]
    email: String,
    #[schemars(length(min = 1), inner(length(min = 2)))]
    names: Vec<String>,
    #[schemars(extend("x-widget" = "slider"))]
    extended: u8,
    /// A title
    ///
    /// And a description, with */ in it.
    #[schemars(title = "Described", example = 3, example = 4)]
    #[deprecated]
    described: u8,
}

fn print<T: JsonSchema>(folder: &str, name: &str) {
    write(folder, name, schema_for!(T));
}

fn write(folder: &str, name: &str, schema: schemars::Schema) {
    let text = serde_json::to_string_pretty(&schema).unwrap();
    std::fs::write(format!("{folder}/{name}.json"), text + "\n").unwrap();
}

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let to = folder.as_str();
    print::<Integers>(to, "integers");
    print::<Scalars>(to, "scalars");
    print::<StandardTypes>(to, "standard_types");
    print::<OtherCrates>(to, "other_crates");
    print::<Enums>(to, "enums");
    print::<Internal>(to, "internal_root");
    print::<Adjacent>(to, "adjacent_root");
    print::<OptionalNested>(to, "optional_nested");
    print::<Defaults>(to, "defaults");
    print::<Collections>(to, "collections");
    print::<Tuples>(to, "tuples");
    print::<Tree>(to, "tree");
    print::<Folder>(to, "mutual");
    print::<Flattened>(to, "flattened");
    print::<FlattenedEnum>(to, "flattened_enum");
    print::<Closed>(to, "closed");
    print::<Limits>(to, "limits");
    print::<HashMap<String, Address>>(to, "map_root");
    print::<Receipt>(to, "receipt");
    let settings = [
        ("draft_07", SchemaSettings::draft07()),
        ("draft_2019", SchemaSettings::draft2019_09()),
        ("openapi", SchemaSettings::openapi3()),
        ("inlined", SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true)),
        ("serialised", SchemaSettings::draft2020_12().for_serialize()),
    ];
    for (name, setting) in settings {
        write(to, name, setting.into_generator().into_root_schema_for::<Defaults>());
    }
}
