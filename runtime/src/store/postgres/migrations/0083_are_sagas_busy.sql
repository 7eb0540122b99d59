-- As before, by the index on the shelf.
create or replace function {schema}.are_sagas_busy(wanted text[], out busy boolean) language plpgsql volatile
-- See start_sagas. Without sorts no other index than the one meant gives the order.
set jit = off set enable_sort = off set enable_incremental_sort = off set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment constant timestamptz := clock_timestamp();
begin
    -- The first one at or behind each place: a comparison of rows does not end the scan of an index.
    busy := exists (
        select from unnest(wanted) w (saga) cross join unnest(array['owned', 'running', 'compensating']) h (shelf)
        cross join lateral (
            select s.shelf, s.saga from {schema}.sagas s
            where (s.shelf, s.saga) >= (h.shelf, w.saga) and s.shelf <= h.shelf
            order by s.shelf, s.saga, s.id limit 1
        ) s
        where s.shelf = h.shelf and s.saga = w.saga
    );
    if not busy then
        -- The definitions of those that have a time, found one by one in the index: what waits for later is not read.
        busy := (
            with recursive definitions as (
                select w.saga, (
                    select s.definition from {schema}.sagas s
                    where s.saga = w.saga and s.owner is null and s.due_at is not null
                    order by s.definition limit 1
                ) as definition
                from unnest(wanted) w (saga)
                union all
                select d.saga, (
                    select s.definition from {schema}.sagas s
                    where s.saga = d.saga and s.definition > d.definition and s.owner is null and s.due_at is not null
                    order by s.definition limit 1
                )
                from definitions d where d.definition is not null
            )
            select coalesce(bool_or(exists (
                select from {schema}.sagas s
                where s.saga = d.saga and s.definition = d.definition and s.owner is null and s.due_at <= this_moment
            )), false)
            from definitions d where d.definition is not null
        );
    end if;
end
$$
