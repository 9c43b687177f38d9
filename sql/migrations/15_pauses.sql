-- Tasks and queues that the whole fleet leaves alone for now. Each claim looks here, so a pause holds
-- from the next claim on. The peers' workers don't look.

create table if not exists graphile_worker.taskwright_pauses (
  kind text not null
    constraint taskwright_pauses_kind_check check (kind in ('task', 'queue')),
  name text not null,
  paused_at timestamptz not null default now(),
  reason text,
  constraint taskwright_pauses_pkey primary key (kind, name)
);
alter table graphile_worker.taskwright_pauses enable row level security;
