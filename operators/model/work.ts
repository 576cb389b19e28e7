import type { AssetKey } from './key.ts';
import { type LineSchedules, orderNamed, scheduledAt } from './line-schedules.ts';
import { isWork, orderOf } from './schedule.ts';
import type { EventTime } from './time.ts';

/** What a machine works on. `end`: when the order should be done by plan; `due`: when it must be. */
export type Work = {
  readonly order: string;
  /** Segment of the order at this machine, where the schedule has operations. */
  readonly operation: string;
  readonly product: string;
  readonly due: EventTime | null;
  readonly end: EventTime | null;
};

/**
 * What a machine works on at a time: by its own word (`said`), and by the schedule where it says nothing. Of several
 * entries that run, the one that began last counts.
 */
export function workAt(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
  said: { readonly order: string; readonly product: string },
): Work {
  const running = scheduledAt(schedules, asset, time).filter(isWork);
  const entry = said.order === '' ? running[0] : running.find((one) => orderOf(one) === said.order);
  const order = said.order || (entry === undefined ? '' : orderOf(entry));
  const whole = order === '' ? undefined : orderNamed(schedules, asset, order);
  return {
    order,
    operation: entry?.kind === 'operation' ? (entry.segment ?? entry.id) : '',
    product: said.product || entry?.product || whole?.product || '',
    due: whole?.due ?? entry?.due ?? null,
    end: whole?.end ?? entry?.end ?? null,
  };
}
