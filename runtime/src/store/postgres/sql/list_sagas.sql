select instance, saga, id, version, definition, state, status, step, reason, correlation_id, causation_id, epoch, sequence, owner, due_at, messages, messages_seen, started_at, updated_at
from {schema}.list_sagas($1, $2, $3, $4, $5, $6, $7, $8)
