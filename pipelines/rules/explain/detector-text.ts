// A detector as a sentence: what it evaluates, when it raises and when it clears, and which of that is a default.

import { hasNoLimit, NO_DEADBAND } from '../../../operators/model/detector-bounds.ts';
import type { DetectorRule } from '../../../operators/model/detector-rule.ts';
import { type Duration, formatDuration } from '../../../operators/model/time.ts';

/** What a rules file says of a detector itself; all else are defaults of its kind. */
type Said = {
  readonly raise?: Readonly<Record<string, unknown>>;
  readonly clear?: Readonly<Record<string, unknown>>;
};

/** A detector in words. `raw`: as its file has it, to tell defaults from what was said. */
export function detectorText(rule: DetectorRule, raw: unknown): string {
  const said: Said = typeof raw === 'object' && raw !== null ? raw : {};
  return `${whatOf(rule)}: ${raisedWhen(rule, said)}; ${clearedWhen(rule, said)}.`;
}

function whatOf(rule: DetectorRule): string {
  const limits = Object.entries(LIMITS).flatMap(([field, word]) => {
    const value = Reflect.get(rule, field);
    return value === undefined ? [] : [`${word} ${boundText(value)}`];
  });
  if (rule.kind === 'event') return ['event', rule.type, ...limits].join(' ');
  const window = 'window' in rule ? rule.window : undefined;
  // Features of waveforms have a value of their own, and no mean.
  const of = window === undefined ? '' : ` (${'of' in rule ? `${rule.of} of ` : ''}${window})`;
  const within = rule.while === undefined ? '' : `, while ${rule.while}`;
  const by = limits.length === 0 ? '' : `, ${limits.join(' and ')}`;
  return `${rule.kind} of ${rule.signal}${of}${by}${within}`;
}

/** Fields that people look for, and their words. */
const LIMITS = {
  above: 'above',
  below: 'below',
  rise: 'rising by',
  fall: 'falling by',
  limit: 'limit',
  margin: 'margin',
  share: 'share',
  ratio: 'ratio',
  distance: 'distance',
  windows: 'windows',
  every: 'due every',
} as const;

function boundText(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('attribute' in value)) return String(value);
  return `attribute ${String(value.attribute)} of the asset`;
}

function raisedWhen(rule: DetectorRule, { raise = {} }: Said): string {
  const { after, count = 1 } = rule.raise;
  if (rule.kind === 'silence') return `raised after ${formatDuration(rule.after)} without a value`;
  const what = rule.kind === 'event' ? 'event' : 'sample';
  if (after === undefined && count === 1) {
    return `raised with the first ${rule.kind === 'event' ? what : 'breach'}`;
  }
  const held = after === undefined ? [] : [`for ${formatDuration(after)}`];
  const often = count === 1 ? [] : [`${count} ${what}s in a row${markOf(raise.count)}`];
  return `raised by a breach ${[...held, ...often].join(' and ')}`;
}

function clearedWhen(rule: DetectorRule, { clear = {} }: Said): string {
  if (rule.kind === 'event') return eventEnd(rule.clear);
  const { after, count = 1, deadband } = rule.clear;
  const held = after === undefined ? [] : [`for ${formatDuration(after)}${markOf(clear.after)}`];
  const often = count === 1 ? [] : [`${count} samples in a row${markOf(clear.count)}`];
  const band =
    deadband === undefined || deadband === 0
      ? ''
      : `, by a deadband of ${deadband}${markOf(clear.deadband)}`;
  const well = [...held, ...often].join(' and ');
  if (hasNoLimit(rule.kind)) {
    return `${NO_DEADBAND[rule.kind]}${well === '' ? '' : `, once it was well ${well}`}`;
  }
  return well === ''
    ? `cleared with the first sample that is well${band}`
    : `cleared when it was well ${well}${band}`;
}

function eventEnd(clear: {
  readonly type?: string | undefined;
  readonly after?: Duration | undefined;
}): string {
  const ends = [
    ...(clear.type === undefined ? [] : [`by the event ${clear.type}`]),
    ...(clear.after === undefined ? [] : [`after ${formatDuration(clear.after)} without one`]),
  ];
  return `cleared ${ends.join(' or ')}`;
}

function markOf(said: unknown): string {
  return said === undefined ? ' (default)' : '';
}
