import { row } from '../operators/flow/flow.ts';
import type { Sequence } from '../operators/model/message.ts';
import type { EventTime } from '../operators/model/time.ts';
import type { Blocks } from '../sinks/sink.ts';
import { KEYS, NAMES } from './analysts-plant.ts';

const MINUTE = 60e6;
const STATES = ['EXECUTE', 'EXECUTE', 'EXECUTE', 'HELD', 'STOPPED', 'IDLE'] as const;
const MODES = ['BRG-WEAR', 'OVERHEAT', 'UNBALANCE', 'CAVITATION'] as const;

/** What a plant says beside its readings, for the minutes from `from` to `to`: so that every question has an answer. */
export function addFacts(blocks: Blocks, sequence: number, from: number, to: number): void {
  const at = sequence as Sequence;
  for (let minute = Math.ceil(from / MINUTE); minute * MINUTE < to; minute += 1) {
    const time = (minute * MINUTE) as EventTime;
    KEYS.forEach((key, index) => {
      const [plant = '', line = '', asset = ''] = key.split('/');
      const where = { plant, line, asset };
      const turn = minute + index;
      if (turn % 10 === 0) addWindows(blocks, at, time, where);
      if (turn % 30 === 0) addState(blocks, at, time, where, turn / 30);
      if (turn % 240 === 0) addProblem(blocks, at, time, where, turn / 240);
    });
  }
}

type Where = { readonly plant: string; readonly line: string; readonly asset: string };

function addWindows(blocks: Blocks, at: Sequence, end: EventTime, where: Where): void {
  const start = (end - 10 * MINUTE) as EventTime;
  for (const signal of NAMES) {
    const mean = 40 + (end % 7e6) / 1e6;
    blocks.add(
      row('windows', {
        ...{ ...where, signal, window: 'ten-minutes', start, end, version: 1, count: 120 },
        backfill: false,
        ...{ first: mean, last: mean + 0.1, min: mean - 1, max: mean + 1, sum: mean * 120, mean },
        ...{ deviation: 0.4, rms: mean, peak_to_peak: 2, crest: 1.02, slope: 0.0001 },
        quantiles: {},
      }),
      at,
      end,
    );
  }
}

const situation = (turn: number) => ({
  state: STATES[turn % STATES.length] ?? '',
  mode: 'automatic',
  order: `order-${Math.floor(turn / 8)}`,
  product: `product-${Math.floor(turn / 8) % 5}`,
});

function addState(blocks: Blocks, at: Sequence, time: EventTime, where: Where, turn: number): void {
  blocks.add(row('machine_states', { ...where, time, ...situation(turn) }), at, time);
}

function addProblem(
  blocks: Blocks,
  at: Sequence,
  time: EventTime,
  where: Where,
  turn: number,
): void {
  const id = `${where.asset}-${turn}`;
  const failure_mode = MODES[turn % MODES.length] ?? '';
  const about = { ...where, component: 'bearing', failure_mode };
  for (const [index, phase] of ['raised', 'updated', 'cleared'].entries()) {
    const said = (time + index * 5 * MINUTE) as EventTime;
    blocks.add(
      row('anomalies', {
        ...{ ...about, id, phase, revision: index + 1, rule: 'hot', detector: 'limit', point: '' },
        ...{ signal: 'temperature', severity: 'alarm', since: time, time: said, value: 88 },
        ...{
          limit: 80,
          score: 1.1,
          unit: 'degC',
          reason: 'temperature 88 above 80',
          evidence: '{}',
        },
        ...{ sensor: '', contributions: {}, part: '', advice: '' },
        alarm: 'unacknowledged',
        withheld: '',
        cause: phase === 'cleared' ? 'well' : '',
        ...situation(turn),
      }),
      at,
      said,
    );
  }
  blocks.add(
    row('incidents', {
      ...{ ...about, id: `i-${id}`, rule: 'wear', severity: 'alarm', start: time, end: time, time },
      ...{ anomalies: [id], evidence: '[]' },
      ...situation(turn),
    }),
    at,
    time,
  );
  for (const [index, action] of ['open', 'close'].entries()) {
    const said = (time + index * 90 * MINUTE) as EventTime;
    const { order, product } = situation(turn);
    blocks.add(
      row('requests', {
        ...{ ...about, id: `r-${id}`, revision: index + 1, action, priority: 'high' },
        ...{
          title: `Inspect ${where.asset}`,
          since: time,
          opened: time,
          time: said,
          order,
          product,
        },
        ...{ incidents: [`i-${id}`], anomalies: [id], operation: '', due: null, request: '{}' },
        ...{ slot_start: null, slot_end: null, slot_entry: '', slot_kind: '' },
        ...{ stop_cost: null, order_late: null },
      }),
      at,
      said,
    );
  }
}
