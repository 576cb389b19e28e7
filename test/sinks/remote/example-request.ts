import { assetKey } from '../../../operators/model/key.ts';
import type { Request } from '../../../operators/model/request.ts';
import type { EventTime } from '../../../operators/model/time.ts';

const TIME = 1_763_800_000_000_000 as EventTime;

/** A request as the trigger stage makes them, with quotes and line breaks where people put them. */
export function exampleRequest(changes: Partial<Request> = {}): Request {
  return {
    kind: 'request',
    id: 'ABCDEFGHIJKLMNOPQRST',
    revision: 1,
    action: 'open',
    asset: assetKey('berlin', 'packing', 'filler-1'),
    asset_name: 'Filler 1',
    component: 'drive',
    failure_mode: 'BRG-WEAR',
    work: 'inspection',
    severity: 'alarm',
    priority: 'high',
    title: 'Check the "drive"\nof Filler 1',
    description: 'Velocity 7.1 mm/s\n{"not": "json"} \\ {{id}}',
    parts: ['6205-2RS'],
    duration: 2,
    slot: null,
    current: { order: 'O-1', operation: '', product: 'P-1', due: null, end: null },
    stop: { cost: null, cost_in_slot: null, currency: '', done: null, late: null },
    round: 1,
    since: TIME,
    opened: TIME,
    time: TIME,
    trigger: 'inspect-bearing',
    because: 'zone C for 30 s',
    incidents: ['i1'],
    anomalies: ['a1'],
    evidence: [{ stage: 'rise', time: TIME, kind: 'anomaly', about: 'a1', text: 'zone C' }],
    state: 'EXECUTE',
    order: 'O-1',
    product: 'P-1',
    ids: { cmms: '4711' },
    ...changes,
  };
}
