-- CACHE 1: a position kept back by a session would be drawn before the lock that guards it (see append_event).
create sequence {schema}.event_positions as bigint minvalue 1 start 1 cache 1 no cycle
