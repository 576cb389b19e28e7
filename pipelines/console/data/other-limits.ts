/**
 * What a limit of a detector would have raised if it were another: stored values run through the detector's own life cycle,
 * once for each limit. The log is not read for it, so it takes a moment, and `andon backtest --sweep` stays the judge.
 */

import { type CompiledDetector, compileDetectors } from '../../../operators/detect/compile.ts';
import type { DetectorInput } from '../../../operators/detect/evaluation.ts';
import {
  delaysOf,
  nextPhase,
  openLifeCycle,
  pause,
  severityRank,
} from '../../../operators/detect/life-cycle.ts';
import { limit } from '../../../operators/detect/limits.ts';
import type { DetectorRule } from '../../../operators/model/detector-rule.ts';
import { isStarting } from '../../../operators/model/machine-event.ts';
import type { Situation } from '../../../operators/model/observation.ts';
import type { Asset } from '../../../operators/model/plant-model.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { BEGINNING, type EventTime, fromMilliseconds } from '../../../operators/model/time.ts';
import type { StateSpan } from './timeline.ts';

export type LimitRule = Extract<DetectorRule, { kind: 'limit' }>;
export type Side = 'above' | 'below';

/** A window or a burst: from, to (milliseconds), and the value that the rule evaluates. */
export type StoredValue = { readonly from: number; readonly to: number; readonly value: number };

/** What one limit would have raised. Times are milliseconds. */
export type OtherLimit = {
  readonly limit: number;
  readonly alarms: number;
  readonly per_month: number;
  /** Failures of the machine before which it stood. */
  readonly warned: number;
  /** Median hours from the alarm that stood to the failure; null where none did. */
  readonly lead_hours: number | null;
};

export type OtherLimitsOptions = {
  readonly rules: Rules;
  readonly rule: LimitRule;
  readonly side: Side;
  readonly asset: Asset;
  /** In order. */
  readonly values: readonly StoredValue[];
  /** What the machine did meanwhile, in order. */
  readonly spans: readonly StateSpan[];
};

const MONTH = 30.436875 * 86_400_000;
const HOUR = 3_600_000;
/** Limits that are tried beside the one in force. */
const TRIED = 24;

/** When the machine failed: the beginnings of failures, milliseconds. */
export function failuresIn(spans: readonly StateSpan[]): readonly number[] {
  return spans.flatMap(({ kind, from }, at) =>
    kind === 'failed' && spans[at - 1]?.kind !== 'failed' ? [Date.parse(from)] : [],
  );
}

