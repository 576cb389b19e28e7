-- What users of a cluster need beside the tables, whose statements `andon migrate --cluster` prints before these:
-- ALTER USER andon ON CLUSTER '{cluster}' SETTINGS PROFILE 'andon_cluster';
CREATE SETTINGS PROFILE IF NOT EXISTS andon_cluster ON CLUSTER '{cluster}' SETTINGS
    -- An insert is over when the shards have it, and not when one server means to send it to them.
    distributed_foreground_insert = 1,
    -- And when most replicas of a shard have it: a host is lost with its disk.
    insert_quorum = 'auto',
    -- What two tables of one question have in common is asked once, and sent along: the default refuses such a question.
    distributed_product_mode = 'global';
