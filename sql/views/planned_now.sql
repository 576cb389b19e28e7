-- Which schedule entries are in force? The latest version of each entry; cancelled ones are left out.
CREATE OR REPLACE VIEW planned_now
(
    plant    LowCardinality(String)         COMMENT 'Plant',
    line     LowCardinality(String)         COMMENT 'Line of the plant',
    id       String                         COMMENT 'Entry',
    kind     LowCardinality(String)         COMMENT 'order, operation, changeover, planned-stop or maintenance',
    start    DateTime64(6, 'UTC')           COMMENT 'Planned start',
    `end`    DateTime64(6, 'UTC')           COMMENT 'Planned end',
    `order`  String                         COMMENT 'Production order',
    segment  LowCardinality(String)         COMMENT 'Process segment of an operation',
    product  LowCardinality(String)         COMMENT 'Product',
    due      Nullable(DateTime64(6, 'UTC')) COMMENT 'When the order is due',
    quantity Nullable(Float64)              COMMENT 'How many',
    assets   Array(String)                  COMMENT 'Only these assets; all of the line if empty',
    sequence UInt64                         COMMENT 'Message that it came with'
)
AS
SELECT plant, line, id, kind, start, `end`, `order`, segment, product, due, quantity, assets, sequence
FROM
(
    SELECT entry.*
    FROM schedule AS entry
    LEFT JOIN counted_runs AS counted ON entry.stream = counted.stream AND entry.run = counted.run
    WHERE NOT arrayExists(range -> entry.sequence BETWEEN range.1 AND range.2, counted.superseded)
    ORDER BY entry.appended DESC, entry.sequence DESC
    LIMIT 1 BY entry.plant, entry.line, entry.id
)
WHERE NOT cancelled
COMMENT 'Schedule entries in force';
