import { alarm } from '../../../operators/alarm/alarm.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Anomaly, Detected } from '../../../operators/model/anomaly.ts';
import type { EventData } from '../../../operators/model/machine-event.ts';
import { anomaly, at, machineEvent, rules } from '../../support/findings.ts';
import { runThrough, watermark } from '../../support/flows.ts';

export type Item = Flow<Detected>;

export const wait = (seconds: number) => watermark('p1/l1', at(seconds));
export const event = (seconds: number, type: string, data: EventData = {}) =>
  machineEvent(seconds, type, data) as Item;

export function run(alarms: object, ...items: Item[]): Item[] {
  return runThrough(alarm, [rules({ alarms }) as Item, ...items]);
}

/** What is reported to patterns and people: `raised 10 hot 1`, phase, time, rule and revision. */
export function reportedOf(items: readonly Item[]): string[] {
  return items.flatMap((item) => {
    if (item.kind !== 'event' || !('kind' in item.value)) return [];
    const { phase, time, rule, revision } = item.value;
    return [`${phase} ${time / 1e6} ${rule} ${revision}`];
  });
}

/** Rows of `anomalies`: `raised 1 shelved`, phase, revision, why withheld. */
export function landedOf(items: readonly Item[]): string[] {
  return items.flatMap((item) => {
    if (item.kind !== 'row' || item.table !== 'anomalies') return [];
    const { phase, revision, withheld } = item.row;
    return [`${phase} ${revision} ${withheld}`.trim()];
  });
}

/** Rows of `alarms`: `hot acknowledged: unacknowledged > acknowledged`. */
export function alarmsOf(items: readonly Item[]): string[] {
  return items.flatMap((item) => {
    if (item.kind !== 'row' || item.table !== 'alarms') return [];
    const { rule, cause, before, after } = item.row;
    return [`${rule} ${cause}: ${before} > ${after}`.trim()];
  });
}

export const phase = (
  seconds: number,
  name: Anomaly['phase'],
  revision: number,
  more: Partial<Anomaly> = {},
) => {
  return anomaly(seconds, { phase: name, revision, ...more }) as Item;
};
export const raised = (seconds: number, more: Partial<Anomaly> = {}) =>
  phase(seconds, 'raised', 1, more);
export const cleared = (seconds: number, revision = 2, more: Partial<Anomaly> = {}) =>
  phase(seconds, 'cleared', revision, more);
export const shelve = {
  until: 100_000,
  rule: 'hot',
  by: 'fitter 7',
  reason: 'new sensor on order',
};
