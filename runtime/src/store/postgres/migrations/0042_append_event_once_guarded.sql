-- Appends one event to one stream, as before, but takes one guard for a transaction, and takes no conflict on the position for one on the version.
--
-- A transaction needs no more than its first guard: what it draws later is above that as well. That it has one is kept in a setting of the transaction, which a
-- savepoint that is rolled back takes back together with the lock.
--
-- outcome 0: appended, `version` is the stream's now. 1: conflict, `version` is the stream's. 2: the command was accepted before.
-- `expected` is a version, 0 for a stream without events, -1 for any.
--
-- The unique key on (stream, version) decides between two sessions: the later waits for the earlier's end, and looks again.
create or replace function {schema}.append_event(
    stream text, expected bigint,
    event_id uuid, name text, schema_version integer, payload json,
    correlation_id uuid, causation_id uuid, headers json,
    command_id uuid, body_hash bytea,
    out outcome smallint, out version bigint, out "position" bigint, out recorded_at timestamptz
) language plpgsql volatile set enable_seqscan = off as $$
#variable_conflict use_variable
begin
    outcome := 0;
    if command_id is not null and exists (select from {schema}.commands c where c.command_id = append_event.command_id) then
        outcome := 2;
        return;
    end if;

    loop
        version := coalesce(
            (select e.version from {schema}.events e where e.stream = append_event.stream order by e.version desc limit 1), 0);
        if expected >= 0 and version <> expected then
            outcome := 1;
            -- Looked up once more, after the version: an append that was sent again conflicts with its own first arrival.
            if command_id is not null and exists (select from {schema}.commands c where c.command_id = append_event.command_id) then
                outcome := 2;
            end if;
            return;
        end if;
        version := version + 1;
        -- After the version was read: times grow with the versions.
        recorded_at := clock_timestamp();

        -- The feed relies on this order: read the last position drawn, lock it, draw. See feed_watermark.
        if current_setting('{guard}', true) is distinct from 'held' then
            position := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
            perform pg_advisory_xact_lock_shared({tag}::bigint << 48 | position), set_config('{guard}', 'held', true);
        end if;
        position := nextval('{schema}.event_positions');
        insert into {schema}.events (position, version, recorded_at, event_id, correlation_id, causation_id, schema_version, stream, name, payload, headers)
        values (position, version, recorded_at, event_id, correlation_id, causation_id, schema_version, stream, name, payload, headers)
        -- On a conflict on the position the sequence is behind the table: an error, which names the key.
        on conflict on constraint events_stream_version_key do nothing;
        exit when found;
    end loop;

    if command_id is not null then
        insert into {schema}.commands (command_id, recorded_at, version, events, stream, body_hash)
        values (command_id, recorded_at, version, 1, stream, body_hash) on conflict do nothing;
        if not found then
            -- Accepted by another session since the looks above. Undone rather than raised: the caller's transaction goes on.
            delete from {schema}.events e where e.position = append_event.position;
            outcome := 2;
        end if;
    end if;
end
$$
