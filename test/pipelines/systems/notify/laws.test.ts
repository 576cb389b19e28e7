import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Notice } from '../../../../pipelines/systems/notify/book.ts';
import { success } from '../../../../sinks/remote/outcome.ts';
import type { NotifyConfig } from '../../../../sinks/remote/system-config.ts';
import { HOUR, MINUTE, NOON, notice, people } from './people.ts';
import { type Answers, DOWN, type Event, linesOf, type Received, simulate } from './simulated.ts';

// The sentences of docs/messages.md about messages, on whatever comes: problems that get worse, are answered and come back,
// channels that are away, and a process that is killed at any write.

const SEVERITY = ['warning', 'alarm', 'danger'] as const;

const step = fc.record({
  after: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 90 })),
  problem: fc.integer({ min: 0, max: 2 }),
  what: fc.constantFrom('open', 'open', 'acknowledged', 'started', 'over'),
  severity: fc.constantFrom(...SEVERITY),
  role: fc.constantFrom('shift', 'head'),
});

/** Minutes at which a channel goes away, and comes back. */
const outage = fc.record({
  channel: fc.constantFrom('mail', 'chat'),
  from: fc.integer({ min: 0, max: 300 }),
  for: fc.integer({ min: 1, max: 150 }),
  how: fc.constantFrom('away', 'refuses', 'pauses'),
});
type Outage = typeof outage extends fc.Arbitrary<infer T> ? T : never;

function eventsOf(
  list: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
): Event[] {
  let minutes = 0;
  let word = 0;
  return list.map(({ after, problem, what, severity, role }) => {
    minutes += after;
    word += 1;
    const request = `r${problem}`;
    const about: Partial<Notice> = {
      ...{ request, key: request, asset: `p1/l${problem % 2}/m${problem}`, word, severity },
      ...{ role, step: `notify:${role}` },
    };
    const state = what === 'open' || what === 'over' ? what : 'answered';
    const answered = state === 'answered' ? { by: 'bob', how: what } : null;
    return { at: NOON + minutes * MINUTE, notice: notice({ ...about, state, answered }) };
  });
}

const answersOf =
  (outages: readonly Outage[]): Answers =>
  (channel, time) => {
    const minute = (time - NOON) / MINUTE;
    const now = outages.find(
      (one) => one.channel === channel && minute >= one.from && minute < one.from + one.for,
    );
    if (now === undefined) return success('');
    if (now.how === 'refuses') return { kind: 'rejected', note: 'refused', status: 400 };
    return now.how === 'pauses' ? { ...DOWN, after: 5 * MINUTE } : DOWN;
  };

const HOURS = 6;
const TRIES = { numRuns: Number(process.env.ANDON_NOTIFY_TRIES ?? 12) };
const config: NotifyConfig = people();
const kills = fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 6 });
const cases = [
  fc.array(step, { minLength: 1, maxLength: 8 }),
  fc.array(outage, { maxLength: 3 }),
  kills,
] as const;

/** What a message tells, by problem and round, once for each id. */
function tellings(received: readonly Received[]) {
  const known = new Set<string>();
  return received
    .filter(({ message: { id, kind } }) => kind === 'open' && !known.has(id) && known.add(id))
    .flatMap(({ at, channel, message: { to, problems } }) =>
      problems.map(({ key, round, severity }) => ({
        at,
        way: `${key} ${round} ${to} ${channel}`,
        severity,
        key,
      })),
    );
}

test('never two for one problem and person by one channel within the repeat time', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(...cases, async (list, outages, killed) => {
      const { received } = await simulate({
        ...{ config, events: eventsOf(list), from: NOON, until: NOON + HOURS * HOUR },
        ...{ answers: answersOf(outages), kills: killed },
      });
      const last = new Map<string, number>();
      for (const { at, way, severity } of tellings(received)) {
        const before = last.get(way);
        if (before !== undefined) {
          compared += 1;
          expect(at - before).toBeGreaterThanOrEqual(config.policy.repeat[severity]);
        }
        last.set(way, at);
      }
    }),
    TRIES,
  );
  expect(compared).toBeGreaterThan(5);
}, 300_000);

/**
 * The longest that a danger may be silent: all that is waited for once down the five ways of the longest role, an interval
 * and a reminder. The channel of the fallback always works, so each round of tries reaches somebody.
 */
function longestSilence({ policy, channels }: NotifyConfig): number {
  const { wait, interval, repeat, answer } = policy;
  const giveUp = Math.max(...Object.values(channels).map(({ retry }) => retry.give_up + MINUTE));
  return wait.danger + repeat.danger + 6 * (answer.danger + giveUp + interval.danger);
}

test('never none for a danger that nobody has answered', async () => {
  const bound = longestSilence(config);
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(...cases, async (list, outages, killed) => {
      const events = eventsOf(list.map((one) => ({ ...one, severity: 'danger' as const })));
      const until = NOON + HOURS * HOUR;
      const { received } = await simulate({
        ...{ config, events, from: NOON, until },
        ...{ answers: answersOf(outages), kills: killed },
      });
      const all = tellings(received);
      for (const key of new Set(events.map((event) => event.notice.key))) {
        for (const [from, to] of silences(key, events, until)) {
          for (let time = from + bound; time <= to; time += 5 * MINUTE) {
            checked += 1;
            const heard = all.some(
              (one) => one.key === key && one.at <= time && one.at > time - bound,
            );
            expect(heard, `${key} at ${(time - NOON) / MINUTE}`).toBe(true);
          }
        }
      }
    }),
    TRIES,
  );
  expect(checked).toBeGreaterThan(50);
}, 300_000);

/** The stretches in which a problem is open without an answer. An acknowledgement of a danger lasts an hour. */
function silences(
  key: string,
  events: readonly Event[],
  until: number,
): readonly (readonly [number, number])[] {
  const stretches: [number, number][] = [];
  let from: number | undefined;
  let lapse: number | undefined;
  for (const { at, notice: one } of events.filter((event) => event.notice.key === key)) {
    if (lapse !== undefined && lapse < at) from = lapse;
    lapse = undefined;
    if (one.state === 'open') from ??= at;
    else {
      if (from !== undefined) stretches.push([from, at]);
      from = undefined;
      if (one.answered?.how === 'acknowledged') lapse = at + config.policy.acknowledged.danger;
    }
  }
  if (lapse !== undefined) from = lapse;
  if (from !== undefined) stretches.push([from, until]);
  return stretches;
}

test('a restart at any point changes nothing: the same messages, under the same ids, at the same times', async () => {
  await fc.assert(
    fc.asyncProperty(...cases, async (list, outages, killed) => {
      const about = {
        ...{ config, events: eventsOf(list), from: NOON, until: NOON + HOURS * HOUR },
        // What is away stays away for whole tries: a kill is one try more, which is under the same id.
        answers: answersOf(outages.filter(({ how }) => how === 'refuses')),
      };
      const whole = await simulate(about);
      const cut = await simulate({ ...about, kills: killed });
      expect(cut.told).toEqual(whole.told);
      const ids = ({ received }: { readonly received: readonly Received[] }) => [
        ...new Set(received.map(({ message }) => message.id)),
      ];
      expect(ids(cut)).toEqual(ids(whole));
      expect(linesOf(cut.received, NOON)).toEqual(whole.told);
    }),
    TRIES,
  );
}, 300_000);
