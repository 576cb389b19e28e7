import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import {
  FrameReader,
  ModbusError,
  type ModbusRequest,
  valuesOf,
} from '../../../../pipelines/edge/modbus/modbus-client.ts';
import {
  BYTE_ORDERS,
  type ByteOrder,
  modbusTags,
} from '../../../../pipelines/edge/modbus/modbus-config.ts';
import { ModbusGaps } from '../../../../pipelines/edge/modbus/modbus-gaps.ts';
import { modbusValue, planBlocks } from '../../../../pipelines/edge/modbus/modbus-values.ts';
import { modbusAnswer, modbusException } from '../../../stand/modbus-device.ts';
import { edgeTries } from '../../../support/long.ts';
import { mutatedBytes } from '../../../support/mutations.ts';
import { randomOf } from '../../../support/plant-log.ts';
import { temporaryFile } from '../../../support/temporary.ts';

const LIMITS = { registers: 125, bits: 2_000, gap: 0 };

function configOf(groups: readonly object[], more: object = {}, others: readonly object[] = []) {
  const content = {
    ...{ edge: 'e1', centre: { domain: 'hub' }, assets: { p2: 'works.line1.press' } },
    sources: [
      { name: 'plc', kind: 'modbus', modbus: { host: '10.0.0.7', groups, ...more } },
      ...others,
    ],
  };
  const [source] = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content))).sources;
  if (source?.kind !== 'modbus') throw new Error('expected modbus');
  return source.modbus;
}

const tagsOf = (tags: readonly object[], more: object = {}) =>
  modbusTags(configOf([{ machine: 'p2', tags }], more)).flat();

describe('values', () => {
  const NUMBERS: readonly (readonly [string, string, number | string])[] = [
    ['int16', 'ff85', -123],
    ['uint16', 'ff85', 65_413],
    ['int32', 'fffe1dc0', -123_456],
    ['uint32', 'fffe1dc0', 4_294_843_840],
    ['float32', '42280000', 42],
    ['int64', 'fffffffffffe1dc0', -123_456],
    ['uint64', 'fffffffffffe1dc0', '18446744073709428160'],
    ['float64', 'c05edd2f1a9fbe77', -123.456],
  ];
  /** As a device with this order sends what is `hex` in the order of the protocol. */
  const SENT: Readonly<Record<ByteOrder, (bytes: Buffer) => Buffer>> = {
    ABCD: (bytes) => bytes,
    BADC: (bytes) => Buffer.from(bytes).swap16(),
    DCBA: (bytes) => Buffer.from(bytes).reverse(),
    CDAB: (bytes) => Buffer.from(bytes).reverse().swap16(),
  };

  test('each type in each order of bytes', () => {
    for (const [type, hex, expected] of NUMBERS) {
      for (const order of BYTE_ORDERS) {
        const bytes = Buffer.from(hex, 'hex');
        if (bytes.length === 2 && (order === 'CDAB' || order === 'DCBA')) continue;
        const [tag] = tagsOf([{ tag: 'a', holding: 7, type, order }]);
        const [block] = planBlocks(tag === undefined ? [] : [tag], LIMITS);
        if (tag === undefined || block === undefined) throw new Error('expected a block');
        expect(block.count).toBe(bytes.length / 2);
        expect(modbusValue(SENT[order](bytes), block, tag), `${type} ${order}`).toBe(expected);
      }
    }
    // The words of a register list: 0x4228 0x0000 is 42.0, whose second register comes first here.
    expect(SENT.CDAB(Buffer.from('42280000', 'hex')).toString('hex')).toBe('00004228');
  });

  test('bits of registers and of tables, texts, and numbers that are none', () => {
    const tags = tagsOf([
      { tag: 'low', holding: 0, bit: 0 },
      { tag: 'high', holding: 0, bit: 15 },
      { tag: 'text', holding: 1, type: 'text', length: 4 },
      { tag: 'latin', holding: 5, type: 'text', length: 2, order: 'BADC' },
      { tag: 'nan', holding: 7, type: 'float32' },
      { tag: 'c0', coil: 10 },
      { tag: 'c9', coil: 19 },
    ]);
    const bytes = Buffer.concat([
      Buffer.from([0x80, 0x00]),
      Buffer.from('Säge\0xx'),
      Buffer.from('Küle', 'latin1').swap16(),
      Buffer.from('7fc00000', 'hex'),
    ]);
    const [bits, words] = planBlocks(tags, { ...LIMITS, gap: 8 });
    if (words === undefined || bits === undefined) throw new Error('expected two blocks');
    expect([bits.table, bits.address, bits.count]).toEqual(['coil', 10, 10]);
    const values = words.tags.map((tag) => [tag.tag, modbusValue(bytes, words, tag)]);
    expect(Object.fromEntries(values)).toEqual({
      ...{ low: false, high: true, text: 'Säge', latin: 'Küle', nan: undefined },
    });
    const coils = Buffer.from([0b0000_0001, 0b10]);
    expect(bits.tags.map((tag) => modbusValue(coils, bits, tag))).toEqual([true, true]);
  });
});

