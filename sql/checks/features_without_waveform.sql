-- Are there features whose waveform is not here, although it has not been kept long enough to be gone?
SELECT feature.plant, feature.line, feature.asset, feature.point, feature.time, feature.run
FROM features AS feature
WHERE (feature.stream, feature.run, feature.plant, feature.line, feature.asset, feature.point, feature.time) NOT IN (
    SELECT stream, run, plant, line, asset, point, time FROM waveforms
)
  AND feature.landed >= (SELECT min(landed) FROM waveforms)
ORDER BY feature.plant, feature.line, feature.asset, feature.point, feature.time;
