-- Starts instances as start_sagas, which older processes call, and writes to each what it does first: then 0 nothing, it is
-- due at once; 1 the entries, and the worker owns it; 2 the entries, and it has no owner until a delay is over or a message
-- comes. If the lease of the worker has run out, 1 is 0. `kept`, by instance: how many events were kept for it; null: it was
-- not started.
--
-- The worker is not locked: if it is forgotten at the same time, its instances are freed as those of an unknown worker.
create function {schema}.start_sagas_for(
    claimer uuid, this_claim uuid,
    instances uuid[], sagas text[], ids text[], versions bigint[], definitions bigint[], states json[], correlation_ids uuid[], causation_ids uuid[],
    early boolean,
    thens smallint[], statuses text[], steps text[], delays double precision[], counts integer[],
    writes integer[], numbers integer[], kinds text[], entry_steps text[], attempts integer[], outputs json[], texts text[],
    out kept integer[], out owned boolean, out started_at timestamptz
) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment constant timestamptz := clock_timestamp();
    alive constant boolean := exists(select from {schema}.saga_workers w where w.worker = claimer and w.expires_at > clock_timestamp());
    started uuid[];
    early_event record;
begin
    owned := alive;
    start_sagas_for.started_at := this_moment;
    kept := array_fill(null::integer, array[cardinality(instances)]);
    with wanted as (
        select i, case when thens[i] = 1 and not alive then 0 else thens[i] end as first from generate_series(1, cardinality(instances)) i
    ),
    started as (
        insert into {schema}.sagas (
            instance, correlation_id, causation_id, owner, claim, version, definition, epoch, due_at, started_at, updated_at, sequence,
            messages, messages_seen, saga, id, status, step, state, shelf, rest_step
        )
        select instances[i], correlation_ids[i], causation_ids[i], case when first = 1 then claimer end, case when first = 1 then this_claim end,
            versions[i], definitions[i], case when first = 1 then 1 else 0 end,
            case first when 0 then this_moment when 2 then this_moment + make_interval(secs => delays[i]) end,
            this_moment, this_moment, case when first > 0 then counts[i] else 0 end,
            0, 0, sagas[i], ids[i], case when first > 0 then statuses[i] else 'running' end, case when first > 0 then steps[i] end, states[i],
            case first when 0 then 'running' when 1 then 'owned' else statuses[i] end, case when first = 2 then steps[i] end
        from wanted
        order by sagas[i], ids[i], i
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
    if started is null then
        return;
    end if;
    kept := array(
        select case when n.instance in (select unnest(started)) then 0 end
        from unnest(instances) with ordinality n (instance, i) order by n.i
    );

    if cardinality(writes) > 0 then
        insert into {schema}.saga_log (instance, at, sequence, attempt, kind, step, output, text)
        select instances[writes[e]], this_moment, numbers[e], attempts[e], kinds[e], entry_steps[e], outputs[e], texts[e]
        from generate_series(1, cardinality(writes)) e
        where kept[writes[e]] is not null and (alive or thens[writes[e]] = 2);
    end if;

    if early then
        -- See saga_messages. The next statement sees what was kept by those for which this one has waited.
        insert into {schema}.saga_messages (at, number, saga, id, kind)
        select this_moment, 0, s.saga, s.id, ''
        from unnest(started) n (instance) cross join lateral (select s.saga, s.id from {schema}.sagas s where s.instance = n.instance limit 1) s
        order by s.saga, s.id
        on conflict (saga, id, number) do update set kind = excluded.kind;

        for early_event in
            update {schema}.sagas s
            set messages = (select max(m.number) from {schema}.saga_messages m where m.saga = s.saga and m.id = s.id),
                due_at = case when s.owner is null then this_moment end
            from generate_series(1, cardinality(instances)) i
            where kept[i] is not null and s.instance = any (array[instances[i]])
                and (select max(m.number) from {schema}.saga_messages m where m.saga = s.saga and m.id = s.id) > 0
            returning i, s.messages
        loop
            kept[early_event.i] := early_event.messages;
        end loop;
    end if;
end
$$
