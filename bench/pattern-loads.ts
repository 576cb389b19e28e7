import type { AssetKey } from '../operators/model/key.ts';
import { FIRST_TIME, type Sample, sampleOf } from './reference-workload.ts';

type Load = {
  readonly name: string;
  readonly results: number;
  readonly patterns: readonly object[];
  readonly events: readonly Sample[];
};

export const OPEN = 'open partial matches';
/** How many one key has open, in the two cases that are compared. */
export const OPEN_MATCHES = [90, 900] as const;

const EVENTS = 200_000;
const is = (type: string) => `kind == 'event' && type == '${type}'`;

/** What the reference workload does not ask for: long loops, many timers, many patterns, many partial matches. */
export function loads(): readonly Load[] {
  return [longLoop(), absences(), manyPatterns(), ...OPEN_MATCHES.map(openMatches)];
}

/** Events of so many keys in turn, a millisecond apart; `typeOf`: of the n-th event of a key. */
function inTurn(keys: number, typeOf: (turn: number, key: number) => string): readonly Sample[] {
  const assets = Array.from({ length: keys }, (_, key) => `p/l/a${key}` as AssetKey);
  return Array.from({ length: EVENTS }, (_, index) => {
    const key = index % keys;
    const type = typeOf(Math.floor(index / keys), key);
    return sampleOf(assets[key] ?? ('p/l/a0' as AssetKey), index, type, {});
  });
}

/** 20 keys, each with a, a hundred times b, c: one match holds 102 events. */
function longLoop(): Load {
  const pattern = [
    { name: 'a', where: is('a') },
    { name: 'b', follows: 'relaxed', times: '1+', greedy: true, where: is('b') },
    { name: 'c', follows: 'relaxed', where: is('c') },
  ];
  const typeOf = (turn: number) => (turn % 102 === 0 ? 'a' : turn % 102 === 101 ? 'c' : 'b');
  return {
    name: 'one or more with 100 captured events',
    results: Math.floor(EVENTS / 20 / 102) * 20,
    patterns: [{ id: 'long', pattern, within: '1h' }],
    events: inTurn(20, typeOf),
  };
}

/** Every event of 10,000 keys begins to wait for an absence of 15 s; the next of the key comes after 10 s. */
function absences(): Load {
  const pattern = [
    { name: 'a', where: is('a') },
    { name: 'b', absent: 'relaxed', where: is('b') },
  ];
  const events = inTurn(10_000, () => 'a');
  return {
    name: 'absence timers on 10,000 keys',
    // Complete are those whose 15 s were over when their key was last heard.
    results: events
      .map(({ time }) => time - FIRST_TIME)
      .filter((time) => time + 15_000_000 <= EVENTS * 1_000 - 10_000_000 + (time % 10_000_000))
      .length,
    patterns: [{ id: 'absent', pattern, within: '15s', skip: 'no-skip' }],
    events,
  };
}

/** A hundred patterns of two stages, each of types of its own; all events are of the types of three. */
function manyPatterns(): Load {
  const patterns = Array.from({ length: 100 }, (_, index) => ({
    id: `pattern-${index}`,
    pattern: [
      { name: 'a', where: is(`a${index}`) },
      { name: 'b', follows: 'relaxed', where: is(`b${index}`) },
    ],
    within: '60s',
  }));
  const typeOf = (turn: number) => `${turn % 2 === 0 ? 'a' : 'b'}${Math.floor(turn / 2) % 3}`;
  return {
    name: '100 patterns of which 3 concern the events',
    results: EVENTS / 2,
    patterns,
    events: inTurn(1_000, typeOf),
  };
}

/** 10 keys, each with so many matches begun, then events that each of them must look at. */
function openMatches(open: number): Load {
  const pattern = [
    { name: 'a', where: is('a') },
    { name: 'b', follows: 'relaxed', where: `${is('b')} && time > last('a').time + 1000000000.0` },
  ];
  return {
    name: `${OPEN}: ${open} a key`,
    results: 0,
    patterns: [{ id: 'open', pattern, within: '24h', skip: 'no-skip' }],
    events: inTurn(10, (turn) => (turn < open ? 'a' : 'b')).slice(0, (open + 100) * 10),
  };
}
