import type { Anomaly } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { BEGINNING, type EventTime } from '../model/time.ts';
import type { Compiled } from './compile.ts';
import { type Life, quiet } from './life-cycle.ts';
import { type Baselines, noBaselines } from './modes.ts';
import { noVector, type Vector } from './multivariate.ts';
import type { Sample } from './sample.ts';
import { noSeries, type Series } from './series.ts';
import type { Heard } from './silence.ts';
import { moving, type Stuck } from './stuck.ts';

/** What a detector keeps between samples, besides its alarm state. Limits and zones keep nothing. */
export type Memory = { kind: 'limit' | 'iso20816' } | Baselines | Vector | Series | Stuck | Heard;

/** All that one rule knows of one signal at one point of one asset. */
export type Cell = {
  readonly rule: string;
  readonly shape: string;
  readonly signal: string;
  readonly point: string;
  readonly component: string;
  readonly memory: Memory;
  readonly life: Life;
  /** Time of the first sample, of a rule that asks for whole windows. */
  readonly opened?: EventTime;
  /** Time of the last sample. */
  last: EventTime;
  /** It was said why this cannot be judged. */
  refused: boolean;
  /** What was said last of the anomaly that stands; null while none does. */
  anomaly: Anomaly | null;
};

/** Rule ids and points are names without bars, so the key is unique whatever the signal is called. */
export function cellKey(rule: string, { point, signal }: Pick<Sample, 'point' | 'signal'>): string {
  return `${rule}|${point}|${signal}`;
}

export function openCell({ rule, shape }: Compiled, sample: Sample): Cell {
  const { signal, point, component } = sample;
  return {
    rule: rule.id,
    shape,
    signal,
    point,
    component,
    memory: remember(rule),
    life: quiet(),
    ...(rule.when?.whole === true ? { opened: sample.time } : {}),
    last: BEGINNING,
    refused: false,
    anomaly: null,
  };
}

function remember(rule: DetectorRule): Memory {
  switch (rule.kind) {
    case 'limit':
    case 'iso20816':
      return { kind: rule.kind };
    case 'baseline':
    case 'iso20816-change':
    case 'ewma':
    case 'cusum':
    case 'range':
    case 'noise-floor':
    case 'drift':
      return noBaselines();
    case 'multivariate':
      return noVector();
    case 'rate':
    case 'trend':
      return noSeries();
    case 'stuck':
      return moving();
    case 'silence':
      return { kind: 'silence', last: BEGINNING, listening: false };
  }
}

/** After a repair or with another sensor, what was learnt is of another machine. False when there was nothing to forget. */
export function forget({ memory }: Cell): boolean {
  switch (memory.kind) {
    case 'baseline':
      memory.modes = {};
      return true;
    case 'vector':
      Object.assign(memory, noVector());
      return true;
    case 'series':
      Object.assign(memory, noSeries());
      return true;
    case 'limit':
    case 'iso20816':
    case 'stuck':
    case 'silence':
      return false;
  }
}
