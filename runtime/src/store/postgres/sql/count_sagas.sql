select saga, status, count(*) from {schema}.sagas group by saga, status order by saga, status
