-- Which ids does one system give more than once?
SELECT
    plant, entity, system, [remote] AS objects,
    concat('the id ', remote, ' is there ', toString(times), ' times') AS text,
    'Give each of them an id of its own; of a file, look for a line that was pasted twice.' AS proposal
FROM master_now
WHERE times > 1
ORDER BY system, entity, remote;
