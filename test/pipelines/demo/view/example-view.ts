import { type EventTime, MINUTE, plus, SECOND } from '../../../../operators/model/time.ts';
import type { BoardStatus, DemoView } from '../../../../pipelines/demo/view/view.ts';

const BEGIN = (Date.UTC(2026, 0, 5, 6) * 1_000) as EventTime;
const at = (minutes: number, seconds = 0) =>
  plus(BEGIN, (minutes * MINUTE + seconds * SECOND) as typeof MINUTE);
const machine = (name: string, status: BoardStatus = 'running') => ({ name, status });

/** A demo in the middle: of everything that a screen can show there is something. */
export const VIEW: DemoView = {
  phase: 'running',
  waiting: '',
  seed: 1,
  begin: BEGIN,
  at: at(78, 12),
  speed: 120,
  actual: 119.6,
  done: 0.65,
  elapsed: 39,
  seconds: 60,
  counts: { readings: 482_310, windows: 6_120, anomalies: 14, incidents: 9, requests: 4 },
  rates: { messages: 1_830, readings: 12_480 },
  lag: { messages: 910, seconds: 58, held: false },
  latency: { warehouse: 480, cmms: 1_240 },
  lines: [
    {
      name: 'Stamping',
      machines: [
        machine('Press 1'),
        machine('Press 2', 'anomalous'),
        machine('Hydraulic pump', 'requested'),
      ],
    },
    { name: 'Machining', machines: [machine('Spindle 1'), machine('Coolant pump', 'requested')] },
    {
      name: 'Packaging',
      machines: [
        machine('Conveyor', 'stopped'),
        machine('Packer', 'stopped'),
        machine('Exhaust fan', 'unknown'),
      ],
    },
  ],
  requests: [
    {
      id: 'i2b2imy4l3jj3qao64nc',
      at: at(71, 30),
      action: 'update',
      revision: 2,
      priority: 'high',
      asset: 'coolant-pump',
      assetKey: 'p1/machining/coolant-pump',
      title: 'Coolant pump, bearing: outer race damage',
      failureMode: 'BRG-OUTER',
      slot: '10:00 to 11:30 (changeover), spares 900 EUR',
      remote: 'WR-00002',
    },
    {
      id: 'ufu6ty5e5e246sv3nzae',
      at: at(33),
      action: 'open',
      revision: 1,
      priority: 'medium',
      asset: 'hydraulic-pump',
      assetKey: 'p1/stamping/hydraulic-pump',
      title:
        'Hydraulic pump: warning: vibration_velocity_rms at de is 3.296 mm/s, in zone C of ISO 20816-3:2022, group 2 rigid',
      failureMode: '',
      slot: undefined,
      remote: undefined,
    },
    {
      id: 'aaaaty5e5e246sv3nzae',
      at: at(12),
      action: 'withdraw',
      revision: 2,
      priority: 'low',
      asset: 'exhaust-fan',
      assetKey: 'p1/packaging/exhaust-fan',
      title: 'Exhaust fan: temperature is silent',
      failureMode: 'SILENT',
      slot: undefined,
      remote: 'WR-00001',
    },
  ],
  latest: [
    {
      kind: 'anomaly',
      at: at(70, 10),
      asset: 'coolant-pump',
      severity: 'warning',
      text: 'vibration_velocity_rms at de is 3.1 mm/s, in zone C',
    },
    {
      kind: 'anomaly',
      at: at(71, 30),
      asset: 'coolant-pump',
      severity: 'alarm',
      text: 'envelope line at 107.4 Hz: outer race',
    },
    {
      kind: 'incident',
      at: at(71, 30),
      asset: 'coolant-pump',
      severity: 'alarm',
      text: 'BRG-OUTER: bearing-wear, from 2 anomalies',
    },
  ],
  deadLetters: [
    { reason: 'duplicate', count: 312 },
    { reason: 'too-late', count: 40 },
    { reason: 'suppressed', count: 12 },
    { reason: 'unknown', count: 3 },
  ],
  look: [
    {
      where: 'npx andon requests --config /tmp/andon-demo-a1b2c3/andon.yaml',
      what: 'all requests; requests show ID says why',
    },
    { where: 'http://127.0.0.1:41234', what: 'ClickHouse, for any client' },
  ],
  trouble: undefined,
};
