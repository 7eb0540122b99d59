-- Instances of sagas. `owner` alone writes to one, fenced by `epoch` and `sequence`; `claim` is the call in which it got it. With `due_at` it waits for an owner.
--
-- Each step writes to a row: half of a page is left free, so that the new version fits beside the old one and no index is touched, also when all rows of a page are written in one transaction, as
-- they are when they were claimed in one. No index may hold a column that changes while an instance stays with its owner.
create table {schema}.sagas (
    instance uuid primary key,
    correlation_id uuid not null,
    causation_id uuid,
    owner uuid,
    claim uuid,
    version bigint not null,
    definition bigint not null,
    epoch bigint not null,
    due_at timestamptz,
    started_at timestamptz not null,
    updated_at timestamptz not null,
    sequence integer not null,
    messages integer not null,
    messages_seen integer not null,
    saga text collate "C" not null,
    id text collate "C" not null,
    status text collate "C" not null,
    step text collate "C",
    reason text,
    state json not null,
    unique (saga, id)
) with (fillfactor = 50)
