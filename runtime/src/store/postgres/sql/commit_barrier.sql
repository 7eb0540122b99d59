-- Its commit waits for the synchronous standbys, as that of an append does. Everything that was visible before is then on them too. A commit that writes no WAL does not wait.
-- Without a synchronous standby every visible commit of ours is durable already, and nothing is written.
select case when current_setting('synchronous_standby_names') <> '' then pg_logical_emit_message(true, 'kenning', ''::text) end
