import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import { lookAtDevice } from '../../../../pipelines/edge/modbus/modbus-browse.ts';
import { modbusTags } from '../../../../pipelines/edge/modbus/modbus-config.ts';
import { groupsOfList } from '../../../../pipelines/edge/modbus/modbus-list.ts';
import {
  type ModbusDevice,
  modbusAnswer,
  modbusException,
  startModbusDevice,
} from '../../../stand/modbus-device.ts';
import { temporaryFile } from '../../../support/temporary.ts';

let device: ModbusDevice | undefined;
afterEach(async () => {
  await device?.stop();
});

function configOf(modbus: object) {
  const content = {
    ...{ edge: 'e1', centre: { domain: 'hub' }, assets: { p2: 'works.line1.press' } },
    sources: [{ name: 'plc', kind: 'modbus', modbus: { host: '127.0.0.1', ...modbus } }],
  };
  const [source] = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content))).sources;
  if (source?.kind !== 'modbus') throw new Error('expected modbus');
  return source.modbus;
}

test('a device is looked at: one address before and behind, and all orders of bytes side by side', async () => {
  device = await startModbusDevice();
  // 41.5, the lower register first, at 0 and 1; nothing from 2 on.
  const registers = Buffer.from('00004226', 'hex');
  device.answer = (question) => {
    const { address, count } = question;
    if (address + count > 2) return modbusException(question, 2);
    return modbusAnswer(question, registers.subarray(2 * address, 2 * (address + count)));
  };
  const tags = [
    { tag: 'temp', holding: 0, type: 'float32' },
    { tag: 'word', holding: 1 },
  ];
  const config = configOf({ port: device.port, groups: [{ machine: 'p2', tags }] });
  const looked = await lookAtDevice(config, 'plc', 10);
  const [temp, word] = looked.map(({ tag: { tag }, ...rest }) => ({ tag, ...rest }));
  expect(temp).toMatchObject({ tag: 'temp', before: '-', behind: 'illegal data address (2)' });
  expect(temp?.orders[1]).toBe('41.5');
  expect(temp?.value).toBe(temp?.orders[0]);
  const none = ['-', '-', '-', '-'];
  expect(word).toMatchObject({ value: '16934', before: '0', orders: none });
  expect(device.most).toBe(1);
  const away = configOf({ port: 1, groups: [{ machine: 'p2', tags }] });
  await expect(lookAtDevice(away, 'plc', 10)).rejects.toThrow('a device of Modbus at 127.0.0.1:1');
});

const listOf = (...lines: readonly string[]) => temporaryFile('list.csv', lines.join('\r\n'));
const NONE = { machine: undefined, table: undefined };

test('a list of a maker becomes groups that the check of edge.yaml takes', () => {
  const file = listOf(
    'Name;Address;Data type;Unit;Slave',
    'Druck;40101;INT;bar;1',
    'Temperatur;40102;REAL;°C;1',
    'Öl niedrig;40108.3;BOOL;;1',
    'Seriennummer;40120;STRING[16];;1',
    'Teile;300001;UDINT;;7',
    'Tür;10001;BOOL;;7',
  );
  const written = parse(groupsOfList(file, { ...NONE, machine: 'p2' }));
  expect(written.first).toBe(1);
  const found = modbusTags(configOf(written)).map((tags) =>
    tags.map(({ tag, table, address, count, type, unitId, bit, unit }) =>
      [tag, unitId, table, address, count, type, bit ?? '', unit ?? ''].join(' '),
    ),
  );
  expect(found).toEqual([
    [
      'Druck 1 holding 100 1 int16  bar',
      'Temperatur 1 holding 101 2 float32  °C',
      'Öl niedrig 1 holding 107 1 bit 3 ',
      'Seriennummer 1 holding 119 8 text  ',
    ],
    ['Teile 7 input 0 2 uint32  ', 'Tür 7 discrete 0 1 bit  '],
  ]);
  const plain = listOf('tag,address,type,table,machine', 'a,0x10,float,input,p2', 'b,40001,,,p2');
  const groups = parse(groupsOfList(plain, { ...NONE, table: 'holding' }));
  expect(groups).toEqual({
    first: 0,
    groups: [
      {
        ...{ every: '1s', machine: 'p2' },
        tags: [
          { tag: 'a', input: 16, type: 'float32' },
          { tag: 'b', holding: 40_001 },
        ],
      },
    ],
  });
});

test('what a list does not say is asked for, with its line', () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['name,type', 'a,int'], 'a column address'],
    [['name,address', 'a,100'], 'line 2: expected an address such as 40101'],
    [['name,address', 'a,40000'], 'line 2: expected an address such as 40101'],
    [['name,address,type', 'a,40001,INTEGER'], 'line 2: expected a type such as'],
    [['name,address,type', 'a,40001,STRING'], 'line 2: expected how long a text is'],
    [['name,address,table', 'a,1,memory'], 'line 2: expected a table: holding'],
    [['name,address', 'a,'], 'line 2: expected an address'],
  ];
  for (const [lines, text] of wrong) {
    expect(() => groupsOfList(listOf(...lines), { ...NONE, machine: 'p2' })).toThrow(text);
  }
  expect(() => groupsOfList(listOf('name,address', 'a,40001'), NONE)).toThrow('--machine');
});
