/** Types of one's own, one of each kind. */
export const ownTypes = `
create type mood as enum ('happy', 'it''s "ok"');
create domain positive as int check (value > 0);
create domain feeling as mood;
create domain feelings as mood[];
create domain tags as text[];
create domain document as jsonb;
create type pair as (a int, b text);
create type float_range as range (subtype = float8);
create function label_in(cstring) returns label language internal immutable strict as 'textin';
create function label_out(label) returns cstring language internal immutable strict as 'textout';
create type label (input = label_in, output = label_out, like = text);
create table some_rows (a int);
`;

/** A value of each type, as text. Ranges and multiranges have the same one. */
export const sqlSamples: Readonly<Record<string, string>> = {
  aclitem: "=r/postgres",
  bit: "1",
  bool: "t",
  box: "(1,1),(0,0)",
  bpchar: "a",
  bytea: "\\x0102",
  char: "a",
  cid: "1",
  cidr: "10.0.0.0/8",
  circle: "<(1,2),3>",
  date: "2024-02-29",
  document: '{"a": [1]}',
  feeling: "happy",
  feelings: "{happy}",
  float4: "1.5",
  float8: "1.5",
  inet: "10.0.0.1",
  int2: "7",
  int2vector: "1 2",
  int4: "7",
  int8: "7",
  interval: "1 year 2 days 03:00:00.5",
  json: '{"a": [1]}',
  jsonb: '{"a": [1]}',
  jsonpath: '$."a"',
  label: "a",
  line: "{1,2,3}",
  lseg: "[(0,0),(1,1)]",
  macaddr: "08:00:2b:01:02:03",
  macaddr8: "08:00:2b:01:02:03:04:05",
  money: "$1.00",
  mood: 'it\'s "ok"',
  name: "a",
  numeric: "7",
  oid: "7",
  oidvector: "1 2",
  pair: '(1,"b c")',
  path: "((0,0),(1,1))",
  pg_lsn: "0/1",
  pg_snapshot: "10:20:10,14",
  point: "(1,2)",
  polygon: "((0,0),(1,1),(1,0))",
  positive: "7",
  refcursor: "a",
  regclass: "pg_type",
  regcollation: '"POSIX"',
  regconfig: "simple",
  regdatabase: "postgres",
  regdictionary: "simple",
  regnamespace: "pg_catalog",
  regoper: "||/",
  regoperator: "*(integer,integer)",
  regproc: "pg_typeof",
  regprocedure: "sum(integer)",
  regrole: "pg_monitor",
  regtype: "integer",
  some_rows: "(1)",
  tags: "{a}",
  text: "a",
  tid: "(0,1)",
  time: "03:00:00",
  timestamp: "2024-02-29 03:00:00",
  timestamptz: "2024-02-29 03:00:00+00",
  timetz: "03:00:00+00",
  tsquery: "'a'",
  tsvector: "'a':1",
  txid_snapshot: "10:20:10,14",
  uuid: "00000000-0000-0000-0000-000000000001",
  varbit: "101",
  varchar: "a",
  xid: "1",
  xid8: "1",
  xml: "<a/>",
  // Domains of the information schema.
  cardinal_number: "7",
  character_data: "a",
  sql_identifier: "a",
  time_stamp: "2024-02-29 03:00:00+00",
  yes_or_no: "YES",
};

/** Types that take no value from outside. */
export const unwritable: readonly string[] = [
  "gtsvector",
  "pg_brin_bloom_summary",
  "pg_brin_minmax_multi_summary",
  "pg_dependencies",
  "pg_mcv_list",
  "pg_ndistinct",
  "pg_node_tree",
];
