-- Frees the instances of owners that are not known: those that were forgotten just now, and those whom an instance was given to at the very moment in which they were forgotten. Says
-- how many instances that were.
--
-- Owners, of which there are few, are found one by one in their index; what they own is not read for it. An instance that is locked is left for the next time, so that nobody waits.
create function {schema}.free_sagas(out freed bigint) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    with recursive owners as (
        (select owner from {schema}.sagas where owner is not null order by owner limit 1)
        union all
        select (select s.owner from {schema}.sagas s where s.owner > o.owner order by s.owner limit 1) from owners o where o.owner is not null
    ),
    gone as (
        select o.owner from owners o
        where o.owner is not null and (select w.worker from {schema}.saga_workers w where w.worker = o.owner limit 1) is null
    ),
    left_behind as (
        select s.instance
        from gone g cross join lateral (select s.instance from {schema}.sagas s where s.owner = g.owner order by s.instance for update skip locked) s
    )
    update {schema}.sagas s
    set owner = null, epoch = s.epoch + 1, due_at = clock_timestamp()
    from left_behind l
    where s.instance = any (array[l.instance]);
    get diagnostics freed = row_count;
end
$$
