-- Whether any instance of these sagas has something to do by itself.
create function {schema}.are_sagas_busy(wanted text[], out busy boolean) language plpgsql volatile
-- See start_sagas.
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    busy := exists (
        select from {schema}.sagas s where s.owner is not null and s.saga = any (wanted)
    ) or exists (
        select from {schema}.sagas s where s.owner is null and s.status in ('running', 'compensating') and s.saga = any (wanted)
    ) or exists (
        select from {schema}.sagas s where s.owner is null and s.due_at <= clock_timestamp() and s.saga = any (wanted)
    );
end
$$
