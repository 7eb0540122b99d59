select saga, status, sum(instances)::bigint from {schema}.saga_counts group by saga, status having sum(instances) > 0
order by saga, status
