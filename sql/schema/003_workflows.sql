-- What workflows decided: every command to a system, and every change of a step.

CREATE TABLE IF NOT EXISTS commands
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    id         String                 COMMENT 'Of the command: made from request, step and n' CODEC(ZSTD(3)),
    request    String                 COMMENT 'Request that it is for'                      CODEC(ZSTD(3)),
    workflow   LowCardinality(String) COMMENT 'Workflow of the request'                     CODEC(ZSTD(1)),
    step       LowCardinality(String) COMMENT 'Step of the workflow'                        CODEC(ZSTD(1)),
    n          UInt32                 COMMENT 'How often this step was asked for, from 1'   CODEC(ZSTD(1)),
    system     LowCardinality(String) COMMENT 'System that is asked'                        CODEC(ZSTD(1)),
    verb       LowCardinality(String) COMMENT 'What it is asked to do'                      CODEC(ZSTD(1)),
    key        String                 COMMENT 'What the system keeps beside its object, so that it is found again' CODEC(ZSTD(3)),
    mode       LowCardinality(String) COMMENT 'on: it is sent; shadow: it was only worked out' CODEC(ZSTD(1)),
    not_after  Nullable(DateTime64(6, 'UTC')) COMMENT 'It is not begun after this'          CODEC(ZSTD(1)),
    undoes     String                 COMMENT 'Command that it takes back; empty for none'  CODEC(ZSTD(3)),
    priority   LowCardinality(String) COMMENT 'Priority of the request'                     CODEC(ZSTD(1)),
    because    String                 COMMENT 'Why, for people'                             CODEC(ZSTD(3)),
    time       DateTime64(6, 'UTC')   COMMENT 'Append time of the decision'                 CODEC(Delta, ZSTD(1)),
    command    String                 COMMENT 'JSON of the whole command, as it is published' CODEC(ZSTD(3)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (request, step, n, id, run)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Commands of workflows to the systems around';

CREATE TABLE IF NOT EXISTS workflow_steps
(
    stream       LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run          LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence     UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended     DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant        LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line         LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset        LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    request      String                 COMMENT 'Request that the workflow runs for'          CODEC(ZSTD(3)),
    workflow     LowCardinality(String) COMMENT 'Workflow of the request'                     CODEC(ZSTD(1)),
    definition   LowCardinality(String) COMMENT 'Hash of the definition that it runs by'      CODEC(ZSTD(1)),
    step         LowCardinality(String) COMMENT 'Step; empty: the workflow as a whole'        CODEC(ZSTD(1)),
    position     UInt32                 COMMENT 'Place among the changes of this request, from 1' CODEC(ZSTD(1)),
    n            UInt32                 COMMENT 'How many commands the step had'              CODEC(ZSTD(1)),
    state        LowCardinality(String) COMMENT 'How far it is from here on, or what happened to it' CODEC(ZSTD(1)),
    because      String                 COMMENT 'Why, for people'                             CODEC(ZSTD(3)),
    time         DateTime64(6, 'UTC')   COMMENT 'Append time of the change'                   CODEC(Delta, ZSTD(1)),
    settled      Bool                   COMMENT 'Nothing is waited for any more'              CODEC(ZSTD(1)),
    command      String                 COMMENT 'Command that it is about; empty for none'    CODEC(ZSTD(3)),
    system       LowCardinality(String) COMMENT 'System that was asked; empty for none'       CODEC(ZSTD(1)),
    remote       String                 COMMENT 'Id of the object in that system'             CODEC(ZSTD(3)),
    remote_state LowCardinality(String) COMMENT 'Last word of that system on the state of the object' CODEC(ZSTD(1)),
    `values`     String                 COMMENT 'JSON of what the system gave'                CODEC(ZSTD(3)),
    landed       DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (request, position, run)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Changes of the steps of workflows, each with its reason';
