import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { runThrough } from '../../support/flows.ts';
import { changeOf, model, rulesChange, windowEvent } from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

/** 20 values whose median is 50 and whose MAD is 1: 49 and 51 in turn. One deviation is 1.4826. */
export const LEARNT = Array.from({ length: 20 }, (_, index) => (index % 2 ? 51 : 49));
export const usual = { signal: 'temperature', learn: 20, scale: 'linear', floor: 0 };

export function learning(values = LEARNT, signal = 'temperature', about = {}): Item[] {
  return values.map((value, index) => windowEvent(10 * (index + 1), value, about, { signal }));
}

export function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [
    changeOf(model),
    changeOf(rulesChange({ id: 'rule', ...rule })),
    ...items,
  ]);
}

/** Values in a row, ten seconds apart, from 210 s on. */
export function afterwards(...values: number[]): Item[] {
  return values.map((value, index) => windowEvent(210 + 10 * index, value));
}
