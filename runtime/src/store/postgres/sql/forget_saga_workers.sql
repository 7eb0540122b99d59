-- One that is about to get instances is passed over, and forgotten the next time.
with expired as (
    select worker from {schema}.saga_workers where expires_at <= clock_timestamp() for update skip locked
)
delete from {schema}.saga_workers w using expired e where w.worker = e.worker
