update {schema}.consumers set replace_anyway = $2 where name = $1 and not live
