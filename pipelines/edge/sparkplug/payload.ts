/** Payloads of Sparkplug B 3.0: bytes to messages and back, by the field numbers of the published schema. */

import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs/light.js';
import { malformed } from '../../../operators/decode/payload.ts';
import { exactInteger, readingTime } from '../tag-reading.ts';

/** `Long` of protobufjs: a 64-bit integer. */
export type Int64 = { readonly low: number; readonly high: number; readonly unsigned: boolean };

/** What may stand in the field `value` of a metric, property, parameter or cell of a data set: at most one of them. */
export type SparkplugValue = {
  readonly intValue?: number;
  readonly longValue?: Int64;
  readonly floatValue?: number;
  readonly doubleValue?: number;
  readonly booleanValue?: boolean;
  readonly stringValue?: Uint8Array;
  readonly bytesValue?: Uint8Array;
  readonly datasetValue?: SparkplugDataSet;
  readonly templateValue?: SparkplugTemplate;
  readonly propertysetValue?: SparkplugPropertySet;
};

export type SparkplugDataSet = {
  readonly numOfColumns?: Int64;
  readonly columns: readonly Uint8Array[];
  readonly types: readonly number[];
  readonly rows: readonly { readonly elements: readonly SparkplugValue[] }[];
};

export type SparkplugTemplate = {
  readonly version?: Uint8Array;
  readonly metrics: readonly SparkplugMetric[];
  readonly parameters: readonly (SparkplugValue & {
    readonly name?: Uint8Array;
    readonly type?: number;
  })[];
  readonly templateRef?: Uint8Array;
  readonly isDefinition?: boolean;
};

export type SparkplugPropertySet = {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly (SparkplugValue & {
    readonly type?: number;
    readonly isNull?: boolean;
  })[];
};

export type SparkplugMetric = SparkplugValue & {
  readonly name?: Uint8Array;
  readonly alias?: Int64;
  readonly timestamp?: Int64;
  readonly datatype?: number;
  readonly isHistorical?: boolean;
  readonly isTransient?: boolean;
  readonly isNull?: boolean;
  readonly metadata?: { readonly description?: Uint8Array };
  readonly properties?: SparkplugPropertySet;
};

export type SparkplugPayload = {
  readonly timestamp?: Int64;
  readonly metrics: readonly SparkplugMetric[];
  readonly seq?: Int64;
};

/**
 * The messages of sparkplug_b.proto (Eclipse Sparkplug 3.0, section 6.4.1): type and number of each field, `*` for repeated
 * ones. Texts are read as bytes, so that what is no UTF-8 is seen; fields that are not read here are passed over.
 */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Payload: { timestamp: 'uint64 1', metrics: '*Metric 2', seq: 'uint64 3' },
  Metric: {
    ...{ name: 'bytes 1', alias: 'uint64 2', timestamp: 'uint64 3', datatype: 'uint32 4' },
    ...{ isHistorical: 'bool 5', isTransient: 'bool 6', isNull: 'bool 7' },
    ...{ metadata: 'MetaData 8', properties: 'PropertySet 9', ...valuesFrom(10) },
    ...{ bytesValue: 'bytes 16', datasetValue: 'DataSet 17', templateValue: 'Template 18' },
  },
  MetaData: { description: 'bytes 8' },
  DataSet: {
    ...{ numOfColumns: 'uint64 1', columns: '*bytes 2', types: '*uint32 3', rows: '*Row 4' },
  },
  Row: { elements: '*Cell 1' },
  Cell: valuesFrom(1),
  Template: {
    ...{ version: 'bytes 1', metrics: '*Metric 2', parameters: '*Parameter 3' },
    ...{ templateRef: 'bytes 4', isDefinition: 'bool 5' },
  },
  Parameter: { name: 'bytes 1', type: 'uint32 2', ...valuesFrom(3) },
  PropertySet: { keys: '*bytes 1', values: '*PropertyValue 2' },
  PropertyValue: {
    ...{ type: 'uint32 1', isNull: 'bool 2', ...valuesFrom(3) },
    ...{ propertysetValue: 'PropertySet 9' },
  },
};

/** The six plain values, which have numbers one after the other wherever they stand. */
function valuesFrom(first: number): Readonly<Record<string, string>> {
  return {
    intValue: `uint32 ${first}`,
    longValue: `uint64 ${first + 1}`,
    floatValue: `float ${first + 2}`,
    doubleValue: `double ${first + 3}`,
    booleanValue: `bool ${first + 4}`,
    stringValue: `bytes ${first + 5}`,
  };
}

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([message, fields]) => [
      message,
      {
        // Of proto2: that a value is 0 is said. Without it a 0 could not be told from nothing.
        edition: 'proto2',
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, words]) => {
            const [, many, type = '', id] = /^(\*?)(\w+) (\d+)$/.exec(words) ?? [];
            return [field, { type, id: Number(id), ...(many === '*' ? { rule: 'repeated' } : {}) }];
          }),
        ),
      },
    ]),
  ),
});
const payloadType = root.lookupType('Payload');

