select c.command_id, c.body_hash, c.stream, c.version, c.events, c.recorded_at, e.position
from {schema}.commands c
left join {schema}.events e on e.stream = c.stream and e.version = c.version and c.events > 0
where c.command_id = $1
