//! A worker of the crate for the chaos run (test/chaos). It writes the runs of its jobs into the run's
//! ledger, as the other workers do (test/chaos/ledger/records.ts). Arguments: a connection string, the
//! ledger's folder, and the name of the process's actor.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions};
use serde::{Deserialize, Serialize};

static LEDGER: OnceLock<File> = OnceLock::new();
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Appends an entry, whose fields are given as JSON, with one write.
fn note(fields: &str) {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    let line = format!("{{\"at\":{},{fields}}}\n", since.as_millis());
    let mut ledger = LEDGER.get().expect("opened first");
    ledger
        .write_all(line.as_bytes())
        .expect("a ledger that can be written");
}

fn text(value: Option<impl Display>) -> String {
    value.map_or("null".to_owned(), |value| format!("\"{value}\""))
}

/// What every handler does: takes its time, then fails as often as its payload says.
async fn perform(task: &str, ctx: WorkerContext) -> Result<(), String> {
    let (job, payload) = (ctx.job(), ctx.payload());
    let number = |name: &str| {
        payload
            .get(name)
            .and_then(|value| value.as_u64())
            .unwrap_or(0)
    };
    let string = |name: &str| text(payload.get(name).and_then(|value| value.as_str()));
    let run = format!(
        "{}-{}",
        std::process::id(),
        RUNS.fetch_add(1, Ordering::Relaxed)
    );
    note(&format!(
        "\"kind\":\"start\",\"run\":\"{run}\",\"job\":\"{}\",\"task\":\"{task}\",\"queue\":{},\"key\":{},\
        \"requests\":[{}],\"attempt\":{},\"maxAttempts\":{},\"claimedAt\":{}",
        job.id(),
        string("queue"),
        text(job.key().as_ref()),
        string("request"),
        job.attempts(),
        job.max_attempts(),
        job.locked_at().map_or(0, |time| time.timestamp_millis()),
    ));
    tokio::time::sleep(Duration::from_millis(number("ms"))).await;
    let fails = (*job.attempts() as u64) <= number("failures");
    note(&format!(
        "\"kind\":\"end\",\"run\":\"{run}\",\"failed\":{fails}"
    ));
    if fails {
        return Err("planned failure".to_owned());
    }
    Ok(())
}

macro_rules! tasks {
    ($($name:ident $identifier:literal),*) => {$(
        #[derive(Serialize, Deserialize)]
        struct $name {}

        impl TaskHandler for $name {
            const IDENTIFIER: &'static str = $identifier;

            async fn run(self, ctx: WorkerContext) -> impl IntoTaskHandlerResult {
                perform($identifier, ctx).await
            }
        }
    )*};
}

tasks!(Fast "fast", Slow "slow", Queued "queued", Keyed "keyed", Flaky "flaky", Doomed "doomed");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or(format!("{what} is missing"));
    let (url, folder, actor) = (
        next("a connection string")?,
        next("a folder")?,
        next("a name")?,
    );
    let file = Path::new(&folder).join(format!("{actor}.{}.jsonl", std::process::id()));
    LEDGER
        .set(OpenOptions::new().create(true).append(true).open(file)?)
        .expect("set once");

    let worker = WorkerOptions::default()
        .database_url(&url)
        .concurrency(3)
        .poll_interval(Duration::from_millis(500))
        .heartbeat_interval(Duration::from_millis(500))
        // Ours sweep; the crate would declare all workers dead after one and the same time.
        .sweep_interval(Duration::from_secs(3600))
        .sweep_threshold(Duration::from_secs(3600))
        .define_job::<Fast>()
        .define_job::<Slow>()
        .define_job::<Queued>()
        .define_job::<Keyed>()
        .define_job::<Flaky>()
        .define_job::<Doomed>()
        .init()
        .await?;
    note(&format!(
        "\"kind\":\"worker\",\"worker\":\"{}\"",
        worker.worker_id()
    ));
    note("\"kind\":\"ready\"");
    worker.run().await?;
    note("\"kind\":\"finished\"");
    Ok(())
}
