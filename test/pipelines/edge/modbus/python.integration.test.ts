import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../../pipelines/base/free-port.ts';
import { findPython } from '../../../stand/pypi.ts';
import { temporaryFile } from '../../../support/temporary.ts';
import { closeDevices, startModbus } from './modbus-stand.ts';

/** A device with one unit, whose registers the package itself encodes. */
const SCRIPT = `
import asyncio, json, sys
from pymodbus.client import ModbusTcpClient as Client
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer
words = [0] * 100
for address, kind, value, order in json.load(open(sys.argv[1])):
    encoded = Client.convert_to_registers(value, Client.DATATYPE[kind], word_order=order)
    words[address:address + len(encoded)] = encoded
block = lambda values: ModbusSequentialDataBlock(1, values)
device = ModbusDeviceContext(hr=block(words), ir=block(words), co=block([False, True]), di=block([True, False]))
async def main():
    context = ModbusServerContext(devices={3: device}, single=False)
    await ModbusTcpServer(context, address=('127.0.0.1', int(sys.argv[2]))).serve_forever()
asyncio.run(main())
`;

/** Name of the type there and here, value, order of registers there and here. */
const VALUES = [
  ['INT16', 'int16', -32_768, 'big', 'ABCD'],
  ['UINT16', 'uint16', 65_535, 'big', 'ABCD'],
  ['INT32', 'int32', -123_456_789, 'little', 'CDAB'],
  ['UINT32', 'uint32', 4_294_967_295, 'big', 'ABCD'],
  ['INT64', 'int64', -9_007_199_254_740_991, 'big', 'ABCD'],
  ['UINT64', 'uint64', 9_007_199_254_740_991, 'little', 'CDAB'],
  ['FLOAT32', 'float32', 41.5, 'little', 'CDAB'],
  ['FLOAT32', 'float32', -0.25, 'big', 'ABCD'],
  ['FLOAT64', 'float64', 12.354213, 'little', 'CDAB'],
  ['STRING', 'text', 'Presse 3', 'big', 'ABCD'],
] as const;

let server: ChildProcess | undefined;
afterEach(async () => {
  await closeDevices();
  const running = server !== undefined && server.exitCode === null;
  if (server !== undefined && running) {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
});

test('pymodbus as a device: each type as it encodes it, and its refusals of registers and units', async (context) => {
  const found = findPython('pymodbus==3.16.1');
  context.skip(typeof found === 'string', String(found));
  if (typeof found === 'string') return;
  const list = VALUES.map(([kind, , value, order], at) => [5 * at, kind, value, order]);
  const file = temporaryFile('values.json', JSON.stringify(list));
  const port = await freePort();
  server = spawn(found.python, ['-c', SCRIPT, file, String(port)], { stdio: 'ignore' });
  const tags = VALUES.map(([, type, , , order], at) => ({
    ...{ tag: `t${at}`, holding: 5 * at, type, order },
    ...(type === 'text' ? { length: 5 } : {}),
  }));
  const others = [
    ...[
      { tag: 'coil', coil: 1 },
      { tag: 'in', discrete: 0 },
    ],
    ...[
      { tag: 'input', input: 0, type: 'int16' },
      { tag: 'beyond', holding: 100 },
    ],
  ];
  const { more, values, gaps, status } = await startModbus({
    port,
    groups: [
      { every: '50ms', machine: 'p2', unit_id: 3, gap: 5, tags: [...tags, ...others] },
      { every: '50ms', machine: 'p3', unit_id: 9, tags: [{ tag: 'x', holding: 0 }] },
    ],
  });
  await more(3);
  expect(values()[2]).toEqual({
    ...Object.fromEntries(VALUES.map(([, , value], at) => [`t${at}`, value])),
    ...{ coil: true, in: true, input: -32_768 },
  });
  expect(Object.keys(status().groups[0]?.refused ?? {})).toEqual(['p2: beyond']);
  expect(values('third')).toEqual([]);
  expect(gaps('third').length).toBeGreaterThan(0);
});
