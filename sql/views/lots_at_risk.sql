-- Which lots were made while an anomaly of their machine stood? A lot is made from its event of the type `lot` on (data: `lot`, and
-- perhaps `product` and `order`), until the next one of the machine; one with an empty `lot` ends it.
CREATE OR REPLACE VIEW lots_at_risk
(
    plant        LowCardinality(String)         COMMENT 'Plant',
    line         LowCardinality(String)         COMMENT 'Line of the plant',
    asset        LowCardinality(String)         COMMENT 'Machine that made it',
    lot          String                         COMMENT 'Lot',
    product      String                         COMMENT 'Product, as the event of the lot says',
    `order`      String                         COMMENT 'Production order, as the event of the lot says',
    begun        DateTime64(6, 'UTC')           COMMENT 'When the machine began it',
    ended        Nullable(DateTime64(6, 'UTC')) COMMENT 'When it began the next, or none; NULL while it makes it',
    anomaly      String                         COMMENT 'Anomaly that stood meanwhile',
    rule         LowCardinality(String)         COMMENT 'Detector',
    component    LowCardinality(String)         COMMENT 'Component',
    failure_mode LowCardinality(String)         COMMENT 'Failure mode',
    severity     LowCardinality(String)         COMMENT 'Severity',
    since        DateTime64(6, 'UTC')           COMMENT 'From when on the anomaly stood',
    cleared      Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when; NULL while it stands'
)
AS
WITH
    made AS
    (
        SELECT
            plant, line, asset, time AS begun,
            JSONExtractString(data, 'lot') AS lot, JSONExtractString(data, 'product') AS product, JSONExtractString(data, 'order') AS `order`,
            leadInFrame(toNullable(time)) OVER (
                PARTITION BY plant, line, asset ORDER BY time, sequence ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
            ) AS ended
        FROM
        (
            SELECT fact.plant AS plant, fact.line AS line, fact.asset AS asset, fact.time AS time, fact.sequence AS sequence, fact.data AS data
            FROM machine_events AS fact FINAL
            LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
            WHERE fact.type = 'lot' AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
        )
    ),
    stood AS
    (
        SELECT
            plant, line, asset, id, rule, component, failure_mode, severity, since,
            if(phase = 'cleared', toNullable(time), NULL) AS cleared
        FROM anomalies_now
    )
SELECT
    made.plant AS plant, made.line AS line, made.asset AS asset, made.lot AS lot, made.product AS product, made.`order` AS `order`,
    made.begun AS begun, made.ended AS ended, stood.id AS anomaly, stood.rule AS rule, stood.component AS component,
    stood.failure_mode AS failure_mode, stood.severity AS severity, stood.since AS since, stood.cleared AS cleared
FROM made
INNER JOIN stood ON made.plant = stood.plant AND made.line = stood.line AND made.asset = stood.asset
WHERE made.lot != '' AND ifNull(made.ended > stood.since, true) AND ifNull(made.begun < stood.cleared, true)
COMMENT 'Lots that were made while an anomaly of their machine stood';
