delete from {schema}.consumer_names where name = $1 or former = $1
