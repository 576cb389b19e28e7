import { describe, expect, it } from 'vitest';
import { EXIT, Problem } from '../../../pipelines/base/problem.ts';
import { newEntry } from '../../../pipelines/systems/entry.ts';
import { isOwn, ownLedger, routeTo, takerOf } from '../../../pipelines/systems/route.ts';
import { type CmmsConfig, cmmsSchemaOf, readCmmses } from '../../../sinks/remote/config.ts';
import { exampleRequest } from '../../sinks/remote/example-request.ts';

const profile = (name: string, takes?: object) => ({
  ...{ name, base: 'http://127.0.0.1:1' },
  search: { path: '/', key: '/key' },
  create: { path: '/' },
  ...(takes === undefined ? {} : { takes }),
});
const SEVERAL = readCmmses([
  profile('urgent-desk', { priorities: ['urgent'], plants: ['p*'] }),
  profile('second', { plants: ['p2'] }),
  profile('rest'),
]);
const [desk, second, rest] = SEVERAL as [CmmsConfig, CmmsConfig, CmmsConfig];
const request = (id: string, asset: string, priority = 'high') =>
  exampleRequest({ id, asset: asset as never, priority: priority as never });

/** What the stream has. */
const stored = [
  request('a', 'p2/l1/press'),
  request('b', 'p1/l1/press'),
  request('c', 'p2/l1/press', 'urgent'),
];
const reads: string[] = [];
const revisions = {
  async read(id: string) {
    reads.push(id);
    const found = stored.find((one) => one.id === id);
    return found === undefined
      ? ({ kind: 'malformed', note: 'no JSON' } as const)
      : ({ kind: 'request', request: found, stored: 0 } as const);
  },
};

describe('which CMMS takes a request', () => {
  it('is the first whose policy it fits, or the one that takes all others', () => {
    const takers = stored.map((one) => takerOf(one, SEVERAL));
    expect(takers).toEqual(['second', 'rest', 'urgent-desk']);
    expect(takerOf(request('d', 'p1/l1/press'), [desk, second])).toBeUndefined();
  });

  it('is decided by its first revision, which is read once', async () => {
    const route = routeTo(second, SEVERAL, revisions);
    expect(await route.isMine('a', undefined)).toBe(true);
    expect(await route.isMine('a', undefined)).toBe(true);
    expect(await route.isMine('b', undefined)).toBe(false);
    expect(reads).toEqual(['a', 'b']);
  });

  it('is what the ledger says, whatever the policy has become', async () => {
    const route = routeTo(second, SEVERAL, revisions);
    const taken = (system: string, remote: string | null = null) => ({
      ...{ system, remote, asset: 'p2/l1/press' },
    });
    expect(await route.isMine('a', taken('rest'))).toBe(false);
    expect(await route.isMine('b', taken('second'))).toBe(true);
    // Of one that only another worker describes.
    expect(await route.isMine('a', taken('elsewhere'))).toBe(false);
    expect(await routeTo(rest, [rest], revisions).isMine('a', taken('elsewhere'))).toBe(false);
    // Taken when nobody chose: by the one that takes all others. What is not taken is decided.
    expect(await route.isMine('a', taken('', 'WO-1'))).toBe(false);
    expect(await routeTo(rest, SEVERAL, revisions).isMine('a', taken('', 'WO-1'))).toBe(true);
    expect(await route.isMine('a', taken(''))).toBe(true);
  });

  it('is the successor of who took it, at the plants and assets that the successor takes', async () => {
    const heir = profile('heir', { plants: ['p2'] });
    const all = readCmmses([
      { ...heir, succeeds: ['second'] },
      profile('second'),
      profile('x', { plants: ['p9'] }),
    ]);
    const [first, old] = all as [CmmsConfig, CmmsConfig];
    const at = (asset: string, system = 'second') => ({ system, remote: 'WO-1', asset });
    expect(await routeTo(first, all, revisions).isMine('a', at('p2/l1/press'))).toBe(true);
    expect(await routeTo(old, all, revisions).isMine('a', at('p2/l1/press'))).toBe(false);
    expect(await routeTo(first, all, revisions).isMine('a', at('p1/l1/press'))).toBe(false);
    expect(await routeTo(old, all, revisions).isMine('a', at('p1/l1/press'))).toBe(true);
    expect(await routeTo(first, all, revisions).isMine('a', at('p2/l1/press', 'x'))).toBe(false);
  });

  it('leaves what cannot be read to the one that takes all others', async () => {
    expect(await routeTo(rest, SEVERAL, revisions).isMine('x', undefined)).toBe(true);
    expect(await routeTo(second, SEVERAL, revisions).isMine('x', undefined)).toBe(false);
  });

  it('is told of an entry that cannot be read by policy, so that it holds up no other', async () => {
    const damaged = new Problem({
      where: 'ledger',
      expected: 'an entry',
      found: 'torn',
      remedy: 'x',
      exit: EXIT.outside,
    });
    const get = async () => Promise.reject(damaged);
    expect(await isOwn('a', { get }, routeTo(second, SEVERAL, revisions))).toBe(true);
    expect(await isOwn('a', { get }, routeTo(rest, SEVERAL, revisions))).toBe(false);
    const away = async () => Promise.reject(new Error('disconnected'));
    const asked = isOwn('a', { get: away }, routeTo(rest, SEVERAL, revisions));
    await expect(asked).rejects.toThrow('disconnected');
  });

  it('shows each of them its own part of the ledger', async () => {
    const ledger = {
      all: async () => [newEntry('a', stored[0], 'second'), newEntry('b', stored[1], 'rest')],
      get: async () => ({ entry: undefined, version: 0 }),
      put: async () => 1,
      resends: async () => ['a', 'b', 'c'],
      resent: async () => undefined,
    };
    const own = ownLedger(ledger, routeTo(second, SEVERAL, revisions));
    expect((await own.all()).map(({ id }) => id)).toEqual(['a']);
    expect((await own.shared()).foreign).toEqual(new Set(['b']));
    expect(await own.resends()).toEqual(['a']);
  });
});

describe('several CMMS in a configuration', () => {
  it('have names of their own, and one alone takes all others', () => {
    const twice = [profile('one'), profile('one', { plants: ['p'] }), profile('two')];
    const issues = cmmsSchemaOf(twice).safeParse(twice).error?.issues ?? [];
    expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      '1.name: expected a name of its own, found one twice',
      '2.takes: expected `takes`: one CMMS alone takes what no other takes',
    ]);
  });

  it('succeed others than themselves, by plants and assets alone', () => {
    const wrong = [
      { ...profile('one', { plants: ['p1'] }), succeeds: ['one'] },
      { ...profile('two', { priorities: ['urgent'] }), succeeds: ['one'] },
    ];
    const issues = cmmsSchemaOf(wrong).safeParse(wrong).error?.issues ?? [];
    expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      '0.succeeds: expected others than one itself',
      '1.succeeds: expected it where `takes` has plants and assets alone',
    ]);
  });

  it('say what they take', () => {
    const empty = [profile('one', {})];
    expect(cmmsSchemaOf(empty).safeParse(empty).error?.issues[0]?.message).toContain(
      'expected plants, assets, works, severities or priorities',
    );
    const misspelt = [profile('one', { priorities: ['urgnt'] })];
    expect(cmmsSchemaOf(misspelt).safeParse(misspelt).error?.issues[0]?.path.join('.')).toBe(
      '0.takes.priorities.0',
    );
    expect(readCmmses(undefined)).toEqual([]);
    expect(readCmmses(profile('one'))).toHaveLength(1);
  });
});
