-- What is the latest that each detector said of each anomaly? `phase` tells whether it still stands.
CREATE OR REPLACE VIEW anomalies_now AS
SELECT *
FROM anomalies
ORDER BY revision DESC
LIMIT 1 BY plant, line, asset, id, run;
