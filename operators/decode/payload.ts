import { Unpackr } from 'msgpackr';
import type { Message } from '../model/message.ts';
import { malformed } from './fields.ts';

// Maps become plain objects. 64-bit integers are what other languages' encoders send for times: numbers.
const COMMON = { useRecords: false, mapsAsObjects: true } as const;
const rounding = new Unpackr({ ...COMMON, int64AsType: 'number' });
/** What a number cannot hold becomes a bigint. The types of msgpackr do not know of this, its code does. */
const AUTO = 'auto' as 'bigint';
const exact = new Unpackr({ ...COMMON, int64AsType: AUTO });

const OPENING_BRACE = 0x7b;
const text = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads MessagePack, or JSON when the header says so or the first byte is `{` (which no MessagePack map begins with).
 * `keepsDigits`: integers beyond 2^53 keep all of them, as a text or bigint.
 *
 * @throws MalformedError for anything else, nesting bombs included
 */
export function unpack({ payload, headers }: Message, keepsDigits = false): unknown {
  if (payload.length === 0) throw malformed('MessagePack or JSON', 'an empty payload');
  const json =
    payload[0] === OPENING_BRACE ||
    headers['Content-Type']?.startsWith('application/json') === true;
  try {
    if (!json) return (keepsDigits ? exact : rounding).unpack(payload);
    const content = text.decode(payload);
    return parseJson(keepsDigits ? quoteLargeIntegers(content) : content);
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

/** No integer of fewer digits is beyond 2^53. */
const MANY_DIGITS = /[[:,\s]-?\d{16}/;
/** Texts are matched as a whole, so that nothing inside of them is taken for a number. */
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
const LARGE_INTEGER = /^-?\d{16,}$/;
const LIMIT = 2n ** 53n;

/** Once JSON is parsed, 9007199254740993 and 9007199254740992 are one number. */
function quoteLargeIntegers(content: string): string {
  if (!MANY_DIGITS.test(content)) return content;
  return content.replace(TEXT_OR_NUMBER, (token) => {
    return LARGE_INTEGER.test(token) && isBeyond(BigInt(token)) ? `"${token}"` : token;
  });
}

/** As msgpackr has it: 2^53 itself is a number. */
function isBeyond(integer: bigint): boolean {
  return integer > LIMIT || integer < -LIMIT;
}
