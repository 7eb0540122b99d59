-- Writes the events of those streams that are at the version their writer expects, and returns which these were.
WITH accepted AS MATERIALIZED (
    SELECT s.nth::integer AS nth, s.stream
    FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS s (stream, expected, nth)
    WHERE s.expected = coalesce(
        (SELECT version FROM floor.events WHERE stream = s.stream ORDER BY version DESC LIMIT 1), 0)
), written AS (
    INSERT INTO floor.events (stream, version, id, name, schema_version, payload, correlation_id, causation_id)
    SELECT accepted.stream, e.version, e.id, e.name, 1, e.payload::json, e.cause, e.cause
    FROM unnest($3::integer[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::uuid[])
        AS e (nth, version, id, name, payload, cause)
    JOIN accepted USING (nth)
)
SELECT nth FROM accepted
