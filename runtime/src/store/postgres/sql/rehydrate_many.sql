select e.version, e.name, e.schema_version, e.payload, t.nth
from unnest($1::text[], $2::bigint[]) with ordinality t (stream, after, nth)
cross join lateral (
    select version, name, schema_version, payload
    from {schema}.events
    where stream = t.stream and version > t.after
    order by version
    limit $3
) e
