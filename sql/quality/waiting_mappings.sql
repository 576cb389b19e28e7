-- Which mapping waits for somebody to approve it?
SELECT
    '' AS plant, entity, system, [remote] AS objects,
    concat(if(proposed = '', 'somebody', proposed), ' proposed that ', remote, ' is ', id, ', and nobody has approved it') AS text,
    concat('Let ', if(owner = '', 'its owner', owner), ' approve it (`approved`) or take it out.') AS proposal
FROM master_mappings_now
WHERE state = 'waiting'
ORDER BY system, entity, remote;
