import type { Message } from '../../../operators/model/message.ts';
import { PLANNED_RULES, plannedLife, shuffled } from '../planned-plant.ts';
import { frame, logOf, MODEL, randomOf, type Said } from '../plant-log.ts';

/**
 * The machine that an oracle without an engine understands: on a line
 * of its own that nothing is planned for, without states, with one signal and one detector.
 */
export const TANK = { path: 'l3.tank', asset: 'tank', signal: 'level', limit: 50, rule: 'full' };
/** Milliseconds. */
export const WINDOW = 5_000;
const DISORDER = 1_900;

const CRASH_MODEL = {
  ...MODEL,
  lines: [
    ...MODEL.lines,
    {
      id: 'l3',
      assets: [{ id: TANK.asset, class: 'vessel', signals: { [TANK.signal]: { unit: '%' } } }],
    },
  ],
};

/** Quick rules: within a minute or two every table has rows. */
const CRASH_RULES = {
  ...PLANNED_RULES,
  detectors: [
    ...PLANNED_RULES.detectors,
    {
      ...{ id: TANK.rule, kind: 'limit', signal: TANK.signal, window: 'short' },
      above: TANK.limit,
      // The oracle counts single samples.
      ...{ raise: { count: 1 }, clear: { count: 1, deadband: 0 } },
    },
  ],
  triggers: [
    ...PLANNED_RULES.triggers,
    { id: 'drain', on: TANK.rule, request: {}, rearm: '3s', escalate: '4s', withdraw: true },
  ],
};

/**
 * The log of a plant whose messages are out of order within `disorder`, with a tank that runs over now and then, and
 * with repeats and rubbish between.
 */
export function crashLog(seed: number, seconds: number): Message[] {
  const random = randomOf(seed + 2);
  let level = 45;
  const tank: Said[] = [];
  for (let second = 0; second < seconds; second += 1) {
    level = Math.min(70, Math.max(30, level + Math.round(random() * 60 - 30) / 4));
    const at = second * 1_000 + Math.floor(random() * 900);
    tank.push(frame(TANK.path, at, { [TANK.signal]: level }));
  }
  const said = [...plannedLife(seed, seconds), ...tank].sort(
    (a, b) => a.at - b.at || rank(a) - rank(b),
  );
  const model = json('model.p1', CRASH_MODEL);
  return logOf([model, ...shuffled(said, DISORDER, seed).flatMap(troubled)], CRASH_RULES, 2_000);

  function troubled(one: Said): Said[] {
    const chance = random();
    if (chance < 0.02 && one.subject.startsWith('telemetry')) return [one, one];
    if (chance > 0.01) return [one];
    return [one, { ...one, payload: Buffer.from(`rubbish ${one.at}`) }];
  }
}

function rank({ subject }: Said): number {
  return subject.startsWith('schedule') ? 0 : 1;
}

function json(subject: string, content: object): Said {
  const headers = { 'Content-Type': 'application/json', 'Andon-Change': 'c2' };
  return { at: 0, subject, payload: Buffer.from(JSON.stringify(content)), headers };
}
