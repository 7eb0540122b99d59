-- Starts instances that are not there yet, and says which. `early`: events may have been kept for them.
--
-- Two that start the same take their keys in one order.
create function {schema}.start_sagas(
    instances uuid[], sagas text[], ids text[], versions bigint[], definitions bigint[], states json[], correlation_ids uuid[], causation_ids uuid[],
    early boolean, out started uuid[]
) language plpgsql volatile
-- A plan made when the table was small must not outlive that: none reads a table, or a whole index of it, to join it. Rows are looked up one by one in subqueries with a limit, which are not made
-- joins of; where there has to be a join, `= any (array[…])` leaves no way to make one but to look into the index for each row of the other side.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment constant timestamptz := clock_timestamp();
begin
    with started as (
        insert into {schema}.sagas (instance, correlation_id, causation_id, version, definition, epoch, due_at, started_at, updated_at, sequence, messages, messages_seen, saga, id, status, state)
        select instances[i], correlation_ids[i], causation_ids[i], versions[i], definitions[i], 0, this_moment, this_moment, this_moment, 0, 0, 0, sagas[i], ids[i], 'running', states[i]
        from generate_series(1, cardinality(instances)) i
        order by sagas[i], ids[i], i
        -- Whichever key another transaction writes at this moment.
        on conflict do nothing
        returning instance
    )
    select array_agg(instance) into started from started;

    if coalesce(cardinality(started), 0) < cardinality(instances) and exists (
        select from generate_series(1, cardinality(instances)) i
        where (select s.instance from {schema}.sagas s where s.saga = sagas[i] and s.id = ids[i] limit 1) is null
    ) then
        raise exception using errcode = 'unique_violation', message = 'an instance of a saga was given a number that another one has';
    end if;

    if early and started is not null then
        -- See saga_messages. The next statement sees what was kept by those for which this one has waited.
        insert into {schema}.saga_messages (at, number, saga, id, kind)
        select this_moment, 0, s.saga, s.id, ''
        from unnest(started) n (instance) cross join lateral (select s.saga, s.id from {schema}.sagas s where s.instance = n.instance limit 1) s
        order by s.saga, s.id
        on conflict (saga, id, number) do update set kind = excluded.kind;

        update {schema}.sagas s
        set messages = (select max(m.number) from {schema}.saga_messages m where m.saga = s.saga and m.id = s.id)
        from unnest(started) n (instance)
        where s.instance = any (array[n.instance]) and (select max(m.number) from {schema}.saga_messages m where m.saga = s.saga and m.id = s.id) > 0;
    end if;
end
$$
