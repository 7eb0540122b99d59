-- Appends many items, each accepted or rejected as a whole. An item has targets (streams), a target has events.
--
-- Targets come sorted by stream, commands by id, each at most once: two sessions take their locks in one order, streams before commands.
-- `expected` is a version, 0 for a stream without events, -1 for any. `followers` says how many events of the target come after the event.
--
-- outcomes, by item: 0 appended, 1 conflict, 2 the command was accepted before. versions, by target: what the stream has now.
-- positions, by event: null where the item was rejected.
create function {schema}.append_batch(
    item_count integer,
    streams text[], expected bigint[], counts integer[], items integer[],
    targets integer[], followers integer[], event_streams text[], event_ids uuid[], names text[], schema_versions integer[],
    payloads json[], correlation_ids uuid[], causation_ids uuid[], headers json[],
    command_ids uuid[], command_targets integer[], body_hashes bytea[],
    out outcomes smallint[], out versions bigint[], out positions bigint[], out recorded_at timestamptz
) language plpgsql volatile
-- Whatever join is left then visits `streams` in the order of the targets or of its index, which is the same: locks are taken in order.
set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
    nth integer;
    number bigint;
    written bigint[];
    rejected boolean := false;
begin
    outcomes := array_fill(0::smallint, array[item_count]);

    -- A stream that may be new gets its first and only row version at once.
    if 0 >= any (expected) then
        with created as (
            insert into {schema}.streams (stream, version)
            select t.stream, t.count from unnest(streams, expected, counts) t (stream, expected, count) where t.expected <= 0
            on conflict do nothing
            returning stream, version
        )
        select array_agg(created.version order by t.nth) into versions
        from unnest(streams) with ordinality t (stream, nth) left join created on created.stream = t.stream;
    else
        versions := array_fill(null::bigint, array[cardinality(streams)]);
    end if;

    if array_position(versions, null) is not null then
        for nth, number in
            update {schema}.streams s set version = s.version + t.count
            from unnest(streams, expected, counts, versions) with ordinality t (stream, expected, count, version, nth)
            where t.version is null and s.stream = t.stream and (t.expected < 0 or s.version = t.expected)
            returning t.nth, s.version
        loop
            versions[nth] := number;
        end loop;
    end if;

    if array_position(versions, null) is not null then
        rejected := true;
        written := versions;
        for nth, number in
            select t.nth, coalesce(s.version, 0)
            from unnest(streams, versions) with ordinality t (stream, version, nth) left join {schema}.streams s on s.stream = t.stream
            where t.version is null
        loop
            if expected[nth] < 0 or expected[nth] = number then
                -- It has become as expected meanwhile: another's insert of it was undone.
                raise exception using errcode = 'serialization_failure', message = 'a stream changed while it was being locked';
            end if;
            versions[nth] := number;
            outcomes[items[nth]] := 1;
        end loop;
    end if;

    -- After the streams are locked: times grow with the versions.
    recorded_at := clock_timestamp();
    if cardinality(command_ids) > 0 then
        written := coalesce(written, versions);
        for nth in
            with accepted as (
                insert into {schema}.commands (command_id, recorded_at, version, events, stream, body_hash)
                select c.id, append_batch.recorded_at, versions[c.target], counts[c.target], streams[c.target], c.body_hash
                from unnest(command_ids, command_targets, body_hashes) c (id, target, body_hash)
                where outcomes[items[c.target]] = 0
                on conflict do nothing
                returning command_id
            )
            select items[c.target] from unnest(command_ids, command_targets) c (id, target)
            where not exists (select from accepted a where a.command_id = c.id)
                and (outcomes[items[c.target]] = 0 or exists (select from {schema}.commands k where k.command_id = c.id))
        loop
            rejected := true;
            outcomes[nth] := 2;
        end loop;
    end if;

    if rejected then
        -- Undone rather than raised: the neighbours and the caller's transaction go on.
        update {schema}.streams s set version = s.version - t.count
        from unnest(streams, counts, items, written) t (stream, count, item, written)
        where s.stream = t.stream and t.written is not null and outcomes[t.item] <> 0;
        delete from {schema}.streams s using unnest(streams, items, written) t (stream, item, written)
        where s.stream = t.stream and s.version = 0 and t.written is not null and outcomes[t.item] <> 0;
        versions := array(
            select case when t.written is not null and outcomes[t.item] <> 0 then t.version - t.count else t.version end
            from unnest(versions, counts, items, written) with ordinality t (version, count, item, written, nth) order by t.nth
        );
        if array_position(outcomes, 0::smallint) is null then
            return;
        end if;
    end if;
    if cardinality(event_ids) = 0 then
        return;
    end if;

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
    select e.position, versions[e.target] - e.followers, append_batch.recorded_at, e.event_id, e.correlation_id, e.causation_id,
        e.schema_version, e.stream, e.name, e.payload, e.headers
    from unnest(positions, targets, followers, event_streams, event_ids, names, schema_versions, payloads, correlation_ids, causation_ids, headers)
        e (position, target, followers, stream, event_id, name, schema_version, payload, correlation_id, causation_id, headers)
    where e.position is not null;
end
$$
