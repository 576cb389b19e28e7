import type { ClickHouseClient } from '@clickhouse/client';
import { type Row, row } from '../../operators/flow/flow.ts';
import type { Tables } from '../../operators/model/tables.ts';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import type { Blocks, EpochContent } from '../../sinks/sink.ts';
import {
  deadLetter,
  frameOf,
  ONE_OF_EACH,
  request,
  sequence,
  time,
} from '../sinks/clickhouse/sample-rows.ts';

/**
 * A plant small enough to be worked out by hand: one line, a press and a pump, one shift from 06:00 to 14:00 on
 * 2 March 2026. The press: starts 06:00–06:30, runs to 09:00, changeover (planned 09:00–09:30) stands to 09:40, runs to
 * 11:00, fails (ABORTED) to 11:30, runs to 12:00, is starved (SUSPENDED) to 12:15, runs to 13:00, fails to 13:10 (repaired from 13:02 on), runs
 * to 14:00, stops. It runs 150 + 80 + 30 + 45 + 50 = 355 minutes.
 */
export const DAY = Date.UTC(2026, 2, 2) * 1_000;
const MINUTE = 60_000_000;
/** Microseconds of a time of that day, `hh:mm` or `hh:mm:ss`. */
export function at(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return DAY + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000;
}

export const sample = <T extends keyof Tables>(table: T, change: Partial<Tables[T]>): Row => {
  const found = ONE_OF_EACH.find((each) => each.table === table);
  return {
    ...found,
    row: { ...found!.row, plant: 'p1', line: 'l1', asset: 'press', ...change },
  } as Row;
};

export const state = (
  asset: string,
  clock: string,
  name: string,
  order = 'o-1',
  product = 'bracket',
): Row =>
  sample('machine_states', {
    asset,
    time: time(at(clock)),
    state: name,
    mode: 'production',
    order,
    product,
  });
const event = (asset: string, clock: string, type: string, data: object): Row =>
  sample('machine_events', { asset, time: time(at(clock)), type, data: JSON.stringify(data) });
export const cmmsStatus = (clock: string, data: object): Row =>
  sample('machine_events', {
    ...{ time: time(at(clock)), type: 'request', data: JSON.stringify(data) },
    ...{ kind: 'status', via: '', user: '', system: 'cmms' },
  });
export const planned = (
  id: string,
  kind: string,
  from: string,
  to: string,
  more: Partial<Tables['schedule']> = {},
): Row => {
  const found = ONE_OF_EACH.find((each) => each.table === 'schedule');
  const base = {
    plant: 'p1',
    line: 'l1',
    assets: [],
    order: '',
    product: '',
    segment: '',
    quantity: null,
  };
  return {
    ...found,
    row: { ...found!.row, ...base, id, kind, start: time(at(from)), end: time(at(to)), ...more },
  } as Row;
};
const anomaly = (
  id: string,
  phase: string,
  revision: number,
  clock: string,
  more: object = {},
): Row =>
  sample('anomalies', {
    id,
    phase,
    revision,
    since: time(at('10:40')),
    time: time(at(clock)),
    rule: 'zone',
    detector: 'iso20816',
    signal: 'vibration',
    point: 'de',
    value: 7.5,
    limit: 4.5,
    unit: 'mm/s',
    withheld: '',
    ...more,
  } as Partial<Tables['anomalies']>);
export const requested = (
  id: string,
  revision: number,
  action: string,
  clock: string,
  more: object = {},
): Row => {
  const base = request(id, revision, action);
  return {
    ...base,
    row: {
      ...base.row,
      plant: 'p1',
      line: 'l1',
      asset: 'press',
      component: 'bearing',
      title: 'Bearing wears',
      since: time(at('10:40')),
      opened: time(at('10:41')),
      time: time(at(clock)),
      incidents: [`i-${id}`],
      anomalies: [`a-${id}`],
      order: 'o-1',
      product: 'bracket',
      due: time(at('14:00')),
      slot_start: time(at('09:00')),
      slot_end: time(at('09:30')),
      ...more,
    },
  } as Row;
};
export const incident = (id: string, anomalies: string[]): Row =>
  sample('incidents', {
    id,
    anomalies,
    start: time(at('10:40')),
    end: time(at('10:41')),
    time: time(at('10:41')),
  });

