-- Locks those of the instances that exist, in the order in which all lock them, and returns them.
--
-- The last row is no instance: `updated_at` is the time.
create function {schema}.hold_sagas(sagas text[], ids text[]) returns setof {schema}.sagas language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    found constant uuid[] := array(
        select s.instance
        from (select distinct sagas[i] as saga, ids[i] as id from generate_series(1, cardinality(ids)) i) k
        cross join lateral (select s.instance from {schema}.sagas s where s.saga = k.saga and s.id = k.id limit 1) s
        order by s.instance
    );
    rest {schema}.sagas;
begin
    return query
    select s.* from generate_series(1, cardinality(found)) i
    cross join lateral (select s.* from {schema}.sagas s where s.instance = found[i] for update) s;
    rest.updated_at := clock_timestamp();
    return next rest;
end
$$
