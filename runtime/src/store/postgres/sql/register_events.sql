-- Who follows a category loses its leases when the category gets an event, also one that is being
-- claimed: no row is left out.
with fresh as (
    insert into {schema}.event_types as kept (category, name, version)
    select u.category, u.name, u.version
    from unnest($1::text[], $2::text[], $3::integer[]) u (category, name, version)
    where not exists (
        select from {schema}.event_types t where t.category = u.category and t.name = u.name and t.version >= u.version
    )
    order by u.category, u.name
    on conflict (category, name) do update set version = greatest(kept.version, excluded.version)
    returning category, name
)
update {schema}.consumer_partitions p
set epoch = p.epoch + 1, worker = null, expires_at = null
where p.consumer in (
    select r.consumer
    from fresh f
    join {schema}.event_types t on t.category = f.category
    join {schema}.consumer_releases r on r.handles ? t.name
    where not exists (select from {schema}.event_types old where old.category = f.category and old.name = f.name)
)
