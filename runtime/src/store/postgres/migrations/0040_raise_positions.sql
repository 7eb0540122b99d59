-- Raises the sequence of positions to the last position that exists, where it is behind: after logical replication, which leaves sequences out, or
-- a copy of the data alone. `drawn` and `last` are what was found.
create function {schema}.raise_positions(out drawn bigint, out last bigint) language plpgsql volatile as $$
begin
    drawn := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
    last := coalesce((select e.position from {schema}.events e order by e.position desc limit 1), 0);
    if drawn < last then
        -- Changes nothing, but waits for every transaction that has drawn, and lets none draw until this one ends: a number that is drawn meanwhile
        -- would be drawn once more.
        alter sequence {schema}.event_positions cache 1;
        drawn := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
        last := coalesce((select e.position from {schema}.events e order by e.position desc limit 1), 0);
        if drawn < last then
            perform setval('{schema}.event_positions', last);
        end if;
    end if;
end
$$
