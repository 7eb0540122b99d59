select outcome, version, "position", recorded_at
from {schema}.append_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
