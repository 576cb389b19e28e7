import { createHash } from 'node:crypto';
import type { AssetKey } from '../model/key.ts';
import type { EventTime } from '../model/time.ts';

/** RFC 4648, lower case. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** 20 base32 characters (100 bits) of sha256 over what an anomaly is: the same log gives the same ids. */
export function anomalyId(
  asset: AssetKey,
  rule: string,
  signal: string,
  point: string,
  since: EventTime,
): string {
  const text = JSON.stringify([asset, rule, signal, point, since]);
  const bytes = createHash('sha256').update(text).digest();
  let bits = BigInt(`0x${bytes.subarray(0, 13).toString('hex')}`) >> 4n;
  let id = '';
  for (let digit = 0; digit < 20; digit++) {
    id = (ALPHABET[Number(bits & 31n)] ?? '') + id;
    bits >>= 5n;
  }
  return id;
}
