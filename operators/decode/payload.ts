import { Unpackr } from 'msgpackr';
import { malformed } from '../model/decoded.ts';
import type { Message } from '../model/message.ts';

// Maps become plain objects and 64-bit integers numbers: what other languages' encoders send for times.
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

const OPENING_BRACE = 0x7b;
const text = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads MessagePack, or JSON when the header says so or the first byte is `{` (which no MessagePack map begins with).
 *
 * @throws MalformedError for anything else, nesting bombs included
 */
export function unpack(message: Message): unknown {
  const { payload, headers } = message;
  if (payload.length === 0) throw malformed('MessagePack or JSON', 'an empty payload');
  const json =
    payload[0] === OPENING_BRACE ||
    headers['Content-Type']?.startsWith('application/json') === true;
  try {
    return json ? parseJson(text.decode(payload)) : unpackr.unpack(payload);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw malformed(
      json ? 'JSON' : 'MessagePack',
      `${payload.length} bytes that are none (${why})`,
    );
  }
}

/** Half a surrogate pair has no UTF-8: it would be written down as one text and read back as another. */
function parseJson(content: string): unknown {
  if (!/\\u[dD][89a-fA-F]/.test(content)) return JSON.parse(content);
  return JSON.parse(content, (_, value: unknown) => {
    return typeof value === 'string' ? Buffer.from(value).toString() : value;
  });
}

/** The value as a record of unknown fields. */
export function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    ArrayBuffer.isView(value)
  ) {
    throw malformed(what, value);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** 53 bits of two FNV-1a hashes over the bytes: equal bytes of one source are one message. */
export function hashOf(bytes: Uint8Array): number {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x5bd1e995);
  }
  return (a >>> 0) * 0x200000 + ((b >>> 0) & 0x1fffff);
}
