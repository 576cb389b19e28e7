-- What did it take to bring each machine in? From the first plant model that had it to its first window, and how many changes of model
-- and rules of its plant came in the 30 days from then on.
CREATE OR REPLACE VIEW onboardings
(
    plant    LowCardinality(String)         COMMENT 'Plant',
    line     LowCardinality(String)         COMMENT 'Line of the plant',
    asset    LowCardinality(String)         COMMENT 'Asset of the line',
    modelled DateTime64(6, 'UTC')           COMMENT 'Append time of the first model that had it',
    working  Nullable(DateTime64(6, 'UTC')) COMMENT 'Append time of the message that closed its first window; null for none',
    changes  UInt64                         COMMENT 'Changes of model or rules that were applied within 30 days, each once'
)
AS
WITH
    machines AS
    (
        SELECT plant, line, asset, min(appended) AS modelled FROM assets GROUP BY plant, line, asset
    ),
    first_windows AS
    (
        SELECT plant, line, asset, minOrNull(appended) AS working FROM windows GROUP BY plant, line, asset
    ),
    -- The same content once more is no change, and each partition is told each change: of the partitions the one that was told most counts.
    contents AS
    (
        SELECT
            'model' AS what, plant, stream, appended,
            sipHash64(arraySort(groupUniqArray(sipHash64(
                line, asset, name, class, toString(criticality), toString(stop_cost), toString(components), toString(signals),
                toString(points)
            )))) AS content
        FROM assets
        GROUP BY plant, stream, appended
        UNION ALL
        SELECT 'rules', plant, stream, appended, sipHash64(any(rules)) FROM rules GROUP BY plant, stream, appended
    ),
    changes AS
    (
        SELECT plant, stream, appended
        FROM
        (
            SELECT
                plant, stream, appended, content,
                lagInFrame(content) OVER (
                    PARTITION BY what, plant, stream ORDER BY appended ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ) AS earlier
            FROM contents
        )
        WHERE content != earlier
    )
SELECT
    plant, line, asset, any(counted.modelled) AS modelled, any(counted.working) AS working, max(counted.changes) AS changes
FROM
(
    SELECT
        machines.plant AS plant, machines.line AS line, machines.asset AS asset, any(machines.modelled) AS modelled,
        any(first_windows.working) AS working,
        countIf(changes.appended >= machines.modelled AND changes.appended <= machines.modelled + INTERVAL 30 DAY) AS changes
    FROM machines
    LEFT JOIN first_windows
      ON machines.plant = first_windows.plant AND machines.line = first_windows.line AND machines.asset = first_windows.asset
    LEFT JOIN changes ON machines.plant = changes.plant
    GROUP BY machines.plant, machines.line, machines.asset, changes.stream
) AS counted
GROUP BY plant, line, asset
COMMENT 'Machines, with the time and the changes that it took to bring them in';