describe('what is read at once', () => {
  test('holes of up to gap, no value cut in two, no more than the device can', () => {
    const tags = tagsOf([
      { tag: 'a', holding: 10 },
      { tag: 'b', holding: 11, type: 'float64' },
      { tag: 'hole', holding: 17 },
      { tag: 'far', holding: 30 },
      { tag: 'in', input: 10 },
      { tag: 'other', holding: 12, unit_id: 2 },
      { tag: 'd', discrete: 5 },
    ]);
    const spans = (limits: typeof LIMITS) =>
      planBlocks(tags, limits).map(({ unitId, table, address, count }) =>
        [unitId, table, address, count].join(' '),
      );
    const others = ['1 input 10 1', '2 holding 12 1'];
    expect(spans(LIMITS)).toEqual([
      ...['1 discrete 5 1', '1 holding 10 5', '1 holding 17 1', '1 holding 30 1', ...others],
    ]);
    expect(spans({ ...LIMITS, gap: 2 })).toEqual([
      ...['1 discrete 5 1', '1 holding 10 8', '1 holding 30 1', ...others],
    ]);
    // The value of four registers does not fit behind the one before it.
    expect(spans({ ...LIMITS, registers: 4 }).slice(1, 3)).toEqual([
      '1 holding 10 1',
      '1 holding 11 4',
    ]);
  });

  test('of any tags: each is in one block whole, no block is too long or spans more than it may', () => {
    const tag = fc.record({
      holding: fc.integer({ min: 0, max: 400 }),
      type: fc.constantFrom('uint16', 'float32', 'int64'),
      unit_id: fc.integer({ min: 1, max: 2 }),
    });
    const limits = fc.record({
      registers: fc.integer({ min: 4, max: 125 }),
      gap: fc.integer({ min: 0, max: 20 }),
    });
    const property = fc.property(
      fc.array(tag, { minLength: 1, maxLength: 60 }),
      limits,
      (list, own) => {
        const tags = tagsOf(list.map((each, at) => ({ tag: `t${at}`, ...each })));
        const blocks = planBlocks(tags, { ...LIMITS, ...own });
        expect(new Set(blocks.flatMap((block) => block.tags))).toEqual(new Set(tags));
        expect(blocks.flatMap((block) => block.tags)).toHaveLength(tags.length);
        for (const { address, count, unitId, tags: held } of blocks) {
          expect(count).toBeLessThanOrEqual(own.registers);
          let end = address;
          for (const each of held) {
            expect(each.unitId).toBe(unitId);
            expect(each.address - end).toBeLessThanOrEqual(own.gap);
            end = Math.max(end, each.address + each.count);
          }
          expect([Math.min(...held.map((each) => each.address)), end]).toEqual([
            address,
            address + count,
          ]);
        }
      },
    );
    fc.assert(property, { numRuns: 200 });
  });
});

describe('edge.yaml', () => {
  test('addresses of a list that counts from 1 are those of the line less 1', () => {
    expect(tagsOf([{ tag: 'a', holding: 1 }], { first: 1 })[0]?.address).toBe(0);
    expect(tagsOf([{ tag: 'a', holding: 1 }])[0]?.address).toBe(1);
    expect(tagsOf([{ tag: 'a', holding: 65_536 }], { first: 1 })[0]?.address).toBe(65_535);
  });

  test('what does not go together is told where it stands', () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{}, 'expected one of holding, input, coil, discrete, found none'],
      [{ holding: 1, coil: 1 }, 'found holding and coil'],
      [{ coil: 1, type: 'int16' }, 'expected none: a coil is one bit'],
      [{ holding: 1, bit: 3, type: 'int32' }, 'expected it of a uint16'],
      [{ holding: 1, type: 'text' }, 'expected length with text'],
      [{ holding: 1, length: 3 }, 'expected length with text'],
      [{ holding: 1, order: 'CDAB' }, 'expected ABCD or BADC'],
      [{ holding: 65_535, type: 'int32' }, 'expected an address up to 65534'],
      [{ holding: 65_536 }, 'expected an address up to 65535'],
      [{ holding: 1, type: 'text', length: 20 }, 'expected at most 10 registers'],
    ];
    for (const [entry, text] of wrong) {
      const tags = [{ tag: 'a', ...entry }];
      expect(() => tagsOf(tags, { registers: 10 }), JSON.stringify(entry)).toThrow(text);
    }
    expect(() => tagsOf([{ tag: 'a', holding: 0 }], { first: 1 })).toThrow('from 1: first is 1');
    const twice = [1, 2].map((holding) => ({ tag: 'a', holding }));
    expect(() => tagsOf(twice)).toThrow('expected each once of a machine: p2');
    expect(() => configOf([{ tags: [{ tag: 'a', holding: 1 }] }])).toThrow('expected machine');
  });

  test('two sources of one device are refused: it shall see one connection', () => {
    const groups = [{ machine: 'p2', tags: [{ tag: 'a', holding: 1 }] }];
    const other = (host: string, port: number) => [
      { name: 'second', kind: 'modbus', modbus: { host, port, groups } },
    ];
    expect(() => configOf(groups, {}, other('10.0.0.7', 502))).toThrow(
      'expected one source for 10.0.0.7:502: put these groups into source plc',
    );
    expect(() => configOf(groups, {}, other('10.0.0.7', 503))).not.toThrow();
  });
});

