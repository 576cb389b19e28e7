import type { DetectorRule } from '../model/detector-rule.ts';
import type { EventTime } from '../model/time.ts';
import type { Hearing, Verdict } from './verdict.ts';

type StuckRule = Extract<DetectorRule, { kind: 'stuck' }>;

/** The value that has not moved, since when, and for how many windows. */
export type Stuck = { kind: 'stuck'; value: number | null; since: EventTime; windows: number };

export function moving(): Stuck {
  return { kind: 'stuck', value: null, since: 0 as EventTime, windows: 0 };
}

/** Windows in a row whose least, greatest and every earlier value are one and the same. Level: `stuck`. */
export function stuck(memory: Stuck, rule: StuckRule, hearing: Hearing): Verdict | undefined {
  const { measured, unit } = hearing.sample;
  if (typeof measured === 'number') return undefined;
  if (measured.min !== measured.max) {
    Object.assign(memory, moving());
  } else if (measured.min === memory.value) {
    memory.windows += 1;
  } else {
    Object.assign(memory, { value: measured.min, since: measured.start, windows: 1 });
  }
  const level = memory.windows >= rule.windows ? 'stuck' : '';
  return {
    level,
    calm: level,
    value: measured.last,
    unit,
    limit: measured.last,
    score: memory.windows / rule.windows,
    text: () =>
      level === ''
        ? 'moving again'
        : `exactly the same for ${memory.windows} windows (limit ${rule.windows})`,
    ...(level === '' ? {} : { since: memory.since }),
    evidence: () => ({ windows: memory.windows }),
  };
}
