-- Every epoch makes a part of each of these tables, and a merge leaves the old ones behind. ClickHouse looks for them every
-- 30 s, but waits longer each time that it found few, up to five minutes: a thousand old parts, whose columns and
-- primary keys stay in memory until then.

ALTER TABLE readings MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE readings_1m MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE readings_1h MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE readings_1d MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE windows MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE features MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE waveforms MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE dead_letters MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE epochs MODIFY SETTING max_cleanup_delay_period = 30;