describe('gaps', () => {
  const one = { group: 0, machine: 'p2', reason: 'missed', tag: 'a', why: 'w', count: 1 } as const;

  test('a poll that did not come is told at once, the next ones less and less often, the rest at the end', () => {
    const gaps = new ModbusGaps();
    const told: (readonly [number, number, number])[] = [];
    for (let n = 1; n <= 400; n += 1) {
      gaps.begin(0);
      gaps.miss({ ...one, from: (n - 1) * 1_000, to: n * 1_000 });
      for (const { from, to, count } of gaps.due(n * 1_000)) told.push([from, to, count]);
    }
    gaps.begin(0);
    for (const { from, to, count } of gaps.due(401_000)) told.push([from, to, count]);
    expect(told).toEqual([
      [0, 1_000, 1],
      [1_000, 61_000, 60],
      [61_000, 181_000, 120],
      [181_000, 400_000, 219],
    ]);
    gaps.begin(0);
    expect(gaps.due(500_000)).toEqual([]);
  });

  test('what is refused for good does not hide what is missed, nor one group another', () => {
    const gaps = new ModbusGaps();
    const poll = (...missing: readonly object[]) => {
      gaps.begin(0);
      for (const each of missing) gaps.miss({ ...one, from: 0, to: 1, ...each });
      return gaps.due(0).map(({ reason, signals, count, what }) => [reason, signals, count, what]);
    };
    const refused = { reason: 'refused', tag: 'b' };
    expect(poll(refused)).toEqual([['refused', 1, 1, 'b']]);
    expect(poll(refused, {}, { tag: 'c' })).toEqual([['missed', 2, 2, 'a, c']]);
    gaps.miss({ ...one, from: 0, to: 1, group: 1 });
    expect(poll(refused)).toEqual([['missed', 1, 1, 'a']]);
  });
});

test('bytes of an answer, cut anywhere, are values or a sentence: never a crash, never other values', () => {
  const random = randomOf(20_261_130);
  let valid = 0;
  const faults = new Map<string, number>();
  const tries = edgeTries(1_000, 200_000);
  for (let n = 0; n < tries; n += 1) {
    const table = (['holding', 'input', 'coil', 'discrete'] as const)[n % 4] ?? 'holding';
    const bits = table === 'coil' || table === 'discrete';
    const count = 1 + Math.floor(random() * (bits ? 300 : 125));
    const request: ModbusRequest = { unitId: n % 256, table, address: n % 60_000, count };
    const code = { coil: 1, discrete: 2, holding: 3, input: 4 }[table];
    const question = { transaction: n % 65_536, unitId: request.unitId, code, address: 0, count };
    const values = Buffer.from(
      Array.from({ length: bits ? Math.ceil(count / 8) : 2 * count }, () => random() * 256),
    );
    const right =
      n % 7 === 6
        ? modbusException(question, 1 + Math.floor(random() * 12))
        : modbusAnswer(question, values);
    const isValid = n % 3 === 0;
    const bytes = isValid ? right : Buffer.from(mutatedBytes(random, right));
    const result = answered(bytes, request, question.transaction, random);
    if (Buffer.isBuffer(result)) {
      // A value is believed as TCP brings it; how many there are, of whom and of what, has to be right.
      expect(result).toHaveLength(values.length);
      if (isValid) expect(result.equals(values)).toBe(true);
      valid += 1;
    } else faults.set(result, (faults.get(result) ?? 0) + 1);
    if (isValid && n % 7 !== 6) expect(Buffer.isBuffer(result)).toBe(true);
    if (isValid && n % 7 === 6) expect(['refused', 'exception', 'unreachable']).toContain(result);
  }
  expect(valid).toBeGreaterThan(tries / 4);
  for (const fault of ['refused', 'exception', 'unreachable', 'malformed', 'closed', 'none']) {
    expect(faults.get(fault), fault).toBeGreaterThan(0);
  }
});

/** Values, or what is wrong with them; `none`: no answer to this request, or not all of it. */
function answered(
  bytes: Buffer,
  request: ModbusRequest,
  transaction: number,
  random: () => number,
) {
  const reader = new FrameReader();
  try {
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + Math.floor(random() * bytes.length);
      const frame = reader
        .push(bytes.subarray(at, end))
        .find((each) => each.transaction === transaction);
      if (frame !== undefined) return valuesOf(frame, request);
      at = end;
    }
    return 'none';
  } catch (error) {
    if (!(error instanceof ModbusError)) throw error;
    return error.fault;
  }
}
