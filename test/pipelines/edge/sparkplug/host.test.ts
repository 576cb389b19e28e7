import { describe, expect, test } from 'vitest';
import { type HostOutput, SparkplugHost } from '../../../../pipelines/edge/sparkplug/host.ts';
import {
  decodeSparkplug,
  parseSparkplugTopic,
  type TagClock,
} from '../../../../pipelines/edge/sparkplug/payload.ts';
import { NodeSequence } from '../../../../pipelines/edge/sparkplug/sequence.ts';
import { encodeNode, type UMetric } from '../../../stand/sparkplug-node.ts';

const BEGAN = Date.UTC(2026, 10, 30, 12);

/** A host whose clocks stand where the test puts them, and two machines: a node and its device. */
function openHost({ reorder = 2_000, rebirth = 30_000, clock = 'source' as TagClock } = {}) {
  const refused: Record<string, number> = {};
  const host = new SparkplugHost({
    ...{ reorder, rebirth, clock },
    refuse: (reason) => {
      refused[reason] = (refused[reason] ?? 0) + 1;
    },
  });
  let ticks = 0;
  const now = () => ({ time: BEGAN + ticks, tick: ticks });
  const all: HostOutput[] = [];
  const keep = (heard: readonly HostOutput[]) => {
    all.push(...heard);
    return heard;
  };
  let clockOfNode = () => BEGAN + ticks;
  const say = (words: string, seq: number | undefined, ...metrics: readonly object[]) => {
    const topic = parseSparkplugTopic(words.replace(/^(\w+) (\w+)/, 'spBv1.0/G/$1/$2'));
    if (topic === undefined) throw new Error(words);
    const payload = encodeNode({
      ...{ timestamp: clockOfNode(), metrics: metrics as UMetric[] },
      ...(seq === undefined ? {} : { seq }),
    });
    return keep(host.receive(topic, decodeSparkplug(payload), now()));
  };
  return {
    ...{ host, refused, all, say },
    /** The same, by a node whose clock counts from when it was switched on. */
    sayWithUptime: (...words: Parameters<typeof say>) => {
      clockOfNode = () => 123_456;
      try {
        return say(...words);
      } finally {
        clockOfNode = () => BEGAN + ticks;
      }
    },
    /** A node is born with its device, of sequence numbers 0 and 1. */
    bear(session = 1) {
      say('NBIRTH N', 0, bdSeq(session), value('n', 1));
      say('DBIRTH N/D', 1, { ...value('d', 2), alias: 5 });
    },
    pass(milliseconds: number) {
      ticks += milliseconds;
      return keep(host.expire(now()));
    },
    lose: () => keep(host.lose(now())),
    regain: () => host.regain(now()),
  };
}

const value = (name: string, number: number) => ({ name, type: 'Int32', value: number });
const data = (number: number) => ({ alias: 5, type: 'Int32', value: number });
const bdSeq = (number: number) => ({ name: 'bdSeq', type: 'Int64', value: number });
const readingsOf = (heard: readonly HostOutput[]) =>
  heard.flatMap((each) =>
    each.kind === 'values'
      ? each.readings.map(
          ({ labels, value: v, quality }) => `${each.ids.machine} ${labels.metric} ${v} ${quality}`,
        )
      : [],
  );
const eventsOf = (heard: readonly HostOutput[]) =>
  heard.flatMap((each) => (each.kind === 'event' ? [`${each.ids.machine} ${each.type}`] : []));
const rebirthsOf = (heard: readonly HostOutput[]) =>
  heard.filter(({ kind }) => kind === 'rebirth').length;

