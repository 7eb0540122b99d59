delete from {schema}.saga_workers where worker = $1
