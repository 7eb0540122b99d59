-- When an event that has failed is tried again without a request; null: it is parked, or waits behind
-- another event of its stream. A process of an older release takes such an event for a parked one.
alter table {schema}.parked_events add column retry_at timestamptz
