-- Writes to instances, each write whole or not at all: it is done when the instance has the epoch and its log the length that the writer knows.
--
-- Instances come sorted, each at most once: two sessions lock them in one order. thens: 0 its owner goes on with it, 1 nobody has it until a delay is over or a message comes; without a
-- delay, until a message comes. `numbers` counts the entries of a write from one. versions, migrated and states may be empty.
--
-- messages, by write: how many were left for the instance so far; null: nothing was written.
create function {schema}.write_sagas(
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
                then write_sagas.written_at + make_interval(secs => delays[i]) end
        from generate_series(1, cardinality(instances)) i
        where s.instance = any (array[instances[i]]) and s.sequence = sequences[i]
            -- Not `owner is not null`, which would make all that is owned another way to begin with.
            and s.epoch = case when s.owner is null then null else epochs[i] end
        returning i as write, s.messages, s.owner is null as released
    loop
        messages[done.write] := done.messages;
        released[done.write] := done.released;
    end loop;

    if cardinality(writes) > 0 then
        insert into {schema}.saga_log (instance, at, sequence, attempt, kind, step, output, text)
        select instances[writes[e]], write_sagas.written_at, sequences[writes[e]] + numbers[e], attempts[e], kinds[e], entry_steps[e], outputs[e], texts[e]
        from generate_series(1, cardinality(writes)) e
        where write_sagas.messages[writes[e]] is not null;
    end if;
end
$$
