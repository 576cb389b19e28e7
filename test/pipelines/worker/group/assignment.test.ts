import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Assignment,
  assignPartitions,
  type Member,
} from '../../../../pipelines/worker/group/assignment.ts';

const PARTITIONS = 32;

const member = (most: fc.Arbitrary<number>) =>
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 8 }),
    weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
    most,
  });
const groupOf = (most: fc.Arbitrary<number>) =>
  fc.uniqueArray(member(most), { minLength: 2, maxLength: 8, selector: ({ id }) => id });

function moved(before: Assignment, after: Assignment): { from?: string; to?: string }[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const [from, to] = [before.get(partition), after.get(partition)];
    return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  }).filter(({ from, to }) => from !== to);
}

describe('the partitions of a group', () => {
  test('are the same whoever works it out, and each has one member', () => {
    fc.assert(
      fc.property(groupOf(fc.constant(PARTITIONS)), (members) => {
        const assigned = assignPartitions(PARTITIONS, members);
        expect(assigned.size).toBe(PARTITIONS);
        expect(assignPartitions(PARTITIONS, members.toReversed())).toEqual(assigned);
      }),
    );
  });

  test('move only from a member that leaves, and only to one that joins', () => {
    fc.assert(
      fc.property(groupOf(fc.constant(PARTITIONS)), (members) => {
        const [one, ...others] = members as [Member, ...Member[]];
        const [all, without] = [members, others].map((each) => assignPartitions(PARTITIONS, each));
        for (const { from } of moved(all!, without!)) expect(from).toBe(one.id);
        for (const { to } of moved(without!, all!)) expect(to).toBe(one.id);
      }),
    );
  });

  test('fill nobody over its bound, and none is left while anybody has room', () => {
    fc.assert(
      fc.property(groupOf(fc.integer({ min: 1, max: 12 })), (members) => {
        const assigned = assignPartitions(PARTITIONS, members);
        for (const { id, most } of members) {
          expect([...assigned.values()].filter((each) => each === id).length).toBeLessThanOrEqual(
            most,
          );
        }
        const room = members.reduce((sum, { most }) => sum + most, 0);
        expect(assigned.size).toBe(Math.min(PARTITIONS, room));
      }),
    );
  });

  test('fall to members by their weights', () => {
    const members = [
      { id: 'a', weight: 1, most: 10_000 },
      { id: 'b', weight: 3, most: 10_000 },
    ];
    const all = [...assignPartitions(10_000, members).values()];
    const share = all.filter((id) => id === 'b').length / all.length;
    // Three quarters; the deviation of 10,000 tries is 0.004.
    expect(Math.abs(share - 0.75)).toBeLessThan(0.02);
  });
});