describe('births and deaths', () => {
  test('a birth tells of the machine and its values; data is read by the aliases of the birth', () => {
    const { bear, say, all } = openHost();
    bear();
    say('DDATA N/D', 2, data(3));
    expect(eventsOf(all)).toEqual(['G/N source-online', 'G/N/D source-online']);
    expect(readingsOf(all)).toEqual(['G/N n 1 good', 'G/N/D d 2 good', 'G/N/D d 3 good']);
  });

  test('a node dies with its devices: each last value is stale, once, at the time of the host', () => {
    const { bear, say, pass, host } = openHost();
    bear();
    pass(500);
    const heard = say('NDEATH N', undefined, bdSeq(1));
    expect(readingsOf(heard)).toEqual(['G/N/D d 2 suspect', 'G/N n 1 suspect']);
    expect(eventsOf(heard)).toEqual(['G/N/D source-offline', 'G/N source-offline']);
    const times = heard.flatMap((each) =>
      each.kind === 'values' ? each.readings.map(({ time }) => time) : [],
    );
    expect(times).toEqual([BEGAN + 500, BEGAN + 500]);
    expect(say('NDEATH N', undefined, bdSeq(1))).toEqual([]);
    expect(host.status['G/N']).toMatchObject({ online: false, devices: { D: { online: false } } });
  });

  test('a device dies alone, at the time of its message', () => {
    const { bear, say, host } = openHost();
    bear();
    const heard = say('DDEATH N/D', 2);
    expect(readingsOf(heard)).toEqual(['G/N/D d 2 suspect']);
    expect(host.status['G/N']).toMatchObject({ online: true, devices: { D: { online: false } } });
  });

  test('the death of an earlier session is none: its will may come after the next birth', () => {
    const { bear, say, refused, host } = openHost();
    bear(1);
    bear(2);
    expect(say('NDEATH N', undefined, bdSeq(1))).toEqual([]);
    expect(refused).toMatchObject({ 'old-death': 1 });
    expect(host.status['G/N']?.online).toBe(true);
  });

  test('born again, a node is online before its devices are; one that does not follow is away', () => {
    const { bear, say, refused } = openHost();
    bear();
    say('NBIRTH N', 0, bdSeq(1), value('n', 1));
    const heard = say('NDATA N', 1, value('n', 9));
    expect(readingsOf(heard)).toEqual(['G/N/D d 2 suspect', 'G/N n 9 good']);
    expect(eventsOf(heard)).toEqual(['G/N/D source-offline']);
    expect(rebirthsOf(say('DDATA N/D', 2, data(3)))).toBe(1);
    expect(refused.unborn).toBe(1);
  });

  test('the broker is gone: everything is stale, and nodes that do not come back are asked', () => {
    const { bear, lose, regain, pass, all } = openHost();
    bear();
    expect(readingsOf(lose())).toEqual(['G/N/D d 2 suspect', 'G/N n 1 suspect']);
    regain();
    expect(rebirthsOf(pass(7_000))).toBe(0);
    expect(rebirthsOf(pass(1_000))).toBe(1);
    expect(rebirthsOf(all)).toBe(1);
    bear();
    expect(rebirthsOf(pass(600_000))).toBe(0);
  });
});

describe('data before its birth', () => {
  test('is counted and a birth asked for: once in the interval, less often without an answer', () => {
    const { say, pass, refused, all } = openHost({ rebirth: 10_000 });
    const send = () => say('DDATA N/D', 7, data(1));
    expect(rebirthsOf(send())).toBe(1);
    for (let n = 0; n < 50; n += 1) send();
    expect(rebirthsOf(all)).toBe(1);
    expect(refused).toEqual({ unborn: 51 });
    expect(rebirthsOf(pass(9_999))).toBe(0);
    expect(rebirthsOf(pass(1))).toBe(1);
    expect(rebirthsOf(pass(19_999))).toBe(0);
    expect(rebirthsOf(pass(1))).toBe(1);
    for (let hour = 0; hour < 100; hour += 1) pass(3_600_000);
    expect(rebirthsOf(all)).toBe(10);
  });

  test('an alias that the last birth did not give is none of an earlier one', () => {
    const { bear, say, refused } = openHost();
    bear();
    say('DBIRTH N/D', 2, { ...value('d', 2), alias: 6 });
    const heard = say('DDATA N/D', 3, data(4));
    expect(readingsOf(heard)).toEqual([]);
    expect(rebirthsOf(heard)).toBe(1);
    expect(refused.unborn).toBe(1);
  });

  test('not all nodes are asked at once', () => {
    const { say, pass, all } = openHost();
    for (let n = 0; n < 50; n += 1) say(`NDATA N${n}`, 1, value('n', 1));
    expect(rebirthsOf(all)).toBe(20);
    pass(1_000);
    expect(rebirthsOf(all)).toBe(40);
    pass(1_000);
    expect(rebirthsOf(all)).toBe(50);
  });
});

