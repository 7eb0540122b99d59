select instance, saga, id, version, definition, state, status, step, reason, correlation_id, causation_id, epoch, sequence, owner, due_at, messages, messages_seen, started_at, updated_at
from {schema}.sagas
where ($1::text is null or saga = $1)
    and ($2::text is null or status = $2)
    and ($3::text is null or step = $3)
    and ($4::double precision is null or started_at <= clock_timestamp() - make_interval(secs => $4))
    and ($5::text is null or (saga, id) > ($5, $6))
order by saga, id
limit $7
