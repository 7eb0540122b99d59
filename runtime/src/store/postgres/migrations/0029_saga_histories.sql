-- The logs of instances, and after them their messages. `nth`: which of the instances asked for.
create function {schema}.saga_histories(instances uuid[], sagas text[], ids text[])
returns table (nth integer, message boolean, number integer, at timestamptz, kind text, step text, attempt integer, event_id uuid, output json, text text)
language plpgsql stable
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select i, false, l.sequence, l.at, l.kind, l.step, l.attempt, null::uuid, l.output, l.text
    from generate_series(1, cardinality(instances)) i
    cross join lateral (select * from {schema}.saga_log l where l.instance = instances[i] order by l.sequence) l;

    return query
    select i, true, m.number, m.at, m.kind, m.step, 0, m.event_id, m.output, m.text
    from generate_series(1, cardinality(ids)) i
    cross join lateral (
        select * from {schema}.saga_messages m where m.saga = sagas[i] and m.id = ids[i] and m.number > 0 order by m.number
    ) m;
end
$$
