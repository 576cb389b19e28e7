/**
 * Writes pump.ndjson: half an hour of pump p1/stamping/pump1, made up. Its strainer clogs from minute 8 on, so that
 * the inlet pressure falls; from minute 13 on the pump cavitates and shakes. Run: node pump.js > pump.ndjson
 */
const START = Date.UTC(2026, 0, 5, 7);
const MINUTE = 60_000;
const RATE = 2560;
const SAMPLES = 256;

/** Linear from one value to another between two minutes. */
const ramp = (minute, [from, to], [low, high]) =>
  low + (high - low) * Math.min(1, Math.max(0, (minute - from) / (to - from)));

/** Repeatable noise between -1 and 1 (a linear congruential generator). */
let seed = 1;
function noise() {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 31 - 1;
}

const rounded = (value, digits) => Number(value.toFixed(digits));
const line = (subject, payload, appended) =>
  console.log(JSON.stringify({ subject, ...(appended && { appended }), payload }));

const order = (id, from, to, product) => ({
  id,
  kind: 'order',
  start: START + from * MINUTE,
  end: START + to * MINUTE,
  order: id,
  product,
});
const entries = [
  order('4711', -60, 240, 'bracket'),
  { id: 'c1', kind: 'changeover', start: START + 240 * MINUTE, end: START + 330 * MINUTE },
  order('4712', 330, 720, 'hinge'),
];
line('schedule.p1.stamping', { entries }, START);
line('event.p1.stamping.pump1', { time: START, type: 'state', data: { state: 'EXECUTE' } });

for (let second = 0; second < 30 * 60; second += 5) {
  const minute = second / 60;
  const time = START + second * 1_000;
  if (second % 30 === 0) line('waveform.p1.stamping.pump1.de', vibration(minute, time));
  const values = {
    inlet_pressure: rounded(ramp(minute, [8, 12], [2.1, 0.55]) + 0.03 * noise(), 2),
    flow: rounded(ramp(minute, [8, 14], [240, 185]) + 2 * noise(), 0),
    temperature: rounded(ramp(minute, [10, 30], [52, 66]) + 0.3 * noise(), 1),
  };
  line('telemetry.p1.stamping.pump1', { time, values });
}

/** A tone of six vanes at 24.5 turns a second: its velocity is its acceleration over 2 pi f; 1 g is 9806.65 mm/s2. */
function vibration(minute, time) {
  const rms = ramp(minute, [13, 16], [1.6, 3.6]) + ramp(minute, [22, 24], [0, 1.8]);
  const tone = 2 * Math.PI * 147;
  const amplitude = (rms * Math.SQRT2 * tone) / 9806.65;
  const samples = Array.from({ length: SAMPLES }, (_, index) =>
    rounded(amplitude * Math.sin((tone * index) / RATE) + 0.02 * noise(), 3),
  );
  return { time, rate: RATE, unit: 'g', samples, rpm: 1470 };
}
