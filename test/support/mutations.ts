/** Bytes, values and texts that are almost right, made from right ones. Seeded: the same seed, the same attack. */

type Random = () => number;

/** What programs stumble over. */
const HOSTILE: readonly unknown[] = [
  ...[null, true, '', 'x', [], {}, [[]], 0, -0, -1, 1e308, -1e308, 5e-324, 2 ** 53 + 2, 1e21],
  ...[Number.NaN, Number.POSITIVE_INFINITY, 2n ** 64n - 1n, -(2n ** 63n), Buffer.alloc(0)],
  ...[Buffer.alloc(7, 255), new Date(0), '__proto__', 'constructor', 'NaN', '1e999', '-', '0x10'],
  ...['\u0000', '\u001b[2J', '\u202e', '\ud800', 'ä😀', 'a'.repeat(9_000), `${'a'.repeat(37)}!`],
  ...['1'.repeat(400), "' OR 1=1 --", '{{title}}', '../../etc/passwd', '2026-01-05T06:00:00Z'],
  Array.from({ length: 300 }, (_, index) => index),
  Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`n${index}`, index])),
  nested(200),
];

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'a.b',
  'time',
  'values',
  'x'.repeat(300),
];

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

export function pick<T>(random: Random, all: readonly T[]): T {
  return all[Math.floor(random() * all.length)] as T;
}

/** One to four changes of bits, bytes and stretches. */
export function mutatedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let changed = Buffer.from(bytes);
  for (let left = 1 + Math.floor(random() * 4); left > 0; left -= 1) {
    const at = Math.floor(random() * (changed.length + 1));
    const length = Math.floor(random() * 16);
    const [before, after] = [changed.subarray(0, at), changed.subarray(at)];
    switch (Math.floor(random() * 6)) {
      case 0:
        changed[at % Math.max(1, changed.length)]! ^= 1 << Math.floor(random() * 8);
        break;
      case 1:
        changed[at % Math.max(1, changed.length)] = pick(random, [0, 0xff, 0xc1, 0xdf, 0xdd, 0x7b]);
        break;
      case 2:
        changed = before;
        break;
      case 3:
        changed = Buffer.concat([before, after.subarray(length)]);
        break;
      case 4:
        changed = Buffer.concat([before, changed.subarray(0, length), after]);
        break;
      default:
        changed = Buffer.concat([before, Buffer.from(String(random())), after]);
    }
  }
  return changed;
}

/** One place of a value is another: gone, hostile, of another name, or twice. */
export function mutatedValue(random: Random, value: unknown): unknown {
  const isLeaf = typeof value !== 'object' || value === null || ArrayBuffer.isView(value);
  if (isLeaf || random() < 0.15) return pick(random, HOSTILE);
  if (Array.isArray(value)) {
    const at = Math.floor(random() * (value.length + 1));
    if (random() < 0.2) return [...value, ...value];
    return value.toSpliced(at, 1, mutatedValue(random, value[at] ?? 0));
  }
  const entries = Object.entries(value);
  const at = Math.floor(random() * entries.length);
  const [name, inner] = entries[at] ?? ['x', 0];
  const how = random();
  const replaced: readonly (readonly [string, unknown])[] =
    how < 0.15
      ? []
      : how < 0.3
        ? [[pick(random, NAMES), inner]]
        : [[name, mutatedValue(random, inner)]];
  // Defined and not assigned: `__proto__` is to be a property of its own.
  const changed = {};
  for (const [key, content] of entries.toSpliced(at, 1, ...(replaced as [string, unknown][]))) {
    Object.defineProperty(changed, key, { value: content, enumerable: true, configurable: true });
  }
  return changed;
}

/** A text with something in it that its reader may take for more than a letter. */
export function mutatedText(random: Random, text: string): string {
  const bytes = mutatedBytes(random, Buffer.from(text));
  return random() < 0.5 ? Buffer.from(bytes).toString('latin1') : Buffer.from(bytes).toString();
}
