select exists (
    select from {schema}.consumers c
    join {schema}.parked_events k on k.consumer = c.name and k.generation = c.generation
    where c.name = $1 and c.generation = $2 and c.replace_anyway is null
)
