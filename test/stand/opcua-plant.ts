/**
 * A server of OPC UA with a press, as a process of its own: node-opcua's. Its values are set over HTTP (`POST /set`), its
 * address, folder and what it asks of clients stand in its environment.
 */

import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import {
  DataType,
  MessageSecurityMode,
  type OPCUAClientOptions,
  SecurityPolicy,
  type StatusCode,
  StatusCodes,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';

/** What can be set: a value by the name of its variable, with status and time of its source. */
type Setting = {
  readonly name: string;
  readonly value: unknown;
  readonly status?: string;
  readonly at?: number;
};

const TYPES = {
  'Temperatur °C': DataType.Double,
  Speed: DataType.Double,
  Zustand: DataType.Int32,
  Text: DataType.LocalizedText,
  Teile: DataType.UInt64,
  Schwingung: DataType.Float,
  Bytes: DataType.ByteString,
} as const;
type Name = keyof typeof TYPES;

const { OPCUA_PORT = '0', HTTP_PORT = '0', FOLDER = '', HISTORY, NODES = '0' } = process.env;

/** The part of a variable that is used here. */
type Settable = {
  setValueFromSource(value: Variant, status: StatusCode, sourceTimestamp: Date): void;
};

const own = createRequire(import.meta.url);
// It comes with the server, and is not named by it.
const { OPCUACertificateManager } = createRequire(own.resolve('node-opcua-server'))(
  'node-opcua-certificate-manager',
) as {
  OPCUACertificateManager: new (
    options: object,
  ) => NonNullable<OPCUAClientOptions['clientCertificateManager']>;
};
const folder = { rootFolder: FOLDER, automaticallyAcceptUnknownCertificate: true };
const serverCertificateManager = new OPCUACertificateManager(folder);
await serverCertificateManager.initialize();
const server = new OPCUAServer({
  port: Number(OPCUA_PORT),
  ...{ hostname: '127.0.0.1', resourcePath: '/plant', serverCertificateManager },
  ...{ securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt] },
  securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
  userManager: {
    isValidUser: (user: string, password: string) => user === 'andon' && password === 'right',
  },
  ...{ allowAnonymous: true, buildInfo: { productName: 'press' } },
});
await server.initialize();
const { addressSpace } = server.engine;
if (addressSpace === null) throw new Error('expected an address space');
const namespace = addressSpace.registerNamespace('http://plant.example/press');
const line = namespace.addFolder(addressSpace.rootFolder.objects, { browseName: 'Press line' });
const press = namespace.addObject({ browseName: 'Presse 3', organizedBy: line });
const variables = new Map<string, Settable>();
for (const [name, dataType] of Object.entries(TYPES)) {
  const options = {
    ...{ browseName: name, componentOf: press, dataType, nodeId: `s=${name}` },
    ...(name === 'Schwingung' ? { valueRank: 1, arrayDimensions: [0] } : {}),
    minimumSamplingInterval: 0,
  };
  const variable =
    name === 'Speed'
      ? namespace.addAnalogDataItem({
          ...{ ...options, engineeringUnitsRange: { low: 0, high: 3_000 } },
          engineeringUnits: { unitId: 5_394_509, displayName: { text: 'rpm' } },
        })
      : namespace.addVariable(options);
  if (HISTORY === name)
    addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 10_000 });
  variables.set(name, variable);
}
const many = namespace.addFolder(addressSpace.rootFolder.objects, { browseName: 'Many' });
for (let n = 0; n < Number(NODES); n += 1) {
  const options = { browseName: `v${n}`, componentOf: many, dataType: DataType.Double };
  variables.set(`v${n}`, namespace.addVariable(options));
}

function set({ name, value, status = 'Good', at }: Setting): void {
  const dataType = Object.hasOwn(TYPES, name) ? TYPES[name as Name] : DataType.Double;
  const variant = new Variant({
    dataType,
    arrayType:
      Array.isArray(value) && name === 'Schwingung'
        ? VariantArrayType.Array
        : VariantArrayType.Scalar,
    value: name === 'Bytes' ? Buffer.from(String(value)) : value,
  });
  const code = StatusCodes[status as keyof typeof StatusCodes] as StatusCode;
  const time = at === undefined ? new Date() : new Date(at);
  variables.get(name)?.setValueFromSource(variant, code, time);
}

set({ name: 'Temperatur °C', value: 20 });
set({ name: 'Zustand', value: 2 });
await server.start();
const control = createServer((request, response) => {
  respond(request).then(
    (text) => response.end(text),
    (error: unknown) => response.writeHead(400).end(String(error)),
  );
});
control.listen(Number(HTTP_PORT), '127.0.0.1');

async function respond(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.method === 'POST') {
    for (const one of JSON.parse(Buffer.concat(chunks).toString()) as Setting[]) set(one);
  }
  const { currentSessionCount, currentSubscriptionCount, currentChannelCount } = server;
  return JSON.stringify({ currentSessionCount, currentSubscriptionCount, currentChannelCount });
}
