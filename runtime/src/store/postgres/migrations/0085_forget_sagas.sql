-- Forgets instances that have ended: their rows, logs and messages.
create function {schema}.delete_sagas(gone uuid[]) returns void language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    one uuid;
begin
    foreach one in array gone loop
        delete from {schema}.saga_log where instance = one;
        delete from {schema}.saga_messages m
        using (select s.saga, s.id from {schema}.sagas s where s.instance = one limit 1) s
        where m.saga = s.saga and m.id = s.id;
        delete from {schema}.sagas where instance = one;
    end loop;
end
$$;

-- Forgets up to `most` instances that ended at least so long ago. One that is locked is left for the next time.
create function {schema}.forget_ended_sagas(seconds double precision, most integer, out forgotten bigint) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    moment constant timestamptz := clock_timestamp() - make_interval(secs => seconds);
    gone uuid[];
begin
    gone := array(select s.instance from {schema}.sagas s where s.ended_at <= moment order by s.ended_at limit most for update skip locked);
    perform {schema}.delete_sagas(gone);
    forgotten := cardinality(gone);
end
$$;

create index saga_messages_by_mailbox on {schema}.saga_messages (at) where number = 0;

-- Looks at up to `most` mailboxes of at least this age, and forgets those whose instances were never started and to which
-- no younger event came. The row with the number 0, which says that there is a mailbox, is of no use once its instance is
-- there: then it alone is forgotten, so that it is looked at once. See saga_messages.
create function {schema}.forget_kept_events(seconds double precision, most integer, out looked bigint, out forgotten bigint) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    moment constant timestamptz := clock_timestamp() - make_interval(secs => seconds);
    box record;
begin
    looked := 0;
    forgotten := 0;
    for box in
        select m.saga, m.id from {schema}.saga_messages m where m.number = 0 and m.at <= moment order by m.at limit most for update skip locked
    loop
        looked := looked + 1;
        -- Who starts the instance now, or keeps an event for it, waits for the row that is locked.
        if (select s.instance from {schema}.sagas s where s.saga = box.saga and s.id = box.id limit 1) is not null then
            delete from {schema}.saga_messages m where m.saga = box.saga and m.id = box.id and m.number = 0;
        elsif exists (select from {schema}.saga_messages m where m.saga = box.saga and m.id = box.id and m.number > 0 and m.at > moment) then
            update {schema}.saga_messages m set at = clock_timestamp() where m.saga = box.saga and m.id = box.id and m.number = 0;
        else
            delete from {schema}.saga_messages m where m.saga = box.saga and m.id = box.id;
            forgotten := forgotten + 1;
        end if;
    end loop;
end
$$;

-- When a process was last built with the definition. For those of before: now.
alter table {schema}.saga_definitions add column saved_at timestamptz not null default clock_timestamp();

-- Forgets definitions with which no process was built for so long, that no worker runs and no instance follows.
create function {schema}.forget_saga_definitions(seconds double precision, out forgotten bigint) language plpgsql volatile as $$
#variable_conflict use_column
begin
    delete from {schema}.saga_definitions d
    where d.saved_at <= clock_timestamp() - make_interval(secs => seconds)
        and coalesce((select sum(c.instances) from {schema}.saga_counts c where c.saga = d.saga and c.definition = d.definition), 0) <= 0
        and not exists (
            select from {schema}.saga_workers w cross join lateral unnest(w.sagas, w.definitions) r (saga, definition)
            where r.saga = d.saga and r.definition = d.definition
        );
    get diagnostics forgotten = row_count;
end
$$;

-- Forgets one instance, or the events that were kept for one that was never started. outcome: 0 forgotten, 1 it has not
-- ended, 2 there is nothing.
create function {schema}.forget_saga(name text, key text, out outcome smallint) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    found_instance uuid;
    found_end timestamptz;
begin
    select s.instance, s.ended_at into found_instance, found_end
    from {schema}.sagas s where s.saga = name and s.id = key limit 1 for update;
    if found_instance is not null then
        outcome := 1;
        if found_end is not null then
            perform {schema}.delete_sagas(array[found_instance]);
            outcome := 0;
        end if;
        return;
    end if;
    -- As in forget_kept_events.
    perform from {schema}.saga_messages m where m.saga = name and m.id = key and m.number = 0 for update;
    outcome := 2;
    if found and (select s.instance from {schema}.sagas s where s.saga = name and s.id = key limit 1) is null then
        delete from {schema}.saga_messages m where m.saga = name and m.id = key;
        outcome := 0;
    end if;
end
$$
