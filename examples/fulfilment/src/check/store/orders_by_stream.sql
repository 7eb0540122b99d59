select distinct on (stream) substr(stream, length('order-') + 1) as order_id, name as state
from events
where stream in (select stream from events where name = 'order.placed')
order by stream, version desc
