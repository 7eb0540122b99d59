DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
-- The columns that an event of the library has, so that both sides write the same.
CREATE TABLE floor.events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream text NOT NULL,
    version bigint NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    schema_version integer NOT NULL,
    payload json NOT NULL,
    correlation_id uuid,
    causation_id uuid,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (stream, version)
);
-- The columns of the library's read model, filled by hand.
CREATE TABLE floor.account_summaries (
    account uuid PRIMARY KEY,
    owner text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    balance bigint NOT NULL,
    entries bigint NOT NULL,
    last_reference uuid,
    changed_at timestamptz NOT NULL
);
CREATE TABLE floor.turnover (
    account uuid PRIMARY KEY,
    turnover bigint NOT NULL
);
CREATE TABLE floor.checkpoints (
    name text PRIMARY KEY,
    position bigint NOT NULL
);
-- A saga by hand: the columns that an instance and its log need.
CREATE TABLE floor.sagas (
    instance uuid PRIMARY KEY,
    state json NOT NULL,
    status text NOT NULL,
    step text,
    owner uuid,
    epoch bigint NOT NULL DEFAULT 0,
    sequence integer NOT NULL DEFAULT 0,
    due_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX sagas_by_due ON floor.sagas (due_at) WHERE owner IS NULL AND due_at IS NOT NULL;
CREATE TABLE floor.saga_log (
    instance uuid NOT NULL,
    sequence integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    entry text NOT NULL,
    step text NOT NULL,
    output json,
    PRIMARY KEY (instance, sequence)
);
