UPDATE floor.sagas AS saga
SET owner = $1, epoch = saga.epoch + 1
FROM (
    SELECT instance FROM floor.sagas
    WHERE owner IS NULL AND due_at <= clock_timestamp()
    ORDER BY due_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS due
WHERE saga.instance = due.instance
RETURNING saga.instance, saga.epoch, saga.state::text
