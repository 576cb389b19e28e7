import type { AssetKey } from '../model/key.ts';
import { type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { LineSchedules } from '../model/line-schedules.ts';
import { DAY, type Duration, MINUTE } from '../model/time.ts';
import { PRIORITIES, type Priority, type TriggerRule } from '../model/trigger-rule.ts';
import type { Episode } from './episode.ts';

/** What all assets share: the models and rules in force, and the schedules of their lines. */
export type Shared = { readonly knowledge: Knowledge; readonly schedules: LineSchedules };

/** How an episode is handled, from the triggers that named its incidents as they stand now. */
export type Settings = {
  readonly work: string;
  readonly parts: readonly string[];
  readonly duration: Duration | null;
  readonly instructions: readonly string[];
  readonly cooldown: Duration;
  readonly rearm: Duration;
  readonly escalate: Duration | null;
  readonly withdraw: boolean;
  readonly slot: TriggerRule['slot'];
};

const COOLDOWN = DAY;
const REARM = (10 * MINUTE) as Duration;

/** The leading trigger decides; parts, instructions and working time add up. Triggers that are gone say nothing. */
export function settingsOf(
  { knowledge }: Shared,
  asset: AssetKey,
  { triggers }: Pick<Episode, 'triggers'>,
): Settings {
  const all = rulesOf(knowledge, asset)?.triggers ?? [];
  const rules = triggers.flatMap((id) => all.find((rule) => rule.id === id) ?? []);
  const [lead] = rules;
  const durations = rules.flatMap(({ request }) => request.duration ?? []);
  return {
    work: lead?.request.kind ?? 'inspection',
    parts: [...new Set(rules.flatMap(({ request }) => request.parts))],
    duration: durations.length === 0 ? null : (Math.max(...durations) as Duration),
    instructions: [...new Set(rules.flatMap(({ request }) => request.instructions ?? []))],
    cooldown: lead?.cooldown ?? COOLDOWN,
    rearm: lead?.rearm ?? REARM,
    escalate: lead?.escalate ?? null,
    withdraw: lead?.withdraw ?? false,
    slot: lead?.slot ?? 'none',
  };
}

export function isHigher(a: Priority, b: Priority): boolean {
  return PRIORITIES.indexOf(a) > PRIORITIES.indexOf(b);
}

/** One step up; the highest stays. */
export function raised(priority: Priority): Priority {
  return PRIORITIES[PRIORITIES.indexOf(priority) + 1] ?? priority;
}
