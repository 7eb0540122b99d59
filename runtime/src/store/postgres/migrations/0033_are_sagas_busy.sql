-- Whether any instance of these sagas has something to do by itself.
--
-- The orders are those of the indexes that are meant: that on (saga, id), which holds all instances, has none of them.
create function {schema}.are_sagas_busy(wanted text[], out busy boolean) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    this_moment constant timestamptz := clock_timestamp();
begin
    busy := exists (
        select from (select s.saga from {schema}.sagas s where s.owner is not null order by s.owner offset 0) o
        where o.saga = any (wanted)
    ) or exists (
        select from unnest(wanted) w (saga) cross join lateral (
            select s.status from {schema}.sagas s
            where s.saga = w.saga and s.owner is null and s.status in ('running', 'compensating')
            order by s.status limit 1
        ) s
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
