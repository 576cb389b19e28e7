// CityHash128 of version 1.0.2, which ClickHouse keeps for the checksums of its compressed frames: later versions of
// CityHash give other values. After google/cityhash, src/city.cc of that version (MIT licence).

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const K3 = 0xc949d7c7509e6557n;
const MULTIPLIER = 0x9ddfea08eb382d69n;

type Pair = readonly [low: bigint, high: bigint];

// Each result is cut to 64 bits at once: then the compiler works with machine words instead of big numbers.
const cut = (value: bigint) => BigInt.asUintN(64, value);
const times = (a: bigint, b: bigint) => cut(a * b);
const rotate = (value: bigint, by: bigint) => cut((value >> by) | (value << (64n - by)));
const mix = (value: bigint) => value ^ (value >> 47n);

function hash16(low: bigint, high: bigint): bigint {
  const a = mix(times(low ^ high, MULTIPLIER));
  return times(mix(times(high ^ a, MULTIPLIER)), MULTIPLIER);
}

/** CityHash128 of some bytes, as the 16 bytes that stand before a frame. */
export function cityHash128(bytes: Buffer): Buffer {
  const [low, high] = hash(bytes);
  const checksum = Buffer.alloc(16);
  checksum.writeBigUInt64LE(low, 0);
  checksum.writeBigUInt64LE(high, 8);
  return checksum;
}

function hash(bytes: Buffer): Pair {
  const size = bytes.length;
  const word = (at: number) => bytes.readBigUInt64LE(at);
  if (size >= 16) return seeded(bytes.subarray(16), word(0) ^ K3, word(8));
  if (size >= 8) {
    return seeded(bytes.subarray(size), word(0) ^ times(BigInt(size), K0), word(size - 8) ^ K1);
  }
  return seeded(bytes, K0, K1);
}

function seeded(bytes: Buffer, low: bigint, high: bigint): Pair {
  return bytes.length < 128 ? short(bytes, low, high) : long(bytes, low, high);
}

function short(bytes: Buffer, low: bigint, high: bigint): Pair {
  const size = bytes.length;
  const word = (at: number) => bytes.readBigUInt64LE(at);
  let a = low;
  let b = high;
  let c = 0n;
  let d = 0n;
  if (size <= 16) {
    a = times(mix(times(a, K1)), K1);
    c = cut(times(b, K1) + upTo16(bytes));
    d = mix(cut(a + (size >= 8 ? word(0) : c)));
  } else {
    c = hash16(cut(word(size - 8) + K1), a);
    d = hash16(cut(b + BigInt(size)), cut(c + word(size - 16)));
    a = cut(a + d);
    let at = 0;
    do {
      a = times(a ^ times(mix(times(word(at), K1)), K1), K1);
      b ^= a;
      c = times(c ^ times(mix(times(word(at + 8), K1)), K1), K1);
      d ^= c;
      at += 16;
    } while (size - 16 - at > 0);
  }
  a = hash16(a, c);
  b = hash16(d, b);
  return [a ^ b, hash16(b, a)];
}

function upTo16(bytes: Buffer): bigint {
  const size = bytes.length;
  if (size > 8) {
    const b = bytes.readBigUInt64LE(size - 8);
    return hash16(bytes.readBigUInt64LE(0), rotate(cut(b + BigInt(size)), BigInt(size))) ^ b;
  }
  if (size >= 4) {
    const a = BigInt(bytes.readUInt32LE(0));
    return hash16(cut(BigInt(size) + (a << 3n)), BigInt(bytes.readUInt32LE(size - 4)));
  }
  if (size === 0) return K2;
  const y = (bytes[0] ?? 0) + ((bytes[size >> 1] ?? 0) << 8);
  const z = size + ((bytes[size - 1] ?? 0) << 2);
  return times(mix(times(BigInt(y), K2) ^ times(BigInt(z), K3)), K2);
}

function long(bytes: Buffer, low: bigint, high: bigint): Pair {
  const size = bytes.length;
  const word = (at: number) => bytes.readBigUInt64LE(at);
  let x = low;
  let y = high;
  let z = times(BigInt(size), K1);
  let vLow = cut(times(rotate(y ^ K1, 49n), K1) + word(0));
  let vHigh = cut(times(rotate(vLow, 42n), K1) + word(8));
  let wLow = cut(times(rotate(cut(y + z), 35n), K1) + x);
  let wHigh = times(rotate(cut(x + word(88)), 53n), K1);

  let at = 0;
  // 64 bytes a turn, in pairs of turns.
  for (const end = size - (size % 128); at < end; at += 64) {
    x = times(rotate(cut(x + y + vLow + word(at + 16)), 37n), K1) ^ wHigh;
    y = times(rotate(cut(y + vHigh + word(at + 48)), 42n), K1) ^ vLow;
    const next = rotate(z ^ wLow, 33n);
    [vLow, vHigh] = weak(bytes, at, times(vHigh, K1), cut(x + wLow));
    [wLow, wHigh] = weak(bytes, at + 32, cut(next + wHigh), y);
    z = x;
    x = next;
  }
  const rest = size - at;

  y = cut(y + times(rotate(wLow, 37n), K0) + z);
  x = cut(x + times(rotate(cut(vLow + z), 49n), K0));
  for (let tail = 32; tail < rest + 32; tail += 32) {
    y = cut(times(rotate(cut(y - x), 42n), K0) + vHigh);
    wLow = cut(wLow + word(size - tail + 16));
    x = cut(times(rotate(x, 49n), K0) + wLow);
    wLow = cut(wLow + vLow);
    [vLow, vHigh] = weak(bytes, size - tail, vLow, vHigh);
  }

  x = hash16(x, vLow);
  y = hash16(y, wLow);
  return [cut(hash16(cut(x + vHigh), wHigh) + y), hash16(cut(x + wHigh), cut(y + vHigh))];
}

/** 32 bytes from `at` and two seeds into two words. */
function weak(bytes: Buffer, at: number, seedA: bigint, seedB: bigint): Pair {
  const last = bytes.readBigUInt64LE(at + 24);
  const a = cut(seedA + bytes.readBigUInt64LE(at));
  const b = rotate(cut(seedB + a + last), 21n);
  const sum = cut(a + bytes.readBigUInt64LE(at + 8) + bytes.readBigUInt64LE(at + 16));
  return [cut(sum + last), cut(b + rotate(sum, 44n) + a)];
}