/** Everything that happened that day, in the order of the log; one message each. */
function story(): Row[] {
  const rows: Row[] = [
    sample('assets', {
      asset: 'press',
      name: 'Press 1',
      signals: ['vibration', 'heat'],
      points: ['de'],
      stop_cost: 120,
    }),
    sample('assets', {
      asset: 'pump',
      name: 'Pump 1',
      signals: ['flow'],
      points: [],
      criticality: 'B',
    }),
    planned('c-1', 'changeover', '09:00', '09:30'),
    planned('op-1', 'operation', '06:00', '14:00', {
      order: 'o-1',
      product: 'bracket',
      quantity: 4_000,
    }),
    planned('m-1', 'maintenance', '13:02', '13:10', { assets: ['press'] }),
    planned('stop-1', 'planned-stop', '05:00', '06:00', { assets: ['pump'] }),
    planned('stop-2', 'planned-stop', '11:00', '12:00'),
    planned('stop-2', 'planned-stop', '11:00', '12:00', { cancelled: true }),
    state('press', '06:00', 'STARTING'),
    state('press', '06:30', 'EXECUTE'),
    state('press', '09:00', 'STOPPED'),
    state('press', '09:40', 'EXECUTE'),
    state('press', '11:00', 'ABORTED'),
    state('press', '11:30', 'EXECUTE'),
    state('press', '12:00', 'SUSPENDED'),
    state('press', '12:15', 'EXECUTE'),
    state('press', '13:00', 'ABORTING'),
    state('press', '13:05', 'ABORTED'),
    state('press', '13:10', 'EXECUTE'),
    state('press', '14:00', 'STOPPED'),
    state('pump', '06:00', 'EXECUTE'),
    event('press', '12:00', 'counts', { good: 1_500, scrap: 100, ideal_cycle: 6 }),
    event('press', '14:00', 'counts', { good: 1_000, scrap: 60, ideal_cycle: 6 }),
    // Six hours of a heat that climbs by 1 a minute, and one reading of vibration a minute around the fault.
    ...Array.from({ length: 480 }, (_, minute) =>
      row(
        'readings',
        frameOf(
          'p1/l1/press',
          [at('06:00') + minute * MINUTE, at('06:00') + minute * MINUTE + 30_000_000],
          { heat: [minute, minute + 0.5] },
        ),
      ),
    ),
    ...Array.from({ length: 30 }, (_, minute) =>
      row(
        'readings',
        frameOf('p1/l1/press', [at('10:30') + minute * MINUTE], {
          vibration: [minute < 10 ? 1 : 7.5],
        }),
      ),
    ),
    ...Array.from({ length: 120 }, (_, minute) =>
      row('readings', frameOf('p1/l1/pump', [at('06:00') + minute * MINUTE], { flow: [5] })),
    ),
    sample('waveforms', {
      asset: 'p1/l1/press',
      point: 'de',
      time: time(at('10:45')),
    } as unknown as Partial<Tables['waveforms']>),
    sample('features', {
      point: 'de',
      component: 'bearing',
      time: time(at('10:45')),
      values: { velocity_rms: 7.4 },
    }),
    sample('windows', {
      signal: 'vibration',
      window: 'ten',
      start: time(at('10:40')),
      end: time(at('10:50')),
      count: 10,
      mean: 7.5,
      max: 7.5,
      min: 7.5,
    }),
    anomaly('a-r1', 'raised', 1, '10:41'),
    anomaly('a-r1', 'updated', 2, '10:50', { value: 8 }),
    anomaly('a-r1', 'cleared', 3, '11:40', { value: 2 }),
    anomaly('a-r2', 'raised', 1, '13:01', {
      asset: 'press',
      since: time(at('13:00')),
      signal: 'heat',
      rule: 'hot',
      point: '',
    }),
    // A flood: twelve alarms of the pump between 07:10 and 07:20, six in the next ten minutes, one later.
    ...Array.from({ length: 12 }, (_, n) =>
      anomaly(`f-${n}`, 'raised', 1, `07:${10 + Math.floor(n / 2)}`, {
        asset: 'pump',
        rule: 'flow-low',
        signal: 'flow',
        point: '',
        since: time(at('07:09')),
      }),
    ),
    ...Array.from({ length: 6 }, (_, n) =>
      anomaly(`g-${n}`, 'raised', 1, `07:2${n}`, {
        asset: 'pump',
        rule: 'flow-low',
        signal: 'flow',
        point: '',
        since: time(at('07:20')),
      }),
    ),
    anomaly('h-1', 'raised', 1, '08:30', {
      asset: 'pump',
      rule: 'flow-low',
      signal: 'flow',
      point: '',
      since: time(at('08:29')),
    }),
    anomaly('w-1', 'raised', 1, '07:12', {
      asset: 'pump',
      rule: 'flow-low',
      signal: 'flow',
      point: '',
      withheld: 'shelved',
    }),
    incident('i-r1', ['a-r1']),
    incident('i-r2', ['a-r2']),
    requested('r1', 1, 'open', '10:41'),
    requested('r1', 2, 'update', '10:50', { priority: 'high' }),
    requested('r1', 3, 'close', '11:50'),
    requested('r2', 1, 'open', '13:01', {
      since: time(at('13:00')),
      opened: time(at('13:01')),
      title: 'Hot',
    }),
    cmmsStatus('10:42', { id: 'r1', status: 'requested', remote: 'WO-1' }),
    cmmsStatus('10:51', { id: 'r1', status: 'accepted', remote: 'WO-1' }),
    cmmsStatus('11:00', { id: 'r1', status: 'started' }),
    cmmsStatus('11:41', { id: 'r1', status: 'completed' }),
    cmmsStatus('13:02', { id: 'r2', status: 'requested' }),
    deadLetter('old', 7, 'telemetry.p1.l1.pump'),
  ];
  return rows;
}

