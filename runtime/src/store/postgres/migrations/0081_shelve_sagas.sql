-- Columns that lists and counts are found by. They change only when an instance gets or loses its owner, so that what an
-- owner writes while it keeps an instance touches no index:
--   shelf      the status of an instance without an owner, else 'owned'
--   rest_step  the step at which an instance without an owner is, unless it has ended
--   ended_at   when an instance ended
-- Before, the index `sagas_at_work` had the status: each change of it, as by each event, wrote to all indexes.
lock table {schema}.sagas in access exclusive mode;

alter table {schema}.sagas
    add column shelf text collate "C",
    add column rest_step text collate "C",
    add column ended_at timestamptz;

-- Writes the table once, and leaves no dead rows.
alter table {schema}.sagas
    alter column shelf type text collate "C" using case when owner is null then status else 'owned' end,
    alter column rest_step type text collate "C" using case when owner is null and status not in ('completed', 'compensated') then step end,
    alter column ended_at type timestamptz using case when status in ('completed', 'compensated') then updated_at end;

alter table {schema}.sagas alter column shelf set default 'running', alter column shelf set not null;

-- The functions of this release set the columns. The triggers set them for all others, as the functions of older
-- releases: their conditions cost next to nothing when the columns are right.
create function {schema}.shelve_saga() returns trigger language plpgsql as $$
begin
    new.shelf := case when new.owner is null then new.status else 'owned' end;
    new.rest_step := case when new.owner is null and new.status not in ('completed', 'compensated') then new.step end;
    new.ended_at := case when new.status in ('completed', 'compensated') then coalesce(new.ended_at, new.updated_at) end;
    return new;
end
$$;

create trigger shelve_new_saga before insert on {schema}.sagas for each row
when (
    new.shelf <> case when new.owner is null then new.status else 'owned' end
    or new.rest_step is distinct from case when new.owner is null and new.status not in ('completed', 'compensated') then new.step end
    or (new.ended_at is null) = (new.status in ('completed', 'compensated'))
)
execute function {schema}.shelve_saga();

create trigger shelve_saga before update on {schema}.sagas for each row
when (
    new.shelf <> case when new.owner is null then new.status else 'owned' end
    or new.rest_step is distinct from case when new.owner is null and new.status not in ('completed', 'compensated') then new.step end
    or (new.ended_at is null) = (new.status in ('completed', 'compensated'))
)
execute function {schema}.shelve_saga();

create index sagas_by_shelf on {schema}.sagas (shelf, saga, id);
create index sagas_by_age on {schema}.sagas (shelf, started_at);
create index sagas_by_step on {schema}.sagas (rest_step, saga, id) where rest_step is not null;
create index sagas_by_end on {schema}.sagas (ended_at) where ended_at is not null;
drop index {schema}.sagas_at_work
