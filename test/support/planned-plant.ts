import {
  plantLife,
  RULES,
  randomOf,
  type Said,
  START,
  shuffled as shuffledTogether,
} from './plant-log.ts';

/** The rules of the plant, and some that look at the schedule from every side. */
export const PLANNED_RULES = {
  ...RULES,
  patterns: [
    ...RULES.patterns,
    {
      id: 'after-change',
      pattern: [
        { name: 'over', where: "kind == 'schedule' && type in ['ended', 'cancelled', 'changed']" },
        { name: 'bad', follows: 'relaxed', where: "kind == 'anomaly' && next_stop > 0.1" },
      ],
      within: '40s',
    },
  ],
  triggers: [
    { id: 'change', on: 'after-change', request: { duration: '20s' }, slot: 'next-gap' },
    ...RULES.triggers.map((trigger) => ({ ...trigger, slot: 'next-gap' })),
    { id: 'shake', on: 'shaking', request: { duration: '20s' }, slot: 'next-gap', rearm: '10s' },
  ],
  suppress: [
    { during: ['changeover', 'startup'], settle: '5s' },
    { during: ['planned-stop', 'maintenance'], signals: ['temp*', 'vib*'] },
  ],
};

const KINDS = ['changeover', 'planned-stop', 'maintenance', 'order', 'operation'] as const;
const ASSETS = { l1: ['press', 'pump'], l2: ['fan'] } as const;

/** The life of the plant, with a schedule that is late, moved, prolonged, cancelled and overlapping. */
export function plannedLife(seed: number, seconds: number): Said[] {
  const random = randomOf(seed + 1);
  const whole = (below: number) => Math.floor(random() * below);
  const said: Said[] = [];
  for (let second = 1; second < seconds; second += 1) {
    for (const line of ['l1', 'l2'] as const) {
      if (random() > 0.06) continue;
      const entries = Array.from({ length: 1 + whole(3) }, () => {
        const start = second + whole(100) - 60;
        const kind = KINDS[whole(KINDS.length)] ?? 'order';
        const assets = random() < 0.4 ? { assets: [ASSETS[line][whole(2)] ?? 'fan'] } : {};
        return {
          ...{ id: `e${whole(12)}`, kind, start: START + start * 1_000, ...assets },
          ...{ end: START + (start + 5 + whole(60)) * 1_000, product: 'AB'[whole(2)] },
          ...{ order: `${whole(4)}`, segment: 'bend', cancelled: random() < 0.25 },
          due: START + (second + whole(200)) * 1_000,
        };
      });
      said.push({
        at: second * 1_000,
        subject: `schedule.p1.${line}`,
        payload: Buffer.from(JSON.stringify({ entries })),
        headers: { 'Content-Type': 'application/json' },
      });
    }
  }
  const others = plantLife(seed, seconds);
  return [...others, ...said].sort((a, b) => a.at - b.at || rank(a) - rank(b));
}

function rank({ subject }: Said): number {
  return subject.startsWith('schedule') ? 0 : 1;
}

/** Displaces what happens between two changes of the schedule, and nothing across one. */
export function shuffled(said: readonly Said[], disorder: number, seed: number): Said[] {
  const stretches: Said[][] = [[]];
  for (const one of said) {
    if (rank(one) === 0) stretches.push([one], []);
    else stretches.at(-1)?.push(one);
  }
  return stretches.flatMap((stretch, index) => shuffledTogether(stretch, disorder, seed + index));
}
