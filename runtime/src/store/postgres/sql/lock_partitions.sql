select c.live, p.partition, p.position, p.epoch, p.worker, c.generation, c.columns is not null
from {schema}.consumer_partitions p
join {schema}.consumers c on c.name = p.consumer and c.generation = p.generation
where p.consumer = $1
order by c.generation, p.partition
for update of p
