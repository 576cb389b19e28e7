-- Which problems have a request that is neither withdrawn nor closed?
CREATE OR REPLACE VIEW open_requests
(
    stream       LowCardinality(String)         COMMENT 'Partition of the log that the row came from',
    run          LowCardinality(String)         COMMENT 'Processing of the log that wrote the row',
    sequence     UInt64                         COMMENT 'Message of the stream that caused the row',
    appended     DateTime64(6, 'UTC')           COMMENT 'When the broker took that message',
    plant        LowCardinality(String)         COMMENT 'Plant',
    line         LowCardinality(String)         COMMENT 'Line of the plant',
    asset        LowCardinality(String)         COMMENT 'Asset of the line',
    id           String                         COMMENT 'One problem, one request',
    revision     UInt32                         COMMENT 'Dense, from 1',
    action       LowCardinality(String)         COMMENT 'open, update, withdraw or close',
    component    LowCardinality(String)         COMMENT 'Component',
    failure_mode LowCardinality(String)         COMMENT 'Failure mode',
    priority     LowCardinality(String)         COMMENT 'Priority',
    title        String                         COMMENT 'Title for people',
    since        DateTime64(6, 'UTC')           COMMENT 'When the problem began to show',
    opened       DateTime64(6, 'UTC')           COMMENT 'When the request of this round was opened',
    time         DateTime64(6, 'UTC')           COMMENT 'Event time of the revision',
    incidents    Array(String)                  COMMENT 'Incidents it rests on',
    anomalies    Array(String)                  COMMENT 'Anomalies it rests on',
    `order`      LowCardinality(String)         COMMENT 'Order that the machine worked on when the revision was made',
    operation    LowCardinality(String)         COMMENT 'Segment of that order at the machine',
    product      LowCardinality(String)         COMMENT 'Product of that order',
    due          Nullable(DateTime64(6, 'UTC')) COMMENT 'When that order is due',
    slot_start   Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the proposed slot',
    slot_end     Nullable(DateTime64(6, 'UTC')) COMMENT 'End of the proposed slot',
    slot_entry   String                         COMMENT 'Entry of the schedule that is the slot, or that it follows',
    slot_kind    LowCardinality(String)         COMMENT 'changeover, planned-stop, maintenance or gap',
    stop_cost    Nullable(Float64)              COMMENT 'Cost of a stop for the work while the machine produces',
    order_late   Nullable(Bool)                 COMMENT 'By such a stop the order would miss its due time',
    request      String                         COMMENT 'JSON of the whole revision, as it is published'
)
AS
SELECT *
FROM current_requests
WHERE action NOT IN ('withdraw', 'close')
COMMENT 'Requests that are open';
