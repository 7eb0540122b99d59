WITH written AS (
    UPDATE floor.sagas AS saga
    SET sequence = input.sequence + 1, step = input.step,
        status = CASE WHEN input.ends THEN 'completed' ELSE 'running' END,
        owner = CASE WHEN input.ends THEN NULL ELSE saga.owner END,
        due_at = CASE WHEN input.ends THEN NULL ELSE saga.due_at END
    FROM UNNEST($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::boolean[])
        AS input (instance, epoch, sequence, entry, step, output, ends)
    WHERE saga.instance = input.instance AND saga.epoch = input.epoch AND saga.sequence = input.sequence
    RETURNING saga.instance, saga.sequence, input.entry, input.step, input.output
), logged AS (
    INSERT INTO floor.saga_log (instance, sequence, entry, step, output)
    SELECT instance, sequence, entry, step, output::json FROM written
)
SELECT instance FROM written
