import { DataType, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client';
import { describe, expect, test } from 'vitest';
import { readEdgeConfig } from '../../../pipelines/edge/edge-config.ts';
import {
  hasOverflow,
  qualityOfStatus,
  type ServerValue,
  serverReading,
} from '../../../pipelines/edge/opcua/opcua-readings.ts';
import { temporaryFile } from '../../support/temporary.ts';

const AT = new Date('2026-01-01T00:00:00.125Z');
const NEVER = new Date(Date.UTC(1601, 0, 1));

function said(value: unknown, dataType: DataType, more: object = {}): ServerValue {
  const arrayType = Array.isArray(value) ? VariantArrayType.Array : VariantArrayType.Scalar;
  const variant = new Variant({ dataType, arrayType, value, ...more });
  return { value: variant, statusCode: StatusCodes.Good, sourceTimestamp: AT };
}

const plain = (value: ServerValue) => {
  const { value: found, odd } = serverReading(value, {}, 'source');
  return odd ?? found;
};

describe('values of OPC UA', () => {
  test.each([
    [said(1.5, DataType.Double), 1.5],
    [said(true, DataType.Boolean), true],
    [said('läuft', DataType.String), 'läuft'],
    [said({ text: 'läuft', locale: 'de' }, DataType.LocalizedText), 'läuft'],
    [said(Number.NaN, DataType.Double), null],
    [said(null, DataType.Null), null],
    [said(AT, DataType.DateTime), '2026-01-01T00:00:00.125Z'],
    // High half, low half: 2^32 + 5, the greatest of 64 bits, minus one.
    [said([1, 5], DataType.UInt64, { arrayType: VariantArrayType.Scalar }), 4_294_967_301],
    [
      said([0xffff_ffff, 0xffff_ffff], DataType.UInt64, { arrayType: VariantArrayType.Scalar }),
      '18446744073709551615',
    ],
    [said([0xffff_ffff, 0xffff_ffff], DataType.Int64, { arrayType: VariantArrayType.Scalar }), -1],
    [
      said(Float32Array.from([1, -2]), DataType.Float, { arrayType: VariantArrayType.Array }),
      [1, -2],
    ],
    [said(['a', 'b'], DataType.String), 'a list of what is no number'],
    [said(Buffer.from('x'), DataType.ByteString), 'a string of bytes'],
  ])('%# is read as it is, or refused by its kind', (value, expected) => {
    expect(plain(value)).toEqual(expected);
  });

  test('the two upper bits of the status are the quality; Overflow is a bit of its own', () => {
    expect([0, 0x40_90_00_00, 0x80_00_00_00, 0xc0_00_00_00].map(qualityOfStatus)).toEqual([
      ...['good', 'uncertain', 'bad', 'bad'],
    ]);
    const status = (value: number) => ({ statusCode: { value } }) as unknown as ServerValue;
    expect([0x480, 0x400, 0x80, 0].map((bits) => hasOverflow(status(bits)))).toEqual([
      ...[true, false, false, false],
    ]);
  });

  test('the time of the source, of the server or of the arrival; 1601 is no time', () => {
    const server = new Date(AT.getTime() + 1_000);
    const value = { ...said(1, DataType.Double), serverTimestamp: server };
    const time = (clock: 'source' | 'server' | 'arrival', more: object = {}) =>
      serverReading({ ...value, ...more }, {}, clock).time;
    expect([time('source'), time('server'), time('arrival')]).toEqual([
      ...[AT.getTime(), server.getTime(), undefined],
    ]);
    expect(time('source', { sourceTimestamp: NEVER })).toBe(server.getTime());
    expect(time('source', { sourceTimestamp: null, serverTimestamp: null })).toBeUndefined();
  });
});

describe('opcua in edge.yaml', () => {
  const read = (opcua: object) =>
    readEdgeConfig(
      temporaryFile(
        'edge.yaml',
        JSON.stringify({
          ...{ edge: 'e1', centre: { domain: 'hub' }, assets: { p: 'works.line1.press' } },
          sources: [
            {
              ...{ name: 'plc', kind: 'opcua' },
              opcua: { endpoint: 'opc.tcp://plc:4840', nodes: [{ path: 'L/{machine}' }], ...opcua },
            },
          ],
        }),
      ),
    );

  test('the example can be read', () => {
    const [source] = readEdgeConfig('examples/edge/opcua/edge.yaml').sources;
    expect(source?.kind === 'opcua' && source.opcua.nodes).toHaveLength(2);
  });

  test.each<[object, string]>([
    [{ endpoint: 'http://plc' }, 'expected opc.tcp://host:port'],
    [{ policy: 'None' }, 'opcua.mode: expected None'],
    [{ policy: 'None', mode: 'None', server: 'a.pem' }, 'expected a mode with certificates'],
    [{ user: 'andon' }, 'expected user and password, or neither'],
    [{ certificate: 'a.pem' }, 'expected certificate and privateKey, or neither'],
    [{ lifetime: '1s' }, 'expected at least three times publishing'],
    [{ nodes: [{ machine: 'p' }] }, 'expected node or path, and not both'],
    [{ nodes: [{ node: 'Speed', machine: 'p' }] }, 'expected a node id'],
    [{ nodes: [{ node: 'ns=2;s=Speed' }] }, 'expected one of {node}, {name}'],
    [{ nodes: [{ path: 'L/{machine}', deadband: '500%' }] }, 'expected a number, or 5%'],
  ])('%j is refused with its place', (opcua, message) => {
    expect(() => read(opcua)).toThrow(message);
    expect(() => read(opcua)).toThrow(/edge\.yaml:\d+:\d+/);
  });
});
