select stream, version from {schema}.streams where stream = any ($1) order by stream for update
