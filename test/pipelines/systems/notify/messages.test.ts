import { describe, expect, test } from 'vitest';
import { SEVERITIES } from '../../../../operators/model/detector-rule.ts';
import type { Notice } from '../../../../pipelines/systems/notify/book.ts';
import { summariseNotices } from '../../../../pipelines/systems/notify/inspect-notices.ts';
import { success } from '../../../../sinks/remote/outcome.ts';
import { type NotifyConfig, systemConfigSchema } from '../../../../sinks/remote/system-config.ts';
import { readProfile } from '../erp-config.ts';
import { HOUR, MINUTE, NOON, notice, people, SECOND, WRITTEN } from './people.ts';
import { type Answers, DOWN, type Event, simulate } from './simulated.ts';

const at = (minutes: number, more: Partial<Notice> = {}): Event => ({
  at: NOON + minutes * MINUTE,
  notice: notice(more),
});
const run = (events: readonly Event[], hours: number, changes: object = {}, answers?: Answers) =>
  simulate({
    ...{ config: people(changes), events, from: NOON, until: NOON + hours * HOUR },
    ...(answers === undefined ? {} : { answers }),
  });
const ACK = { state: 'answered', answered: { by: 'bob', how: 'acknowledged' } } as const;

describe('who hears, and when', () => {
  test('the next channel, the next person, the next role; then from the beginning', async () => {
    const { told } = await run([at(0)], 2);
    expect(told).toEqual([
      // An alarm waits half a minute for others, and a quarter of an hour for an answer.
      '0m mail ann req1',
      '15m chat - req1',
      '30m mail bob req1',
      '45m chat eve req1',
      '60m siren zoe req1',
      // Nobody has answered: reminded after an hour each, in the same order.
      '75m mail ann req1',
      '90m chat - req1',
      '105m mail bob req1',
    ]);
  });

  test('after an answer nobody; when that ends, whoever gave it first', async () => {
    const { told } = await run([at(0), at(20, { ...ACK, word: 2 })], 9);
    expect(told).toEqual([
      ...['0m mail ann req1', '15m chat - req1'],
      // An acknowledgement of an alarm lasts eight hours.
      ...['500m mail bob req1', '515m mail ann req1', '530m chat - req1'],
    ]);
  });

  test('what is worse than what was answered speaks at once', async () => {
    const worse = { severity: 'danger', word: 3 } as const;
    const { told } = await run([at(0), at(5, { ...ACK, word: 2 }), at(10, worse)], 0.3);
    expect(told).toEqual(['0m mail ann req1', '10m mail ann req1', '15m chat - req1']);
  });

  test('an older word changes nothing, nor does the same one again', async () => {
    const { told } = await run(
      [at(0, { ...ACK, word: 2 }), at(1, { word: 1 }), at(2, { ...ACK, word: 2 })],
      8,
    );
    expect(told).toEqual([]);
    // It ends eight hours after the answer, not after the repeat.
    const later = await run([at(0, { ...ACK, word: 2 }), at(60, { ...ACK, word: 2 })], 8.3);
    expect(later.told).toEqual(['480m mail bob req1', '495m mail ann req1']);
  });

  test('work that was begun is an answer that does not end', async () => {
    const begun = { state: 'answered', answered: { by: '', how: 'started' }, word: 2 } as const;
    expect((await run([at(0), at(1, begun)], 100)).told).toEqual(['0m mail ann req1']);
  });

  test('nobody when it is over before its time; whoever keeps a list hears that it is over', async () => {
    const over = { state: 'over', word: 2 } as const;
    expect((await run([at(0), at(0.2, over)], 2)).told).toEqual([]);
    const channels = {
      ...WRITTEN.channels,
      mail: { kind: 'alertmanager', url: 'http://127.0.0.1' },
    };
    const { told } = await run([at(0), at(16, over)], 2, { channels });
    expect(told).toEqual(['0m mail ann req1', '15m chat - req1', '16m mail ann req1 over']);
  });

  test('a step that is not in force any more tells nobody, also by an older word than others had', async () => {
    const gone = { step: 'notify:gone', role: 'head', state: 'not-in-force' } as const;
    const { told } = await run([at(0, { word: 2 }), at(0.1, { ...gone, word: 1 })], 0.2);
    expect(told).toEqual(['0m mail ann req1']);
  });

  test('each person hears in their language and by their clocks, else in those of the file', async () => {
    const bob = { language: 'de', time_zone: 'Asia/Tokyo', channels: WRITTEN.people.bob.channels };
    const { received } = await run([at(0)], 0.6, { people: { ...WRITTEN.people, bob } });
    expect(
      received.map(({ message: { to, language, time_zone } }) => [to, language, time_zone]),
    ).toEqual([
      ['ann', 'en', 'Europe/Vienna'],
      [undefined, 'en', 'Europe/Vienna'],
      ['bob', 'de', 'Asia/Tokyo'],
    ]);
    const german = await run([at(0)], 0.2, { language: 'de' });
    expect(german.received.map(({ message }) => message.language)).toEqual(['de']);
    const file = { ...WRITTEN, language: 'fr' };
    expect(systemConfigSchema.safeParse(file).error?.issues).toMatchObject([
      { path: ['language'] },
    ]);
  });

  test('a role that nobody knows is the fallback', async () => {
    const { told } = await run([at(0, { role: 'nobody' })], 0.2);
    expect(told).toEqual(['0m siren zoe req1']);
  });

  test('a person of two roles hears once', async () => {
    const both = [at(0), at(0, { step: 'notify:two', role: 'shift' })];
    expect((await run(both, 0.2)).told).toEqual(['0m mail ann req1']);
  });

  test('a notice without a state is told once, by whatever works', async () => {
    const { told } = await run([at(0, { once: true, key: 'req1-c' })], 30, {}, (channel) =>
      channel === 'mail' ? DOWN : success(''),
    );
    expect(told.filter((line) => line.includes('req1-c'))).toEqual(['1m chat - req1-c']);
  });
});

