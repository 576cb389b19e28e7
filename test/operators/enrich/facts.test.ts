import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addFact,
  changedInside,
  type Fact,
  factAt,
  startupEnded,
} from '../../../operators/enrich/facts.ts';
import { isStarting } from '../../../operators/model/machine-event.ts';
import type { EventTime } from '../../../operators/model/time.ts';

const STATES = ['STARTING', 'EXECUTE', 'HELD', 'CLEARING'] as const;

describe('facts', () => {
  test('in any order of arrival they give what a search through all of them gives', () => {
    const said = fc.tuple(fc.nat(30), fc.constantFrom(...STATES));
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), fc.nat(35), fc.nat(10), (all, from, span) => {
        const facts: Fact[] = [];
        for (const [time, state] of all) addFact(facts, time as EventTime, { state });
        const plain = [...new Map(all)].sort(([a], [b]) => a - b);
        expect(facts.map(({ time, state }) => [time, state])).toEqual(plain);
        const known = plain.filter(([time]) => time <= from);
        expect(factAt(facts, from as EventTime)?.state).toBe(known.at(-1)?.[1]);
        const inside = plain.filter(([time]) => time > from && time < from + span);
        const states = [known.at(-1)?.[1], ...inside.map(([, state]) => state)];
        const changed = states.some((state) => state !== states[0]);
        expect(changedInside(facts, from as EventTime, (from + span) as EventTime)).toBe(changed);
        const ends = known.filter(([, state], at) => {
          return at > 0 && isStarting(known[at - 1]?.[1] ?? '') && !isStarting(state);
        });
        expect(startupEnded(facts, from as EventTime)).toBe(ends.at(-1)?.[0]);
      }),
    );
  });

  test('a machine that changes its state every second is looked up in as few steps as any other', () => {
    const seconds = 20_000;
    let reads = 0;
    const facts = new Proxy<Fact[]>([], {
      get(target, name, receiver) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    for (let second = 0; second < seconds; second += 1) {
      const time = (second * 1_000_000) as EventTime;
      addFact(facts, time, { state: second % 2 === 0 ? 'EXECUTE' : 'HELD' });
      startupEnded(facts, time);
      changedInside(facts, (time - 5_000_000) as EventTime, time);
    }
    // Four searches among so many facts are 57 reads. Looking through all of them would be 10,000 each time.
    expect(reads / seconds).toBeLessThan(100);
  });
});