describe('order', () => {
  test('what comes too early waits, and goes on in order when the rest is here', () => {
    const { bear, say, pass, refused, all } = openHost();
    bear();
    expect(say('DDATA N/D', 4, data(4))).toEqual([]);
    expect(say('DDATA N/D', 3, data(3))).toEqual([]);
    const heard = say('DDATA N/D', 2, data(2.0));
    expect(readingsOf(heard)).toEqual(['G/N/D d 3 good', 'G/N/D d 4 good']);
    expect(pass(60_000)).toEqual([]);
    expect(refused.repeat).toBe(1);
    expect(rebirthsOf(all)).toBe(0);
  });

  test('what does not come in time is missing: told, counted, and births are asked for', () => {
    const { bear, say, pass, refused, host } = openHost();
    bear();
    say('DDATA N/D', 5, data(5));
    expect(pass(1_999)).toEqual([]);
    const heard = pass(1);
    expect(readingsOf(heard)).toEqual(['G/N/D d 5 uncertain']);
    expect(eventsOf(heard)).toEqual(['G/N gap', 'G/N/D gap']);
    expect(rebirthsOf(heard)).toBe(1);
    expect(refused.missed).toBe(3);
    expect(host.status['G/N']?.missed).toBe(3);
    // Late is better than never.
    expect(readingsOf(say('DDATA N/D', 3, data(3)))).toEqual(['G/N/D d 3 uncertain']);
    expect(host.status['G/N']?.missed).toBe(2);
    say('NBIRTH N', 0, bdSeq(1), value('n', 1));
    say('DBIRTH N/D', 1, { ...value('d', 6), alias: 5 });
    expect(readingsOf(say('DDATA N/D', 2, data(7)))).toEqual(['G/N/D d 7 good']);
  });

  test('numbers begin again after 255', () => {
    const { bear, say, all, refused } = openHost();
    bear();
    for (let n = 2; n < 600; n += 1) say('DDATA N/D', n % 256, data(n));
    expect(readingsOf(all).length).toBe(599);
    expect(refused).toEqual({ repeat: 1 });
  });

  test('without a wait a gap is told at once', () => {
    const { bear, say } = openHost({ reorder: 0 });
    bear();
    const heard = say('DDATA N/D', 3, data(3));
    expect(readingsOf(heard)).toEqual(['G/N/D d 3 uncertain']);
    expect(rebirthsOf(heard)).toBe(1);
  });

  test('what waits when its node is born again, or dies, is not lost', () => {
    const { bear, say } = openHost();
    bear();
    say('DDATA N/D', 3, data(3));
    const heard = say('NBIRTH N', 0, bdSeq(1), value('n', 1));
    expect(readingsOf(heard)).toEqual(['G/N/D d 3 uncertain']);
    say('DBIRTH N/D', 1, { ...value('d', 3), alias: 5 });
    say('DDATA N/D', 3, data(4));
    const dead = say('NDEATH N', undefined, bdSeq(1));
    expect(readingsOf(dead)).toEqual([
      'G/N/D d 4 uncertain',
      'G/N/D d 4 suspect',
      'G/N n 1 suspect',
    ]);
  });

  test('a node that always sends the same number loses nothing', () => {
    const { bear, say, pass, all } = openHost();
    bear();
    for (let n = 10; n < 15; n += 1) say('DDATA N/D', 0, data(n));
    pass(2_000);
    const read = readingsOf(all).filter((text) => /d 1\d /.test(text));
    expect(read.map((text) => text.split(' ')[2])).toEqual(['10', '11', '12', '13', '14']);
  });
});

