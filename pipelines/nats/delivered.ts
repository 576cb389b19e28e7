/** What JetStream says of a delivered message, in its reply subject. */
export type Delivery = {
  /** Position in the stream. */
  readonly stream: number;
  /** Position in what this consumer delivered, dense from 1. */
  readonly consumer: number;
  /** When the stream stored it: microseconds since 1970, the rest cut off. */
  readonly microseconds: number;
};

const DOT = 46;
const ZERO = 48;
/** Tokens ahead of the delivery count, and so the least number of dots, in the old and the new form. */
const OLD_DOTS = 8;

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>` and
 * the longer form with domain, account hash and random tail. By character, not by split: it is done for each message.
 * Undefined when the text is neither.
 */
export function parseDelivery(reply: string): Delivery | undefined {
  const dots: number[] = [];
  for (let at = reply.indexOf('.'); at >= 0; at = reply.indexOf('.', at + 1)) dots.push(at);
  if (dots.length < OLD_DOTS || !reply.startsWith('$JS.ACK.')) return undefined;
  // The long form has `<domain>.<account hash>` after the prefix, and may have a random token at the end.
  const first = dots.length === OLD_DOTS ? 4 : 6;
  const stream = digits(reply, dots[first] ?? -1, 16);
  const consumer = digits(reply, dots[first + 1] ?? -1, 16);
  const timeAt = dots[first + 2] ?? -1;
  const timeEnd = dots[first + 3] ?? reply.length;
  // Nanoseconds are 19 digits, more than a number holds: the last three are never read.
  const microseconds = digits(reply, timeAt, timeEnd - timeAt - 1 - 3);
  if (stream <= 0 || consumer <= 0) return undefined;
  return { stream, consumer, microseconds };
}

function digits(text: string, after: number, most: number): number {
  let value = 0;
  for (let at = after + 1; at <= after + most; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT || Number.isNaN(code)) break;
    value = value * 10 + (code - ZERO);
  }
  return value;
}
