/**
 * Anomalies of fixed limits as their definition reads, from the windows that the pipeline wrote down: which samples are
 * evaluated, when a delay is over, when all is well again. Each sample is looked at with all before it, each time anew.
 * For rules with one severity, a `gap` and no `while`, and plants whose sources are in step.
 */

import { type Rules, rulesSchema } from '../../../operators/model/rules.ts';
import type { MachineStateRow, WindowRow } from '../../../operators/model/tables.ts';
import type { Duration } from '../../../operators/model/time.ts';
import { type Decisions, rowsOf } from '../decisions.ts';

type LimitRule = Extract<Rules['detectors'][number], { kind: 'limit' }>;

type Sample = {
  readonly time: number;
  readonly value: number;
  /** The machine changed inside it: it is not evaluated. */
  readonly mixed: boolean;
};

/** `raised hot l1/press temperature 12 since 10`: a phase, its time, and when it began. Microseconds. */
export function anomaliesByDefinition(decisions: Decisions, rules: object): string[] {
  const { detectors, windows } = rulesSchema.parse(rules);
  const known = new Set(windows.map(({ id }) => id));
  return detectors.flatMap((rule) => {
    if (rule.kind !== 'limit' || !known.has(rule.window ?? '')) return [];
    return [...samplesOf(decisions, rule)].flatMap(([subject, samples]) =>
      phasesOf(samples, rule).map(({ phase, time, since }) => {
        return `${phase} ${rule.id} ${subject} ${time} since ${since}`;
      }),
    );
  });
}

/** What the pipeline says of these rules, in the same words. */
export function anomaliesFound(decisions: Decisions, rules: object): string[] {
  const ids = new Set(rulesSchema.parse(rules).detectors.map(({ id }) => id));
  return rowsOf(decisions, 'anomalies')
    .filter(({ rule }) => ids.has(rule))
    .map(({ phase, rule, line, asset, signal, time, since }) => {
      return `${phase} ${rule} ${line}/${asset} ${signal} ${time} since ${since}`;
    });
}

/** By machine and signal. A window is evaluated once, when its time has come. */
function samplesOf(decisions: Decisions, rule: LimitRule): Map<string, Sample[]> {
  const states = rowsOf(decisions, 'machine_states');
  const found = new Map<string, Sample[]>();
  const windows = rowsOf(decisions, 'windows')
    .filter(({ window, signal, version }) => {
      return version === 1 && window === rule.window && signal === rule.signal;
    })
    .sort((a, b) => a.end - b.end);
  for (const row of windows) {
    const subject = `${row.line}/${row.asset} ${row.signal}`;
    const value = row[rule.of as 'max'];
    const sample = { time: row.end, value, mixed: changedInside(row, states) };
    found.set(subject, [...(found.get(subject) ?? []), sample]);
  }
  return found;
}

/** State, mode or product changed in the window, against what was when it began. */
function changedInside(window: WindowRow, states: readonly MachineStateRow[]): boolean {
  const own = states.filter(({ line, asset }) => line === window.line && asset === window.asset);
  // Of one time the later arrival counts.
  const facts = [...new Map(own.map((fact) => [fact.time, fact])).values()];
  const textOf = ({ state, mode, product }: MachineStateRow) => [state, mode, product].join(' ');
  const before = facts.filter(({ time }) => time <= window.start).sort((a, b) => a.time - b.time);
  const then = before.at(-1);
  return facts.some((fact) => {
    const isInside = fact.time > window.start && fact.time < window.end;
    return isInside && (then === undefined || textOf(fact) !== textOf(then));
  });
}

type Phase = {
  readonly phase: 'raised' | 'cleared';
  readonly time: number;
  readonly since: number;
};

function phasesOf(samples: readonly Sample[], rule: LimitRule): Phase[] {
  const { above = Number.POSITIVE_INFINITY, below = Number.NEGATIVE_INFINITY } = rule;
  if (typeof above !== 'number' || typeof below !== 'number')
    throw new Error('a limit that is one');
  const band = (limit: number) => bandOf(rule.clear.deadband, limit);
  const isOver = ({ value }: Sample) => value > above || value < below;
  const isWell = ({ value }: Sample) =>
    value <= above - band(above) && value >= below + band(below);
  const { after = 0, count = 1, gap = 0 } = rule.raise;
  const phases: Phase[] = [];
  // The samples since the last phase.
  let from = 0;
  for (let at = 0; at < samples.length; at += 1) {
    const sample = samples[at];
    if (sample === undefined || sample.mixed) continue;
    const isOpen = phases.at(-1)?.phase === 'raised';
    const run = runUntil(samples, from, at, isOpen ? isWell : isOver);
    const [first] = run;
    if (first === undefined) continue;
    const held = heldIn(samples, run, gap as Duration);
    if (!isOpen && (held < after || run.length < count)) continue;
    const back = rule.clear;
    if (isOpen && (held < (back.after ?? 0) || run.length < (back.count ?? 1))) continue;
    const since = isOpen ? (phases.at(-1)?.since ?? 0) : first.time;
    phases.push({ phase: isOpen ? 'cleared' : 'raised', time: sample.time, since });
    from = at + 1;
  }
  return phases;
}

/** The evaluated samples in a row, up to one of them, of which all are so. */
function runUntil(
  samples: readonly Sample[],
  from: number,
  at: number,
  is: (sample: Sample) => boolean,
): Sample[] {
  const evaluated = samples.slice(from, at + 1).filter(({ mixed }) => !mixed);
  return evaluated.slice(evaluated.findLastIndex((sample) => !is(sample)) + 1);
}

/** The time between them, without holes and without what lies around samples that were not evaluated. */
function heldIn(samples: readonly Sample[], run: readonly Sample[], gap: Duration): number {
  let held = 0;
  for (const [index, sample] of run.entries()) {
    const before = run[index - 1];
    if (before === undefined) continue;
    const isNext = samples.indexOf(sample) === samples.indexOf(before) + 1;
    const elapsed = sample.time - before.time;
    if (isNext && elapsed <= gap) held += elapsed;
  }
  return held;
}

function bandOf(deadband: number | string | undefined, limit: number): number {
  if (deadband === undefined || !Number.isFinite(limit)) return 0;
  if (typeof deadband === 'number') return deadband;
  return (Math.abs(limit) * Number.parseFloat(deadband)) / 100;
}
