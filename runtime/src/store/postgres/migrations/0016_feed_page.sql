-- A page of the feed near its head, in one round trip: first a row that has the end of what may be delivered as its `position`, then the events up to there.
-- `version` of that first row: every position up to this one belongs to a transaction that has ended; null when this was not looked at.
--
-- Positions that follow each other without a gap, all of them of committed events, leave none that somebody could still commit: then nobody's lock matters, and
-- the look at all locks of the server, which costs more than a hundred rows, is saved. A gap is a position of a transaction that is open or was rolled back; only
-- the locks tell which. See feed_watermark.
--
-- The order is the guard: each statement of a volatile function has a snapshot of its own (sessions of ours are in READ COMMITTED), so that of the rows is newer
-- than the watermark.
-- `reach` is the last position that is looked at for events that match.
create function {schema}.feed_page(after bigint, at_most bigint, reach bigint, categories text[], wanted text[])
returns table (
    "position" bigint, stream text, version bigint, recorded_at timestamptz, event_id uuid, correlation_id uuid, causation_id uuid,
    name text, schema_version integer, payload json, headers json
) language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    near constant bigint := 1000;
    found_events bigint;
    last_event bigint;
begin
    select count(*), max(n.position) into found_events, last_event
    from (select e.position from {schema}.events e where e.position > after order by e.position limit near) n;
    if found_events = near or last_event - after <> found_events or pg_is_in_recovery() then
        select w.head, w.head into "position", version from {schema}.feed_watermark() w;
    else
        "position" := coalesce(last_event, after);
    end if;
    return next;
    if "position" > after then
        return query
        select e.position, e.stream, e.version, e.recorded_at, e.event_id, e.correlation_id, e.causation_id, e.name, e.schema_version, e.payload, e.headers
        from {schema}.events e
        where e.position > after and e.position <= least(feed_page.position, reach)
            and (categories is null or split_part(e.stream, '-', 1) = any (categories))
            and (wanted is null or e.name = any (wanted))
        order by e.position
        limit at_most;
    end if;
end
$$
