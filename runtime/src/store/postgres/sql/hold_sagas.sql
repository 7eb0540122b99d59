select instance, saga, id, version, definition, state, status, step, reason, correlation_id, causation_id, epoch, sequence, owner, due_at, messages, messages_seen, started_at, updated_at
from {schema}.hold_sagas($1, $2)
