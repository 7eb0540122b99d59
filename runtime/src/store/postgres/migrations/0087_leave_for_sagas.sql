-- Leaves events for instances, as deliver_to_sagas, which older processes call. outcomes, by event: 0 left, 1 the instance
-- has ended, 2 kept for one that was never started, 3 there is none, 4 the step is done already: nothing is stored.
--
-- Each statement sees what was committed before it: first the instances are locked, in the order in which everybody locks them, then they are looked at.
create function {schema}.leave_for_sagas(
    sagas text[], ids text[], steps text[], event_ids uuid[], outputs json[], keeps boolean[], origins text[], out outcomes smallint[]
) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment constant timestamptz := clock_timestamp();
    there uuid[];
begin
    for round in 1..2 loop
        there := array(
            select s.instance
            from (select distinct sagas[i] as saga, ids[i] as id from generate_series(1, cardinality(ids)) i) k
            cross join lateral (select s.instance from {schema}.sagas s where s.saga = k.saga and s.id = k.id limit 1) s
            order by s.instance
        );
        perform from generate_series(1, cardinality(there)) i
        cross join lateral (select from {schema}.sagas s where s.instance = there[i] for update) s;
        exit when round = 2 or not true = any (keeps);

        -- See saga_messages. Who waits here finds the instance in the second round.
        insert into {schema}.saga_messages (at, number, saga, id, kind)
        select this_moment, 0, k.saga, k.id, ''
        from (select distinct sagas[i] as saga, ids[i] as id from generate_series(1, cardinality(ids)) i where keeps[i]) k
        where (select s.instance from {schema}.sagas s where s.saga = k.saga and s.id = k.id limit 1) is null
        order by k.saga, k.id
        on conflict (saga, id, number) do update set kind = excluded.kind;
        exit when not found;
    end loop;

    with given as (
        select i, s.instance, s.messages, s.ended,
            -- What came before a migration may not count any more. What another definition has read may be for another step.
            s.sequence > 0 and (origins[i] is null or starts_with(origins[i], lpad(to_hex(s.definition), 16, '0'))) and (
                select l.kind from {schema}.saga_log l
                where l.instance = s.instance and (l.kind = 'migrated' or l.step = steps[i] and l.kind in ('done', 'skipped'))
                order by l.sequence desc limit 1
            ) in ('done', 'skipped') as late
        from generate_series(1, cardinality(ids)) i
        left join lateral (
            select s.instance, s.messages, s.sequence, s.definition, s.status in ('completed', 'compensated') as ended
            from {schema}.sagas s where s.saga = sagas[i] and s.id = ids[i] limit 1
        ) s on true
    ),
    fresh as (
        select distinct on (sagas[g.i], ids[g.i], steps[g.i], event_ids[g.i]) g.i, g.instance, g.messages
        from given g
        where (not g.ended and g.late is not true or g.instance is null and keeps[g.i]) and (
            select m.number from {schema}.saga_messages m
            where m.saga = sagas[g.i] and m.id = ids[g.i] and m.step = steps[g.i] and m.event_id = event_ids[g.i] limit 1
        ) is null
        order by sagas[g.i], ids[g.i], steps[g.i], event_ids[g.i], g.i
    ),
    numbered as (
        select f.i, f.instance,
            coalesce(f.messages, (select max(m.number) from {schema}.saga_messages m where m.saga = sagas[f.i] and m.id = ids[f.i]))
                + row_number() over (partition by sagas[f.i], ids[f.i] order by f.i) as number
        from fresh f
    ),
    written as (
        insert into {schema}.saga_messages (event_id, at, number, saga, id, kind, step, output, text)
        select event_ids[n.i], this_moment, n.number, sagas[n.i], ids[n.i], 'event', steps[n.i], outputs[n.i], origins[n.i]
        from numbered n
    ),
    woken as (
        update {schema}.sagas s
        set messages = n.number, due_at = case when s.owner is null then least(s.due_at, this_moment) end
        from (select instance, max(number) as number from numbered where instance is not null group by instance) n
        where s.instance = any (array[n.instance])
    )
    select array_agg(
        case when g.instance is null then case when keeps[g.i] then 2 else 3 end when g.ended then 1 when g.late then 4 else 0 end::smallint
        order by g.i
    ) into outcomes from given g;
end
$$
