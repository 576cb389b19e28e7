import { describe, expect, test } from 'vitest';
import {
  type AlarmCause,
  type AlarmFacts,
  alarmState,
  applyCause,
  normalFacts,
} from '../../../operators/alarm/alarm-state.ts';

const active: AlarmFacts = {
  ...normalFacts(),
  ...{ active: true, acknowledged: false, reported: true },
};

/** One of each state of ISA-18.2. What is hidden here is an active alarm that was reported. */
const IN: Readonly<Record<string, AlarmFacts>> = {
  normal: normalFacts(),
  unacknowledged: active,
  acknowledged: { ...active, acknowledged: true },
  returned: { ...active, active: false, reported: false },
  shelved: { ...active, shelved: true },
  suppressed: { ...active, suppressed: true },
  'out-of-service': { ...active, out_of_service: true },
};

const CAUSES = [
  ...(['raised', 'risen', 'cleared', 'acknowledged', 'realarm', 'shelved', 'unshelved'] as const),
  ...(['suppressed', 'unsuppressed', 'taken-out', 'put-back'] as const),
];

/** State before; then the state after each of the causes, in their order. The table of docs/detection.md. */
const TABLE = `
normal         | unacknowledged normal         normal         normal         normal         shelved normal         suppressed     normal         out-of-service normal
unacknowledged | unacknowledged unacknowledged returned       acknowledged   unacknowledged shelved unacknowledged         suppressed     unacknowledged out-of-service unacknowledged
acknowledged   | unacknowledged unacknowledged normal         acknowledged   unacknowledged shelved acknowledged           suppressed     acknowledged   out-of-service acknowledged
returned       | unacknowledged returned       returned       normal         returned       shelved returned               suppressed     returned       out-of-service returned
shelved        | shelved        shelved        shelved        shelved        shelved        shelved unacknowledged         suppressed     shelved        out-of-service shelved
suppressed     | suppressed     suppressed     suppressed     suppressed     suppressed     suppressed suppressed          suppressed     unacknowledged out-of-service suppressed
out-of-service | out-of-service out-of-service out-of-service out-of-service out-of-service out-of-service out-of-service  out-of-service out-of-service out-of-service unacknowledged
`
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((part) => part.trim()));

const TRANSITIONS = TABLE.flatMap(([before = '', after = '']) => {
  return after.split(/\s+/).map((state, at) => [before, CAUSES[at]!, state] as const);
});

describe('the states of an alarm (ISA-18.2)', () => {
  test('are seven, and each has a transition for each of eleven causes', () => {
    expect(new Set(TRANSITIONS.map(([before]) => before)).size).toBe(7);
    expect(TRANSITIONS).toHaveLength(77);
    for (const [name, facts] of Object.entries(IN)) expect(alarmState(facts)).toBe(name);
  });

  test.for(TRANSITIONS)('%s, %s → %s', ([before, cause, after]) => {
    const facts = { ...IN[before]! };
    applyCause(facts, cause);
    expect(alarmState(facts)).toBe(after);
  });
});

describe('what happened while an alarm was hidden shows when it is shown again', () => {
  const cases: [string, AlarmCause[], string, boolean][] = [
    [
      'it was acknowledged',
      ['raised', 'shelved', 'acknowledged', 'unshelved'],
      'acknowledged',
      true,
    ],
    ['it cleared', ['raised', 'shelved', 'cleared', 'unshelved'], 'returned', false],
    [
      'it was not reported, and cleared',
      ['shelved', 'raised', 'cleared', 'unshelved'],
      'normal',
      false,
    ],
    [
      'it was not reported, and is active',
      ['shelved', 'raised', 'unshelved'],
      'unacknowledged',
      true,
    ],
    [
      'one of two reasons is left',
      ['suppressed', 'shelved', 'raised', 'unshelved'],
      'suppressed',
      false,
    ],
    [
      'the other of two is left',
      ['suppressed', 'shelved', 'raised', 'unsuppressed'],
      'shelved',
      false,
    ],
    ['out of service', ['taken-out', 'raised', 'put-back'], 'unacknowledged', true],
  ];
  test.for(cases)('%s', ([, causes, state, isReported]) => {
    const facts = normalFacts();
    for (const cause of causes) applyCause(facts, cause);
    expect([alarmState(facts), facts.reported]).toEqual([state, isReported]);
  });
});