// What a message does not say would be a zero or an empty text; here it is undefined.
for (const message of Object.keys(MESSAGES)) {
  const type = root.lookupType(message);
  for (const { name, repeated } of type.fieldsArray) {
    if (!repeated) Object.assign(type.ctor.prototype, { [name]: undefined });
  }
}

/** The most metrics of one payload: a birth names all that a node has. */
export const MOST_METRICS = 100_000;

/**
 * What the bytes say.
 *
 * @throws MalformedError for bytes that are none
 */
export function decodeSparkplug(bytes: Uint8Array): SparkplugPayload {
  let payload: SparkplugPayload;
  try {
    payload = payloadType.decode(Buffer.from(bytes)) as unknown as SparkplugPayload;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw malformed('a payload of Sparkplug B', `${bytes.length} bytes that are none (${why})`);
  }
  const { length } = payload.metrics;
  if (length > MOST_METRICS) throw malformed(`at most ${MOST_METRICS} metrics`, length);
  return payload;
}

/** A payload whose integers are plain numbers. */
export type PlainSparkplugPayload = {
  readonly timestamp: number;
  /** Commands have none. */
  readonly seq?: number;
  readonly metrics: readonly (Omit<SparkplugMetric, 'alias' | 'timestamp' | 'longValue'> & {
    readonly alias?: number;
    readonly timestamp?: number;
    readonly longValue?: number;
  })[];
};

export function encodeSparkplug(payload: PlainSparkplugPayload): Uint8Array {
  return payloadType.encode(payload).finish();
}

/** Asks a node for its births. `now`: epoch milliseconds. A command has no sequence number (tck-id-payloads-ncmd-seq). */
export function encodeRebirth(now: number): Uint8Array {
  const timestamp = now;
  const name = Buffer.from('Node Control/Rebirth');
  const metric = { name, timestamp, datatype: 11, booleanValue: true };
  return encodeSparkplug({ timestamp, metrics: [metric] });
}

/** @throws MalformedError for what is no UTF-8 */
export function textOfBytes(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw malformed('a text in UTF-8', `${bytes.length} bytes that are none`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** An unsigned integer: a number, or a text with all its digits beyond 2^53. Undefined where there is none. */
export function unsignedOf(value: Int64): number | string;
export function unsignedOf(value: Int64 | undefined): number | string | undefined;
export function unsignedOf(value: Int64 | undefined): number | string | undefined {
  return value === undefined ? undefined : exactInteger(bitsOf(value));
}

/** The same bits as a signed integer. */
export function signedOf(value: Int64): number | string {
  return exactInteger(BigInt.asIntN(64, bitsOf(value)));
}

function bitsOf({ low, high }: Int64): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Whose time counts: that of the node, or that of the host. */
export type TagClock = 'source' | 'arrival';

/**
 * Epoch milliseconds; undefined where none is said. 0 is what many encoders write for none.
 *
 * @throws MalformedError for another century, unless the arrival counts: then it is as if none was said
 */
export function timeOfInt64(value: Int64 | undefined, clock: TagClock): number | undefined {
  if (value === undefined) return undefined;
  const time = (value.high >>> 0) * 2 ** 32 + (value.low >>> 0);
  if (time === 0) return undefined;
  try {
    return readingTime(time, 'epoch-ms');
  } catch (error) {
    if (clock === 'arrival') return undefined;
    throw error;
  }
}

const MOST_NUMBER = 255;

/** What tells the sessions of a node apart. Undefined where it says none. */
export function bdSeqOf({ metrics }: SparkplugPayload): number | string | undefined {
  const metric = metrics.find(({ name }) => name !== undefined && textOfBytes(name) === 'bdSeq');
  return unsignedOf(metric?.longValue) ?? metric?.intValue;
}

/** 0 to 255. Undefined where a message has none. */
export function sequenceOf({ seq }: SparkplugPayload): number | undefined {
  const number = unsignedOf(seq);
  if (number === undefined || (typeof number === 'number' && number <= MOST_NUMBER)) return number;
  throw malformed('a sequence number from 0 to 255', number);
}

/** Topics of nodes and devices: `spBv1.0/group/NDATA/node`, `spBv1.0/group/DDATA/node/device`. */
export type SparkplugTopic = {
  readonly type: SparkplugMessageType;
  readonly group: string;
  readonly node: string;
  /** Of what begins with D alone. */
  readonly device: string | undefined;
};

export const SPARKPLUG_MESSAGES = [
  ...(['NBIRTH', 'NDEATH', 'NDATA', 'DBIRTH', 'DDEATH', 'DDATA'] as const),
] as const;
export type SparkplugMessageType = (typeof SPARKPLUG_MESSAGES)[number];

/** Undefined for whatever is no message of a node: another namespace, type or number of levels, empty levels. */
export function parseSparkplugTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group = '', word, node = '', device, ...rest] = topic.split('/');
  const type = SPARKPLUG_MESSAGES.find((each) => each === word);
  if (namespace !== 'spBv1.0' || type === undefined || rest.length > 0) return undefined;
  if (group === '' || node === '' || device === '') return undefined;
  return type.startsWith('D') === (device !== undefined)
    ? { type, group, node, device }
    : undefined;
}