describe('a node whose clock is none', () => {
  test('its data is refused, and neither what waits with it nor the host is lost', () => {
    const { bear, say, sayWithUptime, pass, refused } = openHost();
    bear();
    say('DDATA N/D', 3, data(3));
    sayWithUptime('DDATA N/D', 4, data(4));
    say('DDATA N/D', 5, data(5));
    const heard = pass(2_000);
    expect(readingsOf(heard)).toEqual(['G/N/D d 3 uncertain', 'G/N/D d 5 uncertain']);
    expect(refused).toEqual({ malformed: 1, missed: 1 });
    expect(rebirthsOf(heard)).toBe(1);
  });

  test('what waits is not lost with the broker, nor with a birth that cannot be read', () => {
    for (const birth of [false, true]) {
      const { bear, say, sayWithUptime, lose, host, refused } = openHost();
      bear();
      say('DDATA N/D', 3, data(3));
      sayWithUptime('DDATA N/D', 4, data(4));
      const heard = birth ? sayWithUptime('NBIRTH N', 0, bdSeq(2), value('n', 1)) : lose();
      expect(readingsOf(heard)).toEqual([
        ...['G/N/D d 3 uncertain', 'G/N/D d 3 suspect', 'G/N n 1 suspect'],
      ]);
      expect(refused.malformed).toBe(birth ? 2 : 1);
      // Nobody knows what its aliases mean now.
      expect(host.status['G/N']?.online).toBe(false);
      expect(rebirthsOf(heard)).toBe(birth ? 1 : 0);
    }
  });

  test('a device is away after a birth that cannot be read, and dead whatever its clock says', () => {
    const { bear, say, sayWithUptime, host } = openHost();
    bear();
    const heard = sayWithUptime('DBIRTH N/D', 2, { ...value('other', 2), alias: 5 });
    expect(readingsOf(heard)).toEqual(['G/N/D d 2 suspect']);
    expect(readingsOf(say('DDATA N/D', 3, data(3)))).toEqual([]);
    say('DBIRTH N/D', 4, { ...value('d', 2), alias: 5 });
    expect(host.status['G/N']?.devices.D?.online).toBe(true);
    sayWithUptime('DDEATH N/D', 5);
    expect(host.status['G/N']?.devices.D?.online).toBe(false);
  });

  test('where the arrival counts, nothing is refused for its time', () => {
    const { sayWithUptime, all, refused } = openHost({ clock: 'arrival' });
    sayWithUptime('NBIRTH N', 0, bdSeq(1), { ...value('n', 1), timestamp: 77 });
    sayWithUptime('NDATA N', 1, value('n', 2));
    expect(readingsOf(all)).toEqual(['G/N n 1 good', 'G/N n 2 good']);
    expect(refused).toEqual({});
  });
});

test('history goes up apart from what is live', () => {
  const { bear, say } = openHost();
  bear();
  const stored = { ...data(3), isHistorical: true, timestamp: BEGAN - 60_000 };
  const heard = say('DDATA N/D', 2, stored, data(4));
  expect(heard.map((each) => each.kind === 'values' && each.historical)).toEqual([true, false]);
});

test('what was born can be listed, with whose it is', () => {
  const { bear, host } = openHost();
  bear();
  expect([...host.born()].map(({ metric: m }) => [m.machine, m.name, m.type, m.online])).toEqual([
    ['G/N', 'n', 'Int32', true],
    ['G/N/D', 'd', 'Int32', true],
  ]);
});

test('a sequence gives each message once, in order as far as it can, whatever comes first', () => {
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (let round = 0; round < 200; round += 1) {
    const sequence = new NodeSequence<number>();
    sequence.begin(0);
    const given: number[] = [];
    const sent = Array.from({ length: 600 }, (_, n) => n + 1);
    // Each message is late by at most 20 others.
    const order = sent.map((n) => ({ n, at: n + random() * 20 })).sort((a, b) => a.at - b.at);
    for (const { n } of order) given.push(...sequence.accept(n % 256, n, 0));
    expect(given).toEqual(sent);
    expect([sequence.missed, sequence.deadline, sequence.isWhole]).toEqual([0, undefined, true]);
  }
});