/** For the limit in force, and others from the least to the greatest value that came. Ascending. */
export async function otherLimits(
  options: OtherLimitsOptions,
  inForce: number,
): Promise<readonly OtherLimit[]> {
  const sorted = options.values.map(({ value }) => value).sort((a, b) => a - b);
  const [low = inForce, high = inForce] = [sorted[0], sorted.at(-1)];
  const [from, to] = [Math.min(low, inForce), Math.max(high, inForce)];
  const tried = Array.from({ length: TRIED }, (_, at) =>
    Number((from + ((to - from) * at) / (TRIED - 1)).toPrecision(4)),
  );
  const limits = [...new Set([...tried, inForce])].sort((a, b) => a - b);
  const situated = situatedValues(options);
  const found: OtherLimit[] = [];
  for (const each of limits) {
    found.push(outcomeOf(options, situated, each));
    // Other questions are answered meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/** A value and whether the rule judges it. */
type Situated = StoredValue & { readonly isJudged: boolean; readonly situation: Situation };

function situatedValues({
  rules,
  rule,
  asset,
  values,
  spans,
}: OtherLimitsOptions): readonly Situated[] {
  const compiled = compileDetectors(rules).byId.get(rule.id);
  let at = 0;
  let started: EventTime | null = null;
  return values.map((each) => {
    while (at + 1 < spans.length && Date.parse(spans[at + 1]?.from ?? '') <= each.from) {
      if (isStarting(spans[at]?.state ?? '')) {
        started = fromMilliseconds(Date.parse(spans[at]?.to ?? ''));
      }
      at += 1;
    }
    const situation = situationIn(spans[at], spans[at + 1], started, each);
    return { ...each, situation, isJudged: isJudged(compiled, situation, asset, each) };
  });
}

function situationIn(
  span: StateSpan | undefined,
  next: StateSpan | undefined,
  started: EventTime | null,
  { to }: StoredValue,
): Situation {
  const since = span === undefined ? BEGINNING : fromMilliseconds(Date.parse(span.from));
  return {
    ...{
      state: span?.state ?? 'UNDEFINED',
      since,
      mode: span?.mode ?? '',
      order: span?.order ?? '',
    },
    ...{
      operation: '',
      product: span?.product ?? '',
      due: null,
      shift: '',
      planned: span?.planned ?? '',
    },
    ...{ next_stop: null, started },
    mixed: next !== undefined && Date.parse(next.from) < to,
  };
}

function isJudged(
  compiled: CompiledDetector | undefined,
  situation: Situation,
  asset: Asset,
  { from }: StoredValue,
): boolean {
  if (compiled === undefined || situation.mixed || !compiled.holds(situation, asset)) return false;
  const { settle, steady = 0 } = compiled.rule.when ?? {};
  const start = fromMilliseconds(from);
  if (start - situation.since < steady) return false;
  if (settle === undefined) return true;
  return situation.planned === '' && start >= (situation.started ?? BEGINNING) + settle;
}

type Alarm = { readonly from: number; readonly to: number };

function outcomeOf(
  options: OtherLimitsOptions,
  values: readonly Situated[],
  bound: number,
): OtherLimit {
  const { spans } = options;
  const alarms = alarmsOf(options, values, bound);
  const [first, last] = [values[0], values.at(-1)];
  const months = first === undefined || last === undefined ? 0 : (last.to - first.from) / MONTH;
  const leads = failuresIn(spans)
    .flatMap((failed) => {
      const standing = alarms.find(({ from, to }) => from < failed && to >= failed);
      return standing === undefined ? [] : [(failed - standing.from) / HOUR];
    })
    .sort((a, b) => a - b);
  return {
    limit: bound,
    alarms: alarms.length,
    per_month: months === 0 ? 0 : alarms.length / months,
    warned: leads.length,
    lead_hours: leads[leads.length >> 1] ?? null,
  };
}

function alarmsOf(
  { rule, side, asset }: OtherLimitsOptions,
  values: readonly Situated[],
  bound: number,
): readonly Alarm[] {
  const { above: _, below: __, ...rest } = rule;
  const tried: LimitRule = { ...rest, [side]: bound };
  const delays = delaysOf(tried);
  const life = openLifeCycle();
  const alarms: Alarm[] = [];
  let raised: number | undefined;
  for (const { isJudged: judged, value, from, to, situation } of values) {
    const evaluation = judged
      ? limit(tried, inputOf(asset, situation, value, from, to))
      : undefined;
    if (evaluation === undefined) {
      pause(life);
      continue;
    }
    const rank = severityRank(tried, evaluation.level);
    const rankWithDeadband = Math.max(rank, severityRank(tried, evaluation.levelWithDeadband));
    const length = (to - from) * 1_000;
    const phase = nextPhase(life, delays, { rank, rankWithDeadband, length }, fromMilliseconds(to));
    if (phase === 'raised') raised = to;
    if (phase === 'cleared' && raised !== undefined) {
      alarms.push({ from: raised, to });
      raised = undefined;
    }
  }
  if (raised !== undefined) alarms.push({ from: raised, to: Number.POSITIVE_INFINITY });
  return alarms;
}

function inputOf(
  asset: Asset,
  situation: Situation,
  value: number,
  from: number,
  to: number,
): DetectorInput {
  const [start, time] = [fromMilliseconds(from), fromMilliseconds(to)];
  return {
    sample: {
      signal: '',
      point: '',
      component: '',
      start,
      time,
      unit: '',
      situation,
      measured: value,
    },
    ...{ value, asset, bands: '' },
    suspicion: () => '',
    refuse: () => undefined,
    reportProgress: () => undefined,
  };
}

type Stretch = { readonly from: number; readonly to: number; readonly points: number };

/** Points for a picture, as those of a signal are made: no peak is lost. */
export function drawnValues(values: readonly StoredValue[], { from, to, points }: Stretch) {
  const step = Math.max(1, Math.ceil((to - from) / points));
  const drawn: { time: number; least: number; greatest: number; latest: number }[] = [];
  let group = -1;
  for (const { to: time, value } of values) {
    const at = Math.floor((time - from) / step);
    const last = drawn.at(-1);
    if (at !== group || last === undefined) {
      group = at;
      drawn.push({ time, least: value, greatest: value, latest: value });
      continue;
    }
    last.time = time;
    last.latest = value;
    last.least = Math.min(last.least, value);
    last.greatest = Math.max(last.greatest, value);
  }
  return {
    step,
    times: drawn.map(({ time }) => time),
    least: drawn.map(({ least }) => least),
    greatest: drawn.map(({ greatest }) => greatest),
    latest: drawn.map(({ latest }) => latest),
  };
}
