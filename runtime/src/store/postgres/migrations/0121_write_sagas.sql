-- As before. A request that came after the owner had looked for the last time, and before it wrote the end, is refused in
-- the log, as one is that comes after the end.
create or replace function {schema}.write_sagas(
    instances uuid[], epochs bigint[], sequences integer[], counts integer[], statuses text[], steps text[], reasons text[], seen integer[],
    thens smallint[], delays double precision[], versions bigint[], migrated bigint[], states json[],
    writes integer[], numbers integer[], kinds text[], entry_steps text[], attempts integer[], outputs json[], texts text[],
    out messages integer[], out released boolean[], out written_at timestamptz
) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    done record;
    changed text[] := '{}';
    old_definitions bigint[] := '{}';
    old_statuses text[] := '{}';
    new_definitions bigint[] := '{}';
    new_statuses text[] := '{}';
    -- The writes that end an instance for which more was left than its owner has seen.
    overtaken integer[] := '{}';
    refused integer;
begin
    written_at := clock_timestamp();
    messages := array_fill(null::integer, array[cardinality(instances)]);
    released := array_fill(false, array[cardinality(instances)]);
    for done in
        update {schema}.sagas s
        set sequence = s.sequence + counts[i], status = statuses[i], step = steps[i], reason = reasons[i], messages_seen = seen[i], updated_at = write_sagas.written_at,
            version = coalesce(versions[i], s.version), definition = coalesce(migrated[i], s.definition), state = coalesce(states[i], s.state),
            owner = case when statuses[i] in ('completed', 'compensated') or thens[i] = 1 and s.messages <= seen[i] then null else s.owner end,
            due_at = case when statuses[i] not in ('completed', 'compensated') and thens[i] = 1 and s.messages <= seen[i]
                then write_sagas.written_at + make_interval(secs => delays[i]) end,
            shelf = case when statuses[i] in ('completed', 'compensated') or thens[i] = 1 and s.messages <= seen[i] then statuses[i] else 'owned' end,
            rest_step = case when statuses[i] not in ('completed', 'compensated') and thens[i] = 1 and s.messages <= seen[i] then steps[i] end,
            ended_at = case when statuses[i] in ('completed', 'compensated') then write_sagas.written_at end
        from generate_series(1, cardinality(instances)) i
        cross join lateral (select o.status, o.definition from {schema}.sagas o where o.instance = instances[i] limit 1) o
        where s.instance = any (array[instances[i]]) and s.sequence = sequences[i]
            -- Not `owner is not null`, which would make all that is owned another way to begin with.
            and s.epoch = case when s.owner is null then null else epochs[i] end
        returning i as write, s.messages, s.owner is null as released, s.saga, o.status as old_status, o.definition as old_definition, s.definition
    loop
        messages[done.write] := done.messages;
        released[done.write] := done.released;
        if done.messages > seen[done.write] and statuses[done.write] in ('completed', 'compensated') then
            overtaken := overtaken || done.write;
        end if;
        if done.old_status <> statuses[done.write] or done.old_definition <> done.definition then
            changed := changed || done.saga;
            old_definitions := old_definitions || done.old_definition;
            old_statuses := old_statuses || done.old_status;
            new_definitions := new_definitions || done.definition;
            new_statuses := new_statuses || statuses[done.write];
        end if;
    end loop;

    if cardinality(changed) > 0 then
        insert into {schema}.saga_counts (saga, definition, status, instances)
        select c.saga, c.definition, c.status, sum(c.change)
        from (
            select changed[n] as saga, old_definitions[n] as definition, old_statuses[n] as status, -1 as change from generate_series(1, cardinality(changed)) n
            union all
            select changed[n], new_definitions[n], new_statuses[n], 1 from generate_series(1, cardinality(changed)) n
        ) c
        group by c.saga, c.definition, c.status having sum(c.change) <> 0;
    end if;

    if cardinality(writes) > 0 then
        insert into {schema}.saga_log (instance, at, sequence, attempt, kind, step, output, text)
        select instances[writes[e]], write_sagas.written_at, sequences[writes[e]] + numbers[e], attempts[e], kinds[e], entry_steps[e], outputs[e], texts[e]
        from generate_series(1, cardinality(writes)) e
        where write_sagas.messages[writes[e]] is not null;

        -- Of many attempts at a step the log keeps the first one and the last ten.
        if 20 < any (attempts) then
            for done in
                select instances[writes[e]] as instance, attempts[e] as attempt, entry_steps[e] as step, kinds[e] as kind,
                    case kinds[e] when 'retry' then 'intent' when 'undo_retry' then 'undo_intent' else 'failure_intent' end as intent
                from generate_series(1, cardinality(writes)) e
                where attempts[e] > 20 and kinds[e] in ('retry', 'undo_retry', 'failure_retry') and write_sagas.messages[writes[e]] is not null
            loop
                delete from {schema}.saga_log l
                where l.instance = done.instance and l.attempt > 1 and l.attempt <= done.attempt - 10
                    and l.kind in (done.kind, done.intent) and l.step is not distinct from done.step;
            end loop;
        end if;
    end if;

    for done in select w as write from unnest(overtaken) w loop
        insert into {schema}.saga_log (instance, at, sequence, attempt, kind, output, text)
        select s.instance, write_sagas.written_at, s.sequence + row_number() over (order by m.number), 0, 'refused',
            json_build_object('message', m.number),
            format('`%s` was refused: the instance has ended', case
                when m.kind = 'skip' and m.step = '#park' then 'park'
                when m.kind = 'skip' and m.step = '#give-up' then 'give up the failure command'
                when m.kind = 'skip' and m.step = '#terminate' then 'terminate'
                else m.kind
            end)
        from {schema}.sagas s join {schema}.saga_messages m on m.saga = s.saga and m.id = s.id
        where s.instance = instances[done.write] and m.number > seen[done.write] and m.kind in ('cancel', 'retry', 'skip');
        get diagnostics refused = row_count;
        update {schema}.sagas s set sequence = s.sequence + refused where s.instance = instances[done.write] and refused > 0;
    end loop;
end
$$
