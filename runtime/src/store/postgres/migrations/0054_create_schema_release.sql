-- One row: which releases may use the schema. A migration that a release cannot do without raises `compatible_from` to its own number: releases that do not know that migration
-- are refused. All others go on, since everything else that migrations do is added.
create table {schema}.schema_release (
    one boolean primary key default true check (one),
    compatible_from bigint not null
);
insert into {schema}.schema_release (compatible_from) values (0)
