-- As saga_histories, for instances that were claimed together. An instance whose history would make the answer larger than
-- `most_bytes`, as stored, has one row with the number -1 instead.
create function {schema}.saga_histories_within(instances uuid[], sagas text[], ids text[], most_bytes bigint)
returns table (nth integer, message boolean, number integer, at timestamptz, kind text, step text, attempt integer, event_id uuid, output json, text text)
language plpgsql stable
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    left_bytes bigint := most_bytes;
    bytes bigint;
begin
    for i in 1..cardinality(instances) loop
        -- Sizes are read without what they are the sizes of.
        bytes := (
            select coalesce(sum(80 + coalesce(pg_column_size(l.output), 0) + coalesce(pg_column_size(l.text), 0)), 0)
            from {schema}.saga_log l where l.instance = instances[i]
        ) + (
            select coalesce(sum(80 + coalesce(pg_column_size(m.output), 0) + coalesce(pg_column_size(m.text), 0)), 0)
            from {schema}.saga_messages m where m.saga = sagas[i] and m.id = ids[i] and m.number > 0
        );
        if bytes > left_bytes then
            return query select i, false, -1, null::timestamptz, ''::text, null::text, 0, null::uuid, null::json, null::text;
            continue;
        end if;
        left_bytes := left_bytes - bytes;
        return query
        select i, false, l.sequence, l.at, l.kind, l.step, l.attempt, null::uuid, l.output, l.text
        from {schema}.saga_log l where l.instance = instances[i] order by l.sequence;
        return query
        select i, true, m.number, m.at, m.kind, m.step, 0, m.event_id, m.output, m.text
        from {schema}.saga_messages m where m.saga = sagas[i] and m.id = ids[i] and m.number > 0 order by m.number;
    end loop;
end
$$
