-- What was made of what was planned? One row per operation with a quantity whose end has passed. Made: the good pieces that were
-- counted in its time by the machine of it that counted least, since a line gives no more than that. 0 where machines counted before
-- and none did in its time. NULL where no machine counts.
CREATE OR REPLACE VIEW planned_output
(
    plant    LowCardinality(String) COMMENT 'Plant',
    line     LowCardinality(String) COMMENT 'Line of the plant',
    entry    String                 COMMENT 'Operation of the schedule',
    `order`  LowCardinality(String) COMMENT 'Production order',
    product  LowCardinality(String) COMMENT 'Product',
    `end`    DateTime64(6, 'UTC')   COMMENT 'Planned end',
    quantity Float64                COMMENT 'How many were planned',
    made     Nullable(Float64)      COMMENT 'Good pieces'
)
AS
WITH
    counters AS
    (
        SELECT plant, line, groupArray((asset, first)) AS machines
        FROM (SELECT plant, line, asset, min(time) AS first FROM production_counts GROUP BY plant, line, asset)
        GROUP BY plant, line
    ),
    entries AS
    (
        SELECT
            entry.plant AS plant, entry.line AS line, entry.id AS id, entry.`order` AS `order`, entry.product AS product,
            entry.start AS start, entry.`end` AS finish, assumeNotNull(entry.quantity) AS quantity, entry.assets AS assets,
            arrayJoin(range(toUInt32(toDate(entry.start)), toUInt32(toDate(entry.`end`)) + 1)) AS day,
            arrayExists(
                each -> each.2 <= entry.start AND (empty(entry.assets) OR has(entry.assets, each.1)), counters.machines
            ) AS counts_at_all
        FROM planned_now AS entry
        LEFT JOIN counters ON entry.plant = counters.plant AND entry.line = counters.line
        INNER JOIN newest ON entry.plant = newest.plant AND entry.line = newest.line
        WHERE entry.kind = 'operation' AND entry.quantity > 0 AND entry.`end` <= newest.time AND entry.`end` > entry.start
    ),
    machines AS
    (
        SELECT
            entries.plant AS plant, entries.line AS line, entries.id AS id, counts.asset AS asset,
            any(entries.`order`) AS `order`, any(entries.product) AS product, any(entries.finish) AS finish,
            any(entries.quantity) AS quantity, any(entries.counts_at_all) AS counts_at_all,
            countIf(
                counts.time > entries.start AND counts.time <= entries.finish
                AND (empty(entries.assets) OR has(entries.assets, counts.asset))
            ) AS times,
            sumIf(
                counts.good,
                counts.time > entries.start AND counts.time <= entries.finish
                AND (empty(entries.assets) OR has(entries.assets, counts.asset))
            ) AS good
        FROM entries
        LEFT JOIN (SELECT *, toUInt32(toDate(time)) AS day FROM production_counts) AS counts
          ON entries.plant = counts.plant AND entries.line = counts.line AND entries.day = counts.day
        GROUP BY plant, line, id, asset
    )
SELECT
    plant, line, id AS entry, any(machine.`order`) AS `order`, any(machine.product) AS product, any(machine.finish) AS `end`,
    any(machine.quantity) AS quantity, coalesce(minOrNullIf(machine.good, machine.times > 0), if(any(machine.counts_at_all), 0, NULL)) AS made
FROM machines AS machine
GROUP BY plant, line, id
COMMENT 'Operations that are over, with what was planned and what was made';
