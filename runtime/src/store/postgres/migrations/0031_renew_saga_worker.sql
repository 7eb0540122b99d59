-- Renews the lease of a worker, unless it has run out. `news`: those of its instances that have messages that no owner has taken note of.
create function {schema}.renew_saga_worker(renewed uuid, seconds double precision, runs text[], fingerprints bigint[], out alive boolean, out news uuid[])
language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    update {schema}.saga_workers
    set expires_at = clock_timestamp() + make_interval(secs => seconds), sagas = runs, definitions = fingerprints
    where worker = renewed and expires_at > clock_timestamp();
    alive := found;
    if alive then
        news := array(select s.instance from {schema}.sagas s where s.owner = renewed and s.messages > s.messages_seen);
    end if;
end
$$
