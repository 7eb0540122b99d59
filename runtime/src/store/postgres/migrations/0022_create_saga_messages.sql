-- What was left for instances, by name and id: an event may come before its instance. The messages of an instance have the numbers from 1 to `sagas.messages`.
--
-- The number 0 is no message. A start and an event that finds no instance both write that row before they look for what the other does: the second waits for the end of the first, and
-- sees it.
create table {schema}.saga_messages (
    event_id uuid,
    at timestamptz not null,
    number integer not null,
    saga text collate "C" not null,
    id text collate "C" not null,
    kind text collate "C" not null,
    step text collate "C",
    output json,
    text text,
    primary key (saga, id, number)
)
