/** What happens at machines and is done by people and systems, beside what is measured: events, acts, reports, findings. */
import fc from 'fast-check';
import { epochMs, type Utterance } from './machines.ts';
import { MACHINES } from './model.ts';

/** Something that happens at one machine. */
export type Occurrence = {
  readonly at: number;
  readonly machine: (typeof MACHINES)[number];
  readonly what: Happening;
  /** Chooses among the variants of it. */
  readonly choice: number;
};

const STATES = ['EXECUTE', 'EXECUTE', 'EXECUTE', 'STOPPED', 'STARTING', 'ABORTED', 'IDLE'] as const;
const CODES = ['E1', 'E2', 'E3', 'E4', 'E5', 'E6'] as const;

type Said = { readonly type: string; readonly data: object; readonly by?: string };

/** `until` and the like are epoch milliseconds of the machine's right time. */
const HAPPENINGS = {
  state: (choice) => ({
    type: 'state',
    data: {
      state: pick(STATES, choice),
      product: pick(['A', 'B'], choice >> 3),
      ...(choice % 4 === 0 ? { order: `o${choice % 3}` } : {}),
    },
  }),
  'plc-alarm': (choice) => ({
    type: 'plc-alarm',
    data: { active: choice % 3 > 0, code: pick(CODES, choice >> 2) },
  }),
  jam: () => ({ type: 'jam', data: {} }),
  acknowledged: (choice) => ({
    type: 'acknowledged',
    data: pick([{}, { rule: 'plain' }, { component: 'drive' }, { signal: 'temp*' }], choice),
    by: pick(['', 'act'], choice >> 2),
  }),
  shelved: (choice, at) => ({
    type: 'shelved',
    data: {
      ...pick([{}, { rule: 'plain' }, { signal: 'vib*' }], choice),
      until: choice % 11 === 0 ? epochMs(at - 5_000) : epochMs(at + 25_000),
    },
    by: pick(['', 'act'], choice >> 2),
  }),
  unshelved: () => ({ type: 'unshelved', data: {}, by: 'act' }),
  out_of_service: (choice) => ({
    type: 'out_of_service',
    data: pick([{}, { rule: 'z*' }], choice),
    by: 'act',
  }),
  in_service: () => ({ type: 'in_service', data: {}, by: 'act' }),
  feedback: (choice) => ({
    type: 'feedback',
    data: { verdict: pick(['confirmed', 'false'], choice) },
    by: 'act',
  }),
  repaired: () => ({ type: 'repaired', data: {} }),
  sensor_changed: (choice) => ({
    type: 'sensor_changed',
    data: pick([{}, { point: 'de' }], choice),
  }),
  report: (choice, at) => ({
    type: 'report',
    data: {
      ...(choice % 7 === 0 ? {} : { text: `oil ${choice}` }),
      ...pick([{}, { ref: `T-${choice % 3}` }, { component: 'drive' }], choice),
      ...(choice % 5 === 0 ? { until: epochMs(at + 30_000) } : {}),
      ...pick([{}, { severity: 'danger' }, { priority: 'urgent' }], choice >> 2),
    },
    by: pick(['', 'act'], choice >> 3),
  }),
  'report-cleared': (choice) => ({
    type: 'report-cleared',
    data: pick([{}, { ref: `T-${choice % 3}` }, { component: 'drive' }], choice),
  }),
  finding: (choice) => ({ type: 'state', data: { state: pick(STATES, choice) }, by: 'finding' }),
} satisfies Readonly<Record<string, (choice: number, at: number) => Said>>;

export type Happening = keyof typeof HAPPENINGS;
const NAMES = Object.keys(HAPPENINGS) as Happening[];

function pick<T>(list: readonly [T, ...T[]] | readonly T[], choice: number): T {
  return list[choice % list.length] as T;
}

export function occurrencesOf(seconds: number): fc.Arbitrary<Occurrence[]> {
  const machine = fc.constantFrom(...MACHINES);
  // Half of them on whole seconds, where windows end; some of one machine at one time.
  const at = fc.oneof(
    fc.nat(seconds - 1).map((second) => second * 1_000),
    fc.nat(seconds * 1_000 - 1),
    fc.nat(Math.ceil(seconds / 30) - 1).map((half) => half * 30_000),
  );
  const choice = fc.nat(63);
  const single = fc
    .record({
      at,
      machine,
      choice,
      what: fc.constantFrom<Happening>('state', 'jam', 'jam', 'shelved', ...NAMES),
    })
    .map((one) => [one]);
  // Many alarms within seconds: a flood, in the words of ISA-18.2.
  const flood = fc
    .record({ at, machine, size: fc.integer({ min: 4, max: 12 }) })
    .map(({ at: from, size, ...one }) =>
      Array.from({ length: size }, (_, index) => {
        const which = { at: from + index * 300, choice: 4 * index + 1, what: 'plc-alarm' as const };
        return { ...one, ...which };
      }),
    );
  const runs = fc.constantFrom(...MACHINES).map((one) => {
    return [{ at: 0, machine: one, what: 'state' as const, choice: 0 }];
  });
  return fc
    .array(fc.oneof({ weight: 12, arbitrary: single }, { weight: 1, arbitrary: flood }, runs), {
      maxLength: 30,
      size: 'max',
    })
    .map((groups) => groups.flat());
}

export function happened({ at, machine, what, choice }: Occurrence): Utterance {
  const { type, data, by = '' }: Said = HAPPENINGS[what](choice, at);
  const subject = {
    '': `event.p1.${machine}`,
    act: `act.p1.${machine}.console.u${choice % 3}`,
    finding: `finding.p1.${machine}`,
  }[by];
  return {
    at,
    subject: subject ?? `event.p1.${machine}`,
    content: (time) => ({ time, type, data }),
  };
}
