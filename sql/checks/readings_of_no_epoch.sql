-- Are there readings of messages that no epoch has processed? Then an epoch landed in part and was not tried again.
SELECT
    reading.run           AS run,
    reading.stream        AS stream,
    min(reading.sequence) AS from_sequence,
    max(reading.sequence) AS to_sequence,
    count()               AS readings
FROM readings AS reading
ASOF LEFT JOIN epochs AS epoch
    ON reading.run = epoch.run AND reading.stream = epoch.stream AND reading.sequence >= epoch.first_sequence
WHERE epoch.last_sequence < reading.sequence
GROUP BY run, stream;
