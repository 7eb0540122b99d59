select t.stream, (select e.version from {schema}.events e where e.stream = t.stream order by e.version desc limit 1)
from unnest($1::text[]) t (stream)
