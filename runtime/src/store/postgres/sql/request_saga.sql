-- The update comes first: it locks the instance, and gives the message its number.
with asked as (
    update {schema}.sagas
    set messages = messages + 1,
        due_at = case when owner is null and status not in ('completed', 'compensated') then least(due_at, clock_timestamp()) end
    where saga = $1 and id = $2
    returning messages
)
insert into {schema}.saga_messages (at, number, saga, id, kind, step, text, output)
select clock_timestamp(), messages, $1, $2, $3, $4, $5, $6::json from asked
