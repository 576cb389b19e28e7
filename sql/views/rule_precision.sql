-- How often is each rule right, by the answers of people (view rule_answers)? One row per rule and asset, and one per rule of a plant
-- with an empty line and asset. The interval holds the true precision in 95 of 100 cases (Wilson 1927, J. Am. Stat. Assoc. 22, 209:
-- with z = 1.96, (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)): with few answers it is wide, and one answer is no proof.
CREATE OR REPLACE VIEW rule_precision
(
    plant          LowCardinality(String) COMMENT 'Plant',
    line           LowCardinality(String) COMMENT 'Line of the plant; empty: all of them',
    asset          LowCardinality(String) COMMENT 'Asset of the line; empty: all of them',
    rule           LowCardinality(String) COMMENT 'Detector or pattern',
    answers        UInt64                 COMMENT 'Anomalies or incidents with an answer',
    confirmed      UInt64                 COMMENT 'Called right',
    called_false   UInt64                 COMMENT 'Called false',
    precision      Float64                COMMENT 'Share of those called right',
    precision_low  Float64                COMMENT 'Lower end of its interval of 95 %',
    precision_high Float64                COMMENT 'Upper end of its interval of 95 %',
    reasons        Array(String)          COMMENT 'Why the latest three false ones were false, where somebody said so',
    latest         DateTime64(6, 'UTC')   COMMENT 'The latest answer'
)
AS
WITH
    1.959963984540054 AS z,
    z / (1 + z * z / answers) * sqrt(precision * (1 - precision) / answers + z * z / (4 * answers * answers)) AS half,
    (precision + z * z / (2 * answers)) / (1 + z * z / answers) AS middle
SELECT
    plant, line, asset, rule, answers, confirmed, called_false,
    confirmed / answers                AS precision,
    greatest(middle - half, 0)         AS precision_low,
    least(middle + half, 1)            AS precision_high,
    reasons, latest
FROM
(
    SELECT
        plant, line, asset, rule,
        count()                                             AS answers,
        countIf(answer.verdict = 'confirmed')               AS confirmed,
        countIf(answer.verdict = 'false')                   AS called_false,
        arrayMap(
            each -> each.2,
            arraySlice(
                arrayReverseSort(groupArrayIf((answer.time, answer.reason), answer.verdict = 'false' AND answer.reason != '')), 1, 3
            )
        )                                                   AS reasons,
        max(answer.time)                                    AS latest
    FROM rule_answers AS answer
    GROUP BY GROUPING SETS ((plant, line, asset, rule), (plant, rule))
)
COMMENT 'How often each rule was right, by the answers of people, with an interval';
