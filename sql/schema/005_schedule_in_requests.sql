-- What a request says of the schedule, as columns; and the segments of operations. Empty in rows from before.

ALTER TABLE requests
    ADD COLUMN IF NOT EXISTS `order` LowCardinality(String) COMMENT 'Order that the machine worked on when the revision was made' CODEC(ZSTD(1)) AFTER anomalies,
    ADD COLUMN IF NOT EXISTS operation LowCardinality(String) COMMENT 'Segment of that order at the machine' CODEC(ZSTD(1)) AFTER `order`,
    ADD COLUMN IF NOT EXISTS product LowCardinality(String) COMMENT 'Product of that order' CODEC(ZSTD(1)) AFTER operation,
    ADD COLUMN IF NOT EXISTS due Nullable(DateTime64(6, 'UTC')) COMMENT 'When that order is due' CODEC(ZSTD(1)) AFTER product,
    ADD COLUMN IF NOT EXISTS slot_start Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the proposed slot' CODEC(ZSTD(1)) AFTER due,
    ADD COLUMN IF NOT EXISTS slot_end Nullable(DateTime64(6, 'UTC')) COMMENT 'End of the proposed slot' CODEC(ZSTD(1)) AFTER slot_start,
    ADD COLUMN IF NOT EXISTS slot_entry String COMMENT 'Entry of the schedule that is the slot, or that it follows' CODEC(ZSTD(1)) AFTER slot_end,
    ADD COLUMN IF NOT EXISTS slot_kind LowCardinality(String) COMMENT 'changeover, planned-stop, maintenance or gap' CODEC(ZSTD(1)) AFTER slot_entry,
    ADD COLUMN IF NOT EXISTS stop_cost Nullable(Float64) COMMENT 'Cost of a stop for the work while the machine produces' CODEC(ZSTD(1)) AFTER slot_kind,
    ADD COLUMN IF NOT EXISTS order_late Nullable(Bool) COMMENT 'By such a stop the order would miss its due time' CODEC(ZSTD(1)) AFTER stop_cost;

ALTER TABLE request_history
    ADD COLUMN IF NOT EXISTS `order` LowCardinality(String) COMMENT 'Order that the machine worked on when the revision was made' CODEC(ZSTD(1)) AFTER anomalies,
    ADD COLUMN IF NOT EXISTS operation LowCardinality(String) COMMENT 'Segment of that order at the machine' CODEC(ZSTD(1)) AFTER `order`,
    ADD COLUMN IF NOT EXISTS product LowCardinality(String) COMMENT 'Product of that order' CODEC(ZSTD(1)) AFTER operation,
    ADD COLUMN IF NOT EXISTS due Nullable(DateTime64(6, 'UTC')) COMMENT 'When that order is due' CODEC(ZSTD(1)) AFTER product,
    ADD COLUMN IF NOT EXISTS slot_start Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the proposed slot' CODEC(ZSTD(1)) AFTER due,
    ADD COLUMN IF NOT EXISTS slot_end Nullable(DateTime64(6, 'UTC')) COMMENT 'End of the proposed slot' CODEC(ZSTD(1)) AFTER slot_start,
    ADD COLUMN IF NOT EXISTS slot_entry String COMMENT 'Entry of the schedule that is the slot, or that it follows' CODEC(ZSTD(1)) AFTER slot_end,
    ADD COLUMN IF NOT EXISTS slot_kind LowCardinality(String) COMMENT 'changeover, planned-stop, maintenance or gap' CODEC(ZSTD(1)) AFTER slot_entry,
    ADD COLUMN IF NOT EXISTS stop_cost Nullable(Float64) COMMENT 'Cost of a stop for the work while the machine produces' CODEC(ZSTD(1)) AFTER slot_kind,
    ADD COLUMN IF NOT EXISTS order_late Nullable(Bool) COMMENT 'By such a stop the order would miss its due time' CODEC(ZSTD(1)) AFTER stop_cost;

ALTER TABLE schedule
    ADD COLUMN IF NOT EXISTS segment LowCardinality(String) COMMENT 'Process segment of an operation' CODEC(ZSTD(1)) AFTER `order`,
    MODIFY COLUMN kind COMMENT 'order, operation, changeover, planned-stop or maintenance';
