/** What was not read, as events `gap` of its machine: at once, then less and less often while it lasts, and at its end. */

import { z } from 'zod';

/** As it is stored. Stretches of one gap follow each other; times are epoch milliseconds. */
export const modbusGapSchema = z.object({
  machine: z.string(),
  /** Nobody answered in time, the device does not have them, or the edge did not run. */
  reason: z.enum(['missed', 'refused', 'stopped']),
  ...{ from: z.number(), to: z.number() },
  /** Values that did not come, and of how many signals. */
  ...{ count: z.number(), signals: z.number() },
  ...{ what: z.string(), why: z.string() },
});
export type ModbusGap = z.output<typeof modbusGapSchema>;
export type ModbusGapReason = ModbusGap['reason'];

export type Missing = {
  /** Of the group of tags that are read together. */
  readonly group: number;
  readonly machine: string;
  readonly reason: ModbusGapReason;
  readonly tag: string;
  readonly why: string;
  /** The poll before, and the last one that did not bring it. */
  readonly from: number;
  readonly to: number;
  /** Polls. */
  readonly count: number;
};

type Open = {
  readonly missing: Pick<Missing, 'group' | 'machine' | 'reason'>;
  from: number;
  to: number;
  count: number;
  why: string;
  readonly tags: Set<string>;
  /** By a clock that does not jump: when the next stretch is told. */
  due: number;
  pause: number;
  /** The last poll of its group was without it. */
  isOver: boolean;
};

/** Milliseconds between two stretches of one gap: twice as long each time. */
const FIRST_PAUSE = 60_000;
const LONGEST_PAUSE = 3_600_000;
const MOST_NAMED = 20;

export class ModbusGaps {
  readonly #open = new Map<string, Open>();

  /** Before the misses of a poll of this group. */
  begin(group: number): void {
    for (const gap of this.#open.values()) if (gap.missing.group === group) gap.isOver = true;
  }

  miss({ group, machine, reason, tag, why, from, to, count }: Missing): void {
    const key = JSON.stringify([group, machine, reason]);
    const gap = this.#open.get(key) ?? {
      ...{ missing: { group, machine, reason }, from, to, count: 0, why, tags: new Set<string>() },
      ...{ due: Number.NEGATIVE_INFINITY, pause: FIRST_PAUSE, isOver: false },
    };
    this.#open.set(key, gap);
    gap.count += count;
    Object.assign(gap, { to: Math.max(gap.to, to), why, isOver: false });
    gap.tags.add(tag);
  }

  /** What is to be told now; `now` by a clock that does not jump. */
  due(now: number): readonly ModbusGap[] {
    return [...this.#open].flatMap(([key, gap]) => {
      if (gap.isOver) this.#open.delete(key);
      if (gap.count === 0 || !(gap.isOver || now >= gap.due)) return [];
      const told = toldOf(gap);
      Object.assign(gap, { from: gap.to, count: 0, due: now + gap.pause });
      gap.pause = Math.min(2 * gap.pause, LONGEST_PAUSE);
      gap.tags.clear();
      return [told];
    });
  }

  /** Counted, and not told yet: whoever ends keeps it for the next start. */
  get untold(): readonly ModbusGap[] {
    return [...this.#open.values()].filter(({ count }) => count > 0).map(toldOf);
  }
}

function toldOf({ missing: { machine, reason }, from, to, count, tags, why }: Open): ModbusGap {
  const what = [...tags].slice(0, MOST_NAMED).join(', ');
  return { machine, reason, from, to, count, signals: tags.size, what, why };
}