describe('one message for many', () => {
  test('a thousand breaches at once are one message for each person, with all of them', async () => {
    const events = Array.from({ length: 1_000 }, (_, index) =>
      at(0, { request: `r${index}`, key: `r${index}`, asset: `p1/l1/m${index}` }),
    );
    const { received } = await run(events, 0.1);
    expect(received).toHaveLength(1);
    expect(received[0]?.message.problems).toHaveLength(1_000);
  });

  test('what comes later waits for the interval; danger does not', async () => {
    const { told } = await run(
      [
        at(0),
        at(1, { request: 'r2', key: 'r2' }),
        at(2, { request: 'r3', key: 'r3', severity: 'danger' }),
        at(2, { request: 'r4', key: 'r4', asset: 'p1/l2/mill' }),
      ],
      0.2,
    );
    expect(told.filter((line) => !line.includes('chat'))).toEqual([
      ...['0m mail ann req1', '2m mail ann r3', '2m mail ann r4', '5m mail ann r2'],
    ]);
  });

  test('what is withheld while something graver stands there speaks when that is over', async () => {
    const policy = { inhibit: [{ source: 'danger', target: ['alarm'], same: 'line' }] };
    const grave = { request: 'big', key: 'big', severity: 'danger', asset: 'p1/l1/mill' } as const;
    const { told } = await run(
      [at(0, grave), at(0), at(3, { ...grave, state: 'over', word: 2 })],
      0.2,
      { policy },
    );
    expect(told).toEqual(['0m mail ann big', '3m mail ann req1']);
    // What is told once never ends: it withholds nothing.
    const once = await run([at(0, { ...grave, once: true }), at(0)], 0.2, { policy });
    expect(once.told).toContain('0m mail ann req1');
  });
});

describe('quiet hours', () => {
  const quiet = { hours: [{ from: '22:00', to: '06:00' }] };
  const ann = { channels: [{ channel: 'mail', to: 'ann' }], quiet };
  const night = { people: { ...WRITTEN.people, ann } };
  /** 23:00 in Vienna. */
  const late = (11 * HOUR) / MINUTE;

  test('an alarm waits until morning, danger does not', async () => {
    const { told } = await run([at(late)], 18.1, night);
    expect(told).toEqual([`${18 * 60}m mail ann req1`]);
    const grave = await run([at(late, { severity: 'danger' })], 11.05, night);
    expect(grave.told).toEqual([`${late}m mail ann req1`]);
  });
});

