-- As before. If the status or the step is the only condition, the index gives the page as it is: nothing is looked for first.
--
-- The server estimates how many instances are on a shelf from a sample. In a store with one large saga it found that an eighth
-- of all is cheaper to read by name than by shelf, and read all of them for a page. So it is told that shelves and steps have
-- few instances each.
alter table {schema}.sagas alter column shelf set (n_distinct = 10000), alter column rest_step set (n_distinct = 10000);

analyze {schema}.sagas;

create or replace function {schema}.list_sagas(
    only_saga text, only_status text, only_step text, seconds double precision, after_saga text, after_id text, most integer, most_bytes bigint
) returns setof {schema}.sagas language plpgsql stable
-- See start_sagas. Without sorts no other index than the one meant gives the order.
set jit = off set enable_sort = off set enable_incremental_sort = off set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    few constant integer := greatest(4 * most, 1000);
    moment constant timestamptz := clock_timestamp() - make_interval(secs => seconds);
    -- What owners have is on one shelf, with whatever status. There is little of it.
    shelves constant text[] := case
        when only_status is null then array['compensated', 'compensating', 'completed', 'owned', 'parked', 'running', 'waiting']
        else array[only_status, 'owned']
    end;
    first_saga constant text := coalesce(greatest(after_saga, only_saga), only_saga, after_saga, '');
    -- The least id after that one; nothing is between them, since no text has the character 0.
    first_id constant text := case when after_saga = first_saga then after_id || E'\x01' else '' end;
    last_saga constant text := coalesce(only_saga, (select s.saga from {schema}.sagas s order by s.saga desc, s.id desc limit 1));
    found uuid[];
    is_found boolean := false;
begin
    if only_saga < after_saga then
        return;
    end if;
    if seconds is not null then
        found := array(
            select s.instance from unnest(shelves) h (shelf) cross join lateral (
                select s.instance from {schema}.sagas s
                where s.shelf = h.shelf and s.started_at <= moment
                order by s.started_at limit few + 1
            ) s limit few + 1
        );
        is_found := cardinality(found) <= few;
    end if;
    if not is_found and only_status is not null and (only_step is not null or seconds is not null) then
        found := array(
            select s.instance from unnest(shelves) h (shelf) cross join lateral (
                (select s.instance from {schema}.sagas s
                where only_saga is null and (s.shelf, s.saga) >= (h.shelf, '') and s.shelf <= h.shelf
                order by s.shelf, s.saga, s.id limit few + 1)
                union all
                (select s.instance from {schema}.sagas s
                where only_saga is not null and s.shelf = h.shelf and s.saga = only_saga
                order by s.id limit few + 1)
            ) s limit few + 1
        );
        is_found := cardinality(found) <= few;
    end if;
    if not is_found and only_step is not null and (only_status is not null or seconds is not null) then
        found := array(
            (select s.instance from {schema}.sagas s
            where only_saga is null and s.rest_step is not null and (s.rest_step, s.saga) >= (only_step, '') and s.rest_step <= only_step
            order by s.rest_step, s.saga, s.id limit few + 1)
            union all
            (select s.instance from {schema}.sagas s
            where only_saga is not null and s.rest_step is not null and s.rest_step = only_step and s.saga = only_saga
            order by s.id limit few + 1)
            union all
            (select s.instance from {schema}.sagas s
            where (s.shelf, s.saga) >= ('owned', '') and s.shelf <= 'owned'
            order by s.shelf, s.saga, s.id limit few + 1)
        );
        is_found := cardinality(found) <= few;
    end if;

    if is_found then
        found := array(
            select s.instance from unnest(found) f (instance) cross join lateral (
                select * from {schema}.sagas s where s.instance = f.instance limit 1
            ) s
            where (only_saga is null or s.saga = only_saga) and (only_status is null or s.status = only_status)
                and (only_step is null or s.step = only_step) and (seconds is null or s.started_at <= moment)
                and (after_saga is null or (s.saga, s.id) > (after_saga, after_id))
            order by s.saga, s.id limit most
        );
    elsif only_step is not null then
        found := array(
            select p.instance from (
                (select s.instance, s.saga, s.id from {schema}.sagas s
                where only_saga is null and s.rest_step is not null
                    and (s.rest_step, s.saga, s.id) >= (only_step, first_saga, first_id) and s.rest_step <= only_step
                    and (only_status is null or s.status = only_status) and (seconds is null or s.started_at <= moment)
                order by s.rest_step, s.saga, s.id limit most)
                union all
                (select s.instance, s.saga, s.id from {schema}.sagas s
                where only_saga is not null and s.rest_step is not null
                    and s.rest_step = only_step and s.saga = only_saga and s.id >= first_id
                    and (only_status is null or s.status = only_status) and (seconds is null or s.started_at <= moment)
                order by s.id limit most)
                union all
                (select s.instance, s.saga, s.id from {schema}.sagas s
                where (s.shelf, s.saga, s.id) >= ('owned', first_saga, first_id) and s.shelf <= 'owned'
                    and s.step = only_step and (only_saga is null or s.saga = only_saga)
                    and (only_status is null or s.status = only_status) and (seconds is null or s.started_at <= moment)
                order by s.shelf, s.saga, s.id limit most)
            ) p order by p.saga, p.id limit most
        );
    elsif only_status is not null then
        found := array(
            select p.instance from unnest(shelves) h (shelf) cross join lateral (
                (select s.instance, s.saga, s.id from {schema}.sagas s
                where only_saga is null and (s.shelf, s.saga, s.id) >= (h.shelf, first_saga, first_id) and s.shelf <= h.shelf
                    and s.status = only_status and (seconds is null or s.started_at <= moment)
                order by s.shelf, s.saga, s.id limit most)
                union all
                (select s.instance, s.saga, s.id from {schema}.sagas s
                where only_saga is not null and s.shelf = h.shelf and s.saga = only_saga and s.id >= first_id
                    and s.status = only_status and (seconds is null or s.started_at <= moment)
                order by s.id limit most)
            ) p order by p.saga, p.id limit most
        );
    else
        found := array(
            select s.instance from {schema}.sagas s
            where (s.saga, s.id) >= (first_saga, first_id) and s.saga <= last_saga
                and (seconds is null or s.started_at <= moment)
            order by s.saga, s.id limit most
        );
    end if;

    return query
    select (p.row).* from (
        select s.row, sum(octet_length((s.row).state::text)) over (order by f.nth) as bytes, f.nth
        from unnest(found) with ordinality f (instance, nth) cross join lateral (
            select i as row from {schema}.sagas i where i.instance = f.instance limit 1
        ) s
    ) p
    where p.nth = 1 or p.bytes <= most_bytes
    order by p.nth;
end
$$
