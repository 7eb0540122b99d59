-- The former names of consumers that were renamed. The ids and keys of a reactor's effects are drawn from the first one: an event that is handled again
-- after a rename causes what it caused before. A release that knows a former name alone leaves the consumer to others.
create table {schema}.consumer_names (
    former text primary key,
    name text not null,
    renamed_at timestamptz not null
)
