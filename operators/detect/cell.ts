import type { Anomaly } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { BEGINNING, type EventTime } from '../model/time.ts';
import { type Baselines, noBaselines } from './baseline.ts';
import type { Compiled } from './compile.ts';
import { type Life, quiet } from './life-cycle.ts';
import type { Sample } from './sample.ts';
import type { Heard } from './silence.ts';
import { moving, type Stuck } from './stuck.ts';

/** What a detector keeps between samples, besides its alarm state. Limits and zones keep nothing. */
export type Memory = { kind: 'limit' | 'iso20816' } | Baselines | Stuck | Heard;

/** All that one rule knows of one signal at one point of one asset. */
export type Cell = {
  readonly rule: string;
  readonly shape: string;
  readonly signal: string;
  readonly point: string;
  readonly component: string;
  readonly memory: Memory;
  readonly life: Life;
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
      return noBaselines();
    case 'stuck':
      return moving();
    case 'silence':
      return { kind: 'silence', last: BEGINNING, listening: false };
  }
}
