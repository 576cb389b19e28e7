import { expect, test } from 'vitest';
import { readConfig } from '../../../../pipelines/base/config.ts';
import { assignPartitions, type Member } from '../../../../pipelines/worker/group/assignment.ts';
import { createMoves } from '../../../../pipelines/worker/group/group.ts';
import type { LeaseState } from '../../../../pipelines/worker/ownership/lease.ts';

const PARTITIONS = 8;
const CONFIG = { ...readConfig(undefined, {}), partitions: PARTITIONS };
const [ONE, TWO, THREE] = ['1'.repeat(16), '2'.repeat(16), '3'.repeat(16)] as const;
/** Milliseconds, far longer than anything has to last before it is acted upon. */
const LONG = 60_000;

const members = (...ids: readonly string[]): Member[] => {
  return ids.map((id) => ({ id, weight: 1, most: 1_024 }));
};
const ended: LeaseState = { holder: undefined, revision: 0 };
const released: LeaseState = { holder: undefined, revision: 7 };
const leases = (lease: LeaseState) => Array.from({ length: PARTITIONS }, () => lease);
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
const workingOn = (partitions: readonly number[]) =>
  new Map(partitions.map((partition) => [partition, true]));
/** Those of a member among some. */
function ofMember(id: string, ...ids: readonly string[]): number[] {
  const assigned = assignPartitions(PARTITIONS, members(...ids));
  return all.filter((partition) => assigned.get(partition) === id);
}

test('after an outage, when all leases have ended, nothing is left to those who renew theirs first', () => {
  const moves = createMoves(CONFIG, ONE);
  const working = workingOn(ofMember(ONE, ONE, TWO));
  const nobody = { members: [], leases: leases(ended) };
  const others = { members: members(TWO), leases: leases(ended) };
  const alone = { members: members(ONE), leases: leases(ended) };
  const both = { members: members(ONE, TWO), leases: leases(ended) };
  for (const [at, view] of [nobody, others, others, alone, both].entries()) {
    const now = at * 1_000;
    expect(moves(view, working, now)).toMatchObject({ leaves: [], begins: [] });
  }
  // However long it lasts that its own lease is not there.
  expect(moves(others, working, LONG)).toEqual({ leaves: [], begins: [] });
});

test('what falls to another member is left when it has been the same one for a while', () => {
  const moves = createMoves(CONFIG, ONE);
  const working = workingOn(all);
  const joined = { members: members(ONE, TWO), leases: leases(released) };
  const other = { members: members(ONE, THREE), leases: leases(released) };
  expect(moves(joined, working, 0).leaves).toEqual([]);
  expect(moves(joined, working, 1_000).leaves).toEqual([]);
  // Those that fall to somebody else now have not been his.
  expect(moves(other, working, LONG).leaves).toEqual([]);
  expect(moves(joined, working, LONG + 1_000).leaves).toEqual([]);
  expect(moves(joined, working, 2 * LONG).leaves).toEqual(ofMember(TWO, ONE, TWO));
});

test('one that comes back meanwhile is another one: it is left later', () => {
  const moves = createMoves(CONFIG, ONE);
  const joined = { members: members(ONE, TWO), leases: leases(released) };
  const [partition = -1] = ofMember(TWO, ONE, TWO);
  const without = workingOn(all.filter((each) => each !== partition));
  moves(joined, workingOn(all), 0);
  moves(joined, without, 1_000);
  expect(moves(joined, workingOn(all), LONG).leaves).not.toContain(partition);
});

test('a lease that was released is free at once, one that ended by itself when those who live have renewed theirs', () => {
  const moves = createMoves(CONFIG, ONE);
  const own = ofMember(ONE, ONE, TWO);
  const view = (lease: LeaseState) => ({ members: members(ONE, TWO), leases: leases(lease) });
  expect(moves(view(ended), new Map(), 0).begins).toEqual([]);
  expect(moves(view(ended), new Map(), LONG).begins.toSorted()).toEqual(own);
  const holder = { owner: 'hall-2', host: 'b', directory: '/b', holding: 'x' };
  expect(moves(view({ holder, revision: 9 }), new Map(), LONG + 1).begins).toEqual([]);
  expect(moves(view(ended), new Map(), LONG + 2).begins).toEqual([]);
  expect(moves(view(released), new Map(), LONG + 3).begins.toSorted()).toEqual(own);
});

test('hours after another member joined, an outage leaves nothing of it to the one that renews its lease first', () => {
  const moves = createMoves(CONFIG, ONE);
  const alone = { members: members(ONE), leases: leases(ended) };
  moves(alone, new Map(), 0);
  expect(moves(alone, new Map(), LONG).begins.toSorted()).toEqual(all);
  moves(alone, workingOn(all), LONG + 1_000);
  const own = workingOn(ofMember(ONE, ONE, TWO));
  moves({ members: members(ONE, TWO), leases: leases(released) }, own, 2 * LONG);
  expect(moves(alone, own, 100 * LONG).begins).toEqual([]);
  expect(moves(alone, own, 100 * LONG + 1_000).begins).toEqual([]);
});

test('while it still drains some, a member begins no more than its bound', () => {
  const moves = createMoves(CONFIG, ONE);
  const bounded = [{ id: ONE, weight: 1, most: 2 }];
  const own = assignPartitions(PARTITIONS, bounded);
  const working = workingOn(all.filter((partition) => !own.has(partition)).slice(0, 1));
  const view = { members: bounded, leases: leases(released) };
  expect(moves(view, working, 0).begins).toHaveLength(1);
  expect(moves(view, new Map(), 0).begins).toHaveLength(2);
});
