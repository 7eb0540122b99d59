INSERT INTO floor.account_summaries AS t (account, owner, currency, balance, entries, last_reference, changed_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::uuid[], $7::timestamptz[])
ON CONFLICT (account) DO UPDATE SET
    owner = CASE WHEN excluded.owner = '' THEN t.owner ELSE excluded.owner END,
    currency = CASE WHEN excluded.currency = '' THEN t.currency ELSE excluded.currency END,
    balance = t.balance + excluded.balance,
    entries = t.entries + excluded.entries,
    last_reference = coalesce(excluded.last_reference, t.last_reference),
    changed_at = excluded.changed_at
