import * as fc from "fast-check";

/** One call of the database's functions, or what a worker does between two of them. */
export interface Command {
  readonly text: string;
  readonly values: readonly unknown[];
}

const keys = fc.constantFrom("a", "b", "c");
const queues = fc.constantFrom(null, null, "q1", "q2");
const workers = fc.constantFrom("w1", "w2");
const payloads = fc.constantFrom(
  null,
  "{}",
  '{"n":1}',
  "[1]",
  '[{"a":2},3]',
  '"text"',
  "null",
  "[]",
);
const times = fc.constantFrom(null, "2001-02-03T04:05:06Z", "2200-01-01T00:00:00Z");
const priorities = fc.constantFrom(null, 0, -5, 7, 40_000);
const attempts = fc.constantFrom(null, 1, 2, 25, 0);
const flags = fc.constantFrom(null, [], ["f"], ["g", "f", "g"]);
const modes = fc.constantFrom(null, "replace", "preserve_run_at", "unsafe_dedupe", "unknown");
/** Which jobs, by their place in {@link contentOrder}. */
const places = fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 2 });

/** The peer gives out ids in the order that its joins happen to have. */
export const contentOrder = `jobs.key, jobs.payload::jsonb::text, jobs.priority, jobs.attempts, jobs.max_attempts,
  jobs.flags::text, jobs.last_error, jobs.locked_by, jobs.run_at,
  (select identifier from graphile_worker._private_tasks as tasks where tasks.id = jobs.task_id),
  (select queue_name from graphile_worker._private_job_queues as queues where queues.id = jobs.job_queue_id)`;

const nthJobs = `(
  select id from (
    select id, row_number() over (order by ${contentOrder}) - 1 as place
    from graphile_worker._private_jobs as jobs
  ) as placed where place = any ($1::int[])
)`;

const addJob = fc
  .record({
    task: fc.constantFrom("t1", "t2", "x".repeat(129)),
    payload: payloads,
    queue: queues,
    runAt: times,
    maxAttempts: attempts,
    key: fc.option(fc.oneof(keys, keys, keys, fc.constantFrom("", "k".repeat(513)))),
    priority: priorities,
    flags,
    mode: modes,
  })
  // Ours doesn't check what a deduplicated request asked for, since nothing comes of it.
  .filter(({ mode, maxAttempts }) => mode !== "unsafe_dedupe" || maxAttempts !== 0)
  .map((job) => ({
    text: `select * from graphile_worker.add_job(
      $1, $2::json, $3, $4::timestamptz, $5::int, $6, $7::int, $8::text[], $9)`,
    values: Object.values(job),
  }));

/** At least one: for none the peer sends a notification without a count, and ours wakes nobody. */
const addJobs = fc
  .record({
    specs: fc.uniqueArray(
      fc.record({
        identifier: fc.constantFrom("t1", "t2", "t3"),
        queue_name: queues,
        job_key: fc.oneof(keys, fc.constant(null)),
        payload: payloads,
        run_at: times,
        max_attempts: attempts,
        priority: fc.constantFrom(null, 3),
        flags,
      }),
      { minLength: 1, comparator: (a, b) => a.job_key !== null && a.job_key === b.job_key },
    ),
    preserveRunAt: fc.constantFrom(null, false, true),
  })
  .map(({ specs, preserveRunAt }) => ({
    text: `select * from graphile_worker.add_jobs(array(
        select json_populate_recordset(null::graphile_worker.job_spec, $1::json)
      ), $2::boolean)`,
    values: [
      JSON.stringify(
        specs.map((spec) => ({
          ...spec,
          payload: spec.payload === null ? null : (JSON.parse(spec.payload) as unknown),
        })),
      ),
      preserveRunAt,
    ],
  }));

const removeJob = keys.map((key) => ({
  text: "select * from graphile_worker.remove_job($1)",
  values: [key],
}));

const claim = fc.tuple(places, workers, fc.boolean()).map(([nth, worker, isOld]) => ({
  text: `update graphile_worker._private_jobs
    set attempts = attempts + 1, locked_by = $2,
      locked_at = now() - case when $3::boolean then interval '5 hours' else '0' end
    where is_available and id in ${nthJobs} returning *`,
  values: [nth, worker, isOld],
}));

const fail = places.map((nth) => ({
  text: `update graphile_worker._private_jobs
    set last_error = 'no', locked_at = null, locked_by = null
    where locked_at is not null and id in ${nthJobs} returning *`,
  values: [nth],
}));

const byHand = places.chain((nth) =>
  fc.constantFrom<Command>(
    {
      text: `select * from graphile_worker.complete_jobs(array${nthJobs})`,
      values: [nth],
    },
    {
      text: `select * from graphile_worker.permanently_fail_jobs(array${nthJobs})`,
      values: [nth],
    },
    {
      text: `select * from graphile_worker.permanently_fail_jobs(array${nthJobs}, 'because')`,
      values: [nth],
    },
    {
      text: `select * from graphile_worker.reschedule_jobs(
        array${nthJobs}, '2100-01-01', priority := 5, attempts := 1, max_attempts := 3)`,
      values: [nth],
    },
    {
      text: `select * from graphile_worker.reschedule_jobs(array${nthJobs})`,
      values: [nth],
    },
  ),
);

const unlock = workers.map((worker) => ({
  text: "select graphile_worker.force_unlock_workers(array[$1]) is null as done",
  values: [worker],
}));

export const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof<fc.WeightedArbitrary<Command>[]>(
    { arbitrary: addJob, weight: 5 },
    { arbitrary: addJobs, weight: 4 },
    { arbitrary: claim, weight: 3 },
    { arbitrary: fail, weight: 2 },
    { arbitrary: removeJob, weight: 2 },
    { arbitrary: byHand, weight: 2 },
    { arbitrary: unlock, weight: 1 },
  ),
  { minLength: 1, maxLength: 14 },
);
