//! A worker and client of the crate, which a test tells line by line what to do, and which says line by
//! line what it did. Arguments: a connection string and a schema.

use std::time::Duration;

use graphile_worker::{IntoTaskHandlerResult, JobSpec, TaskHandler, WorkerContext, WorkerOptions};
use serde::{Deserialize, Serialize};
use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use tokio::sync::{Notify, Semaphore};

/// One permit for each job that may end.
static ENDS: Semaphore = Semaphore::const_new(0);

#[derive(Serialize, Deserialize)]
struct Work {
    n: i64,
}

impl TaskHandler for Work {
    const IDENTIFIER: &'static str = "work";

    async fn run(self, _: WorkerContext) -> impl IntoTaskHandlerResult {
        println!("start {}", self.n);
        ENDS.acquire().await.expect("never closed").forget();
        println!("end {}", self.n);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("a connection string is missing")?;
    let schema = args.next().ok_or("a schema is missing")?;
    let worker = WorkerOptions::default()
        .database_url(&url)
        .schema(schema)
        .concurrency(1)
        .poll_interval(Duration::from_millis(50))
        .heartbeat_interval(Duration::from_millis(200))
        .sweep_interval(Duration::from_millis(300))
        .sweep_threshold(Duration::from_millis(1500))
        .shutdown_grace_period(Duration::ZERO)
        .shutdown_interrupted_job_retry_delay(Duration::ZERO)
        .define_job::<Work>()
        .init()
        .await?;
    println!("migrated");

    let utils = worker.create_utils();
    let begin = Notify::new();
    let mut lines = BufReader::new(stdin()).lines();
    let commands = async {
        while let Some(line) = lines.next_line().await? {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["work"] => begin.notify_one(),
                ["add", key, n] => {
                    let spec = JobSpec {
                        job_key: Some(key.to_owned()),
                        ..Default::default()
                    };
                    utils.add_job(Work { n: n.parse()? }, spec).await?;
                }
                ["remove", key] => utils.remove_job(key).await?,
                ["finish"] => ENDS.add_permits(1),
                ["stop"] => {
                    worker.request_shutdown();
                    // Lets the worker come to its end.
                    std::future::pending::<()>().await;
                }
                _ => return Err(format!("unknown command: {line}").into()),
            }
            println!("done {line}");
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    let working = async {
        begin.notified().await;
        worker.run().await
    };
    // Ends with its worker, or when nobody tells it anything any more.
    tokio::select! {
        told = commands => told?,
        ended = working => {
            ended?;
            println!("stopped");
        }
    }
    Ok(())
}
