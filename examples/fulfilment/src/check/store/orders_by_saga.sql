-- An order that was placed and has no saga is one without an end; a saga may also have been started without an order of ours.
select coalesce(sagas.id, placed.order_id) as order_id, coalesce(sagas.status, 'placed') as state
from (
    select substr(stream, length('order-') + 1) collate "C" as order_id
    from events
    where name = 'order.placed'
) placed
full join (
    select id collate "C" as id, status
    from sagas
    where saga = 'order-fulfilment'
) sagas on sagas.id = placed.order_id
order by 1
