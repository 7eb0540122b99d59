-- The update comes first: it locks the instance, and gives the message its number. Of an instance
-- that has ended, the request is refused at once.
with asked as (
    update {schema}.sagas
    set messages = messages + 1,
        sequence = sequence + case when status in ('completed', 'compensated') then 1 else 0 end,
        due_at = case when owner is null and status not in ('completed', 'compensated') then least(due_at, clock_timestamp()) end
    where saga = $1 and id = $2
    returning instance, messages, sequence, status in ('completed', 'compensated') as ended
), refused as (
    insert into {schema}.saga_log (instance, at, sequence, attempt, kind, output, text)
    select instance, clock_timestamp(), sequence, 0, 'refused', json_build_object('message', messages), $7::text from asked where ended
)
insert into {schema}.saga_messages (at, number, saga, id, kind, step, text, output)
select clock_timestamp(), messages, $1, $2, $3, $4, $5, $6::json from asked
