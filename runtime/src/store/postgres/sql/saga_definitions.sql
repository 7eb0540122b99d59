select d.saga, d.version, d.definition, d.description, exists (
    select from {schema}.saga_workers w
    where w.expires_at > clock_timestamp() and exists (
        select from unnest(w.sagas, w.definitions) r (saga, definition) where r.saga = d.saga and r.definition = d.definition
    )
)
from {schema}.saga_definitions d
where d.saga = $1
order by d.version, d.definition
