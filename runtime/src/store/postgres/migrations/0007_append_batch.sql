-- Appends many items, each accepted or rejected as a whole. An item has targets (streams), a target has events.
--
-- Targets come sorted by stream, commands by id, each at most once: two sessions take their keys in one order, those of events before those of commands.
-- `expected` is a version, 0 for a stream without events, -1 for any. `followers` says how many events of the target come after the event.
--
-- outcomes, by item: 0 appended, 1 conflict, 2 the command was accepted before. versions, by target: what the stream has now.
-- positions, by event: null where the item was rejected.
--
-- There is no row for a stream: what its version is, is read off the key on (stream, version). Writing such a row as well would cost half as much again.
create function {schema}.append_batch(
    item_count integer,
    streams text[], expected bigint[], counts integer[], items integer[],
    targets integer[], followers integer[], event_streams text[], event_ids uuid[], names text[], schema_versions integer[],
    payloads json[], correlation_ids uuid[], causation_ids uuid[], headers json[],
    command_ids uuid[], command_targets integer[], body_hashes bytea[],
    out outcomes smallint[], out versions bigint[], out positions bigint[], out recorded_at timestamptz
) language plpgsql volatile
-- A plan made when the table was small must not outlive that.
set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
    nth integer;
    number bigint;
    rejected boolean;
    problem text;
begin
    for attempt in 1..20 loop
        outcomes := array_fill(0::smallint, array[item_count]);
        positions := null;
        rejected := false;
        versions := array(
            select coalesce((select e.version from {schema}.events e where e.stream = t.stream order by e.version desc limit 1), 0)
            from unnest(streams) with ordinality t (stream, nth) order by t.nth
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
                number := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
                perform pg_advisory_xact_lock_shared({tag}::bigint << 48 | number);
                if rejected then
                    positions := array(
                        select case when outcomes[items[t.target]] = 0 then nextval('{schema}.event_positions') end
                        from unnest(targets) with ordinality t (target, nth) order by t.nth
                    );
                else
                    positions := array(select nextval('{schema}.event_positions') from generate_series(1, cardinality(event_ids)));
                end if;
                insert into {schema}.events (position, version, recorded_at, event_id, correlation_id, causation_id, schema_version, stream, name, payload, headers)
                select e.position, versions[e.target] + counts[e.target] - e.followers, append_batch.recorded_at, e.event_id, e.correlation_id, e.causation_id,
                    e.schema_version, e.stream, e.name, e.payload, e.headers
                from unnest(positions, targets, followers, event_streams, event_ids, names, schema_versions, payloads, correlation_ids, causation_ids, headers)
                    e (position, target, followers, stream, event_id, name, schema_version, payload, correlation_id, causation_id, headers)
                where e.position is not null;
            end if;
            versions := array(
                select case when outcomes[t.item] = 0 then t.version + t.count else t.version end
                from unnest(versions, counts, items) with ordinality t (version, count, item, nth) order by t.nth
            );
            if cardinality(command_ids) > 0 then
                insert into {schema}.commands (command_id, recorded_at, version, events, stream, body_hash)
                select c.id, append_batch.recorded_at, versions[c.target], counts[c.target], streams[c.target], c.body_hash
                from unnest(command_ids, command_targets, body_hashes) c (id, target, body_hash)
                where outcomes[items[c.target]] = 0;
            end if;
            return;
        exception when unique_violation then
            -- Another session was faster, and has committed: the next look sees what it wrote, unless the caller's snapshot is older.
            problem := sqlerrm;
        end;
    end loop;
    raise exception using errcode = 'serialization_failure', message = problem;
end
$$