/** Epochs of ten messages, each message appended one second after what it says. */
export function smallPlant(run = '1', stream = 'ANDON_0', created = 'then'): EpochContent[] {
  const rows = story();
  const epochs: EpochContent[] = [];
  for (let from = 1; from <= rows.length; from += 100) {
    const to = Math.min(from + 99, rows.length);
    epochs.push(
      epochOf(run, stream, created, from, to, (blocks) => {
        for (let number = from; number <= to; number += 1) {
          const each = rows[number - 1];
          if (each !== undefined)
            blocks.add(each, sequence(number), time(saidAt(each) + 1_000_000));
        }
      }),
    );
  }
  return epochs;
}

function saidAt({ table, row: said }: Row): number {
  if (table === 'readings') return said.times[0] ?? DAY;
  return 'time' in said ? said.time : DAY;
}

export function epochOf(
  run: string,
  stream: string,
  created: string,
  from: number,
  to: number,
  fill: (blocks: Blocks) => void,
): EpochContent {
  const blocks = createBlocks();
  fill(blocks);
  const facts = { pipeline: 'plant', created, epoch: from, from, to, messages: to - from + 1 };
  blocks.addEpoch({ ...facts, first_appended: time(DAY), last_appended: time(at('14:00')) });
  return { ...facts, run, stream, blocks: blocks.finish(stream, run), revisions: [], commands: [] };
}

/** Lands epochs by the product's own way. */
export async function landAll(
  client: ClickHouseClient,
  epochs: readonly EpochContent[],
): Promise<void> {
  const landing = createClickHouseSink(client, { database: 'andon' });
  for (const epoch of epochs) await landing.write(epoch, new AbortController().signal);
}
