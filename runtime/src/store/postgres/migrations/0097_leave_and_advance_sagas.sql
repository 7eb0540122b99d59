-- Leaves events for instances as leave_for_sagas, which older processes call, and writes to some of them what they do next, in
-- the same update: then 0 the worker owns the instance, under a higher epoch; 1 it has no owner until a delay is over or a
-- message comes. Such a write is done if the instance has no owner, the epoch and the log length that the writer knows, and as
-- many messages as it expects, and for 0 if the lease of the worker has not run out. Otherwise the instance is due at once.
--
-- The caller has locked the instances: see hold_sagas. advances, by event: the place of the write for its instance, if there is
-- one. `advanced`: the places of the writes that were done.
create function {schema}.leave_and_advance_sagas(
    sagas text[], ids text[], steps text[], event_ids uuid[], outputs json[], keeps boolean[], origins text[],
    claimer uuid, this_claim uuid,
    advances integer[], advancing uuid[], epochs bigint[], sequences integer[], expected integer[], thens smallint[], counts integer[], statuses text[],
    next_steps text[], reasons text[], delays double precision[],
    writes integer[], numbers integer[], kinds text[], entry_steps text[], attempts integer[], log_outputs json[], texts text[],
    out outcomes smallint[], out advanced integer[], out left_at timestamptz
) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment constant timestamptz := clock_timestamp();
    alive constant boolean := exists(select from {schema}.saga_workers w where w.worker = claimer and w.expires_at > clock_timestamp());
    there uuid[];
begin
    left_at := this_moment;
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
    last_numbers as materialized (
        select n.instance, max(n.number)::integer as number, max(advances[n.i]) as p
        from numbered n where n.instance is not null group by n.instance
    ),
    fenced as materialized (
        select n.instance, n.number, s.p, s.saga, s.definition, s.status
        from last_numbers n left join lateral (
            select n.p, s.saga, s.definition, s.status from {schema}.sagas s
            where s.instance = n.instance and s.owner is null and s.epoch = epochs[n.p] and s.sequence = sequences[n.p]
                and expected[n.p] = n.number and (alive or thens[n.p] = 1)
            limit 1
        ) s on true
    ),
    counted as (
        insert into {schema}.saga_counts (saga, definition, status, instances)
        select c.saga, c.definition, c.status, sum(c.change)
        from (
            select f.saga, f.definition, f.status, -1 as change from fenced f where f.p is not null
            union all
            select f.saga, f.definition, statuses[f.p], 1 from fenced f where f.p is not null
        ) c
        group by c.saga, c.definition, c.status having sum(c.change) <> 0
    ),
    woken as (
        update {schema}.sagas s
        set messages = a.number,
            due_at = case
                when a.p is null then case when s.owner is null then least(s.due_at, this_moment) end
                when thens[a.p] = 1 and statuses[a.p] not in ('completed', 'compensated') then this_moment + make_interval(secs => delays[a.p])
            end,
            messages_seen = case when a.p is null then s.messages_seen else a.number end,
            owner = case when thens[a.p] = 0 then claimer else s.owner end,
            claim = case when thens[a.p] = 0 then this_claim else s.claim end,
            epoch = case when thens[a.p] = 0 then s.epoch + 1 else s.epoch end,
            sequence = case when a.p is null then s.sequence else s.sequence + counts[a.p] end,
            status = case when a.p is null then s.status else statuses[a.p] end,
            step = case when a.p is null then s.step else next_steps[a.p] end,
            reason = case when a.p is null then s.reason else reasons[a.p] end,
            updated_at = case when a.p is null then s.updated_at else this_moment end,
            shelf = case when a.p is null then s.shelf when thens[a.p] = 0 then 'owned' else statuses[a.p] end,
            rest_step = case
                when a.p is null then s.rest_step
                when thens[a.p] = 1 and statuses[a.p] not in ('completed', 'compensated') then next_steps[a.p]
            end,
            ended_at = case when statuses[a.p] in ('completed', 'compensated') then this_moment else s.ended_at end
        from fenced a
        where s.instance = any (array[a.instance])
        returning a.p
    ),
    logged as (
        insert into {schema}.saga_log (instance, at, sequence, attempt, kind, step, output, text)
        select advancing[writes[e]], this_moment, sequences[writes[e]] + numbers[e], attempts[e], kinds[e], entry_steps[e], log_outputs[e], texts[e]
        from generate_series(1, cardinality(writes)) e
        where writes[e] in (select p from woken where p is not null)
    )
    select array_agg(
        case when g.instance is null then case when keeps[g.i] then 2 else 3 end when g.ended then 1 when g.late then 4 else 0 end::smallint
        order by g.i
    ), array(select p from woken where p is not null)
    into outcomes, advanced from given g;
end
$$
