select version, state from {schema}.snapshots where stream = $1 and fingerprint = $2