describe('channels that fail', () => {
  test('a reminder that failed does not come sooner when the problem is less grave by then', async () => {
    const mailAway: Answers = (channel, time) =>
      channel === 'mail' && time > NOON + MINUTE && time < NOON + 21 * MINUTE ? DOWN : success('');
    const events = [at(0, { severity: 'danger' }), at(21, { severity: 'warning', word: 2 })];
    const { received } = await run(events, 9, {}, mailAway);
    const times = received
      .filter(({ message: { to, problems } }) => to === 'ann' && problems[0]?.key === 'req1')
      .map(({ at: time }) => Math.floor((time - NOON) / HOUR));
    expect(times).toEqual([0, 8]);
  });

  test('one that is away is tried for two minutes, then the next one; the fallback hears of it', async () => {
    const { told } = await run([at(0)], 0.14, {}, (channel) =>
      channel === 'mail' ? DOWN : success(''),
    );
    expect(told).toEqual(['1m chat - req1', '2m siren zoe channel-mail']);
  });

  test('one that refuses is not tried again at once; an address that is wrong is told apart', async () => {
    const refuse: Answers = (channel, _, { to }) =>
      channel === 'mail' && to === 'ann'
        ? { kind: 'rejected', note: '550 no such box', status: 550 }
        : success('');
    const { told } = await run([at(0)], 0.1, {}, refuse);
    expect(told).toEqual(['0m chat - req1', '1m siren zoe channel-mail-ann']);
  });

  test('a pause that is asked for is kept', async () => {
    let tries = 0;
    const busy: Answers = () => {
      tries += 1;
      return tries === 1 ? { ...DOWN, after: 60 * SECOND } : success('');
    };
    const { received } = await run([at(0)], 0.1, {}, busy);
    expect(received[0]?.at).toBe(NOON + 90 * SECOND);
  });

  test('each channel is tried daily at its time, and what fails is told by another', async () => {
    const channels = {
      ...WRITTEN.channels,
      mail: { ...WRITTEN.channels.mail, test: { at: '13:00' } },
    };
    const answers: Answers = (channel, time) =>
      channel === 'mail' && time > NOON + 20 * HOUR ? DOWN : success('');
    const { told } = await run([], 26, { channels }, answers);
    expect(told).toEqual(['60m mail -  test', `${25 * 60 + 1}m siren zoe channel-mail`]);
  });
});

test('what is open is listed by its gravity, and then by its age', async () => {
  const of = (key: string, severity: Notice['severity']) => at(0, { request: key, key, severity });
  const events = SEVERITIES.map((severity) => of(severity, severity));
  const { book } = await run(
    [...events, at(1, { request: 'new', key: 'new', severity: 'danger' })],
    0.1,
  );
  const listed = summariseNotices(book, people(), NOON + 6 * MINUTE).map(({ key }) => key);
  expect(listed).toEqual(['danger', 'new', 'alarm', 'warning', 'notice']);
});

test('the people file of the examples is one', () => {
  const { people: persons, roles } = systemConfigSchema.parse({
    ...readProfile('people'),
    name: 'notify',
  }) as NotifyConfig;
  expect(Object.keys(persons)).toEqual(['k3x9', 'm7q2', 'p1zz']);
  expect(Object.keys(roles)).toContain('maintenance');
});

test('the file is refused where somebody could not be reached', () => {
  const wrong = (changes: object) => {
    try {
      people(changes);
    } catch (error) {
      return String(error);
    }
    return '';
  };
  expect(wrong({ fallback: 'nobody' })).toContain(
    'expected a role of this file (shift, head, plant)',
  );
  expect(wrong({ policy: { interval: { alarm: '20s' } } })).toContain('at least 30s');
  expect(wrong({ policy: { inhibit: [{ source: 'danger', target: ['danger'] }] } })).not.toBe('');
  expect(wrong({ people: { ann: { channels: [{ channel: 'fax' }] } } })).toContain('found fax');
  const layers = [{ people: ['zoe'], during: [{ from: '06:00', to: '14:00' }] }];
  expect(wrong({ roles: { plant: { layers } } })).toContain('somebody must hear at any time');
  expect(SEVERITIES.every((severity) => people().policy.interval[severity] >= 30_000)).toBe(true);
});
