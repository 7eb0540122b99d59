-- Appends many items, as before, but takes one guard for a transaction (see append_event), and takes no conflict on the position for one on the version.
--
-- Targets come sorted by stream, commands by id, each at most once: two sessions take their keys in one order, those of events before those of commands.
-- `expected` is a version, 0 for a stream without events, -1 for any. `numbers` counts the events of a target from one; `kinds` says which of the names and
-- schema versions an event has. correlation_ids, causation_ids and headers may be empty.
--
-- outcomes, by item: 0 appended, 1 conflict, 2 the command was accepted before. versions, by target: what the stream had before.
-- positions, by event: null where the item was rejected.
--
-- There is no row for a stream: what its version is, is read off the key on (stream, version). Writing such a row as well would cost half as much again.
--
-- Rows are made by looking into the arrays, which PL/pgSQL has taken apart: unnest would write a copy of each array first.
create or replace function {schema}.append_events(
    item_count integer,
    streams text[], expected bigint[], items integer[],
    targets integer[], numbers integer[], kinds integer[], names text[], schema_versions integer[],
    event_ids uuid[], payloads json[], correlation_ids uuid[], causation_ids uuid[], headers json[],
    command_ids uuid[], command_targets integer[], command_events integer[], body_hashes bytea[],
    out outcomes smallint[], out versions bigint[], out positions bigint[], out recorded_at timestamptz
) language plpgsql volatile
-- A plan made when the table was small must not outlive that. Without scans of the table there is one plan that is right, and planning each call costs more
-- than a small one itself.
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    nth integer;
    number bigint;
    rejected boolean;
    problem text;
    violated text;
begin
    for attempt in 1..20 loop
        outcomes := array_fill(0::smallint, array[item_count]);
        positions := null;
        rejected := false;
        versions := array(
            select coalesce((select e.version from {schema}.events e where e.stream = streams[t] order by e.version desc limit 1), 0)
            from generate_series(1, cardinality(streams)) t
        );
        if versions <> expected then
            for nth in
                select t.item from unnest(versions, expected, items) t (version, expected, item)
                where t.expected >= 0 and t.expected <> t.version
            loop
                rejected := true;
                outcomes[nth] := 1;
            end loop;
        end if;
        -- After the versions: an append that was sent again conflicts with its own first arrival.
        if cardinality(command_ids) > 0 then
            for nth in
                select items[c.target] from unnest(command_ids, command_targets) c (id, target)
                where exists (select from {schema}.commands k where k.command_id = c.id)
            loop
                rejected := true;
                outcomes[nth] := 2;
            end loop;
        end if;
        -- After the versions were read: times grow with the versions.
        recorded_at := clock_timestamp();
        if rejected and array_position(outcomes, 0::smallint) is null then
            return;
        end if;

        begin
            if cardinality(event_ids) > 0 then
                -- The feed relies on this order: read the last position drawn, lock it, draw. See feed_watermark.
                if current_setting('{guard}', true) is distinct from 'held' then
                    number := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
                    perform pg_advisory_xact_lock_shared({tag}::bigint << 48 | number), set_config('{guard}', 'held', true);
                end if;
                if rejected then
                    positions := array(
                        select case when outcomes[items[targets[i]]] = 0 then nextval('{schema}.event_positions') end
                        from generate_series(1, cardinality(event_ids)) i
                    );
                else
                    positions := array(select nextval('{schema}.event_positions') from generate_series(1, cardinality(event_ids)));
                end if;
                insert into {schema}.events (position, version, recorded_at, event_id, correlation_id, causation_id, schema_version, stream, name, payload, headers)
                select positions[i], versions[targets[i]] + numbers[i], append_events.recorded_at, event_ids[i], correlation_ids[i], causation_ids[i],
                    schema_versions[kinds[i]], streams[targets[i]], names[kinds[i]], payloads[i], headers[i]
                from generate_series(1, cardinality(event_ids)) i
                where positions[i] is not null;
            end if;
            if cardinality(command_ids) > 0 then
                insert into {schema}.commands (command_id, recorded_at, version, events, stream, body_hash)
                select c.id, append_events.recorded_at, versions[c.target] + c.events, c.events, streams[c.target], c.body_hash
                from unnest(command_ids, command_targets, command_events, body_hashes) c (id, target, events, body_hash)
                where outcomes[items[c.target]] = 0;
            end if;
            return;
        exception when unique_violation then
            get stacked diagnostics violated = constraint_name;
            if violated = 'events_pkey' then
                -- The sequence is behind the table.
                raise;
            end if;
            -- Another session was faster, and has committed: the next look sees what it wrote, unless the caller's snapshot is older.
            problem := sqlerrm;
        end;
    end loop;
    raise exception using errcode = 'serialization_failure', message = problem;
end
$$
