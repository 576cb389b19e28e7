/** What Prometheus sends: a WriteRequest of protobuf, packed by snappy, both written by their specifications. */

export type Series = {
  readonly labels: Readonly<Record<string, string>>;
  /** Values and their times, epoch milliseconds. */
  readonly samples: readonly (readonly [value: number, time: number])[];
};

export function remoteWriteOf(series: readonly Series[]): Buffer {
  return packed(Buffer.concat(series.map((one) => field(1, seriesOf(one)))));
}

function seriesOf({ labels, samples }: Series): Buffer {
  return Buffer.concat([
    ...Object.entries(labels).map(([name, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
    ),
    ...samples.map(([value, time]) => {
      const number = Buffer.alloc(8);
      number.writeDoubleLE(value);
      return field(
        2,
        Buffer.concat([Buffer.from([0x09]), number, Buffer.from([0x10]), varint(time)]),
      );
    }),
  ]);
}

function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A block of snappy with literals and with copies of each kind, wherever four bytes or more came before. */
export function packed(bytes: Uint8Array): Buffer {
  const input = Buffer.from(bytes);
  const parts: Buffer[] = [varint(input.length)];
  const known = new Map<number, number>();
  let begin = 0;
  let at = 0;
  while (at + 4 <= input.length) {
    const key = input.readUInt32LE(at);
    const from = known.get(key);
    known.set(key, at);
    if (from === undefined) {
      at += 1;
      continue;
    }
    let size = 4;
    while (at + size < input.length && size < 64 && input[from + size] === input[at + size])
      size += 1;
    parts.push(...literal(input.subarray(begin, at)), copy(at - from, size));
    at += size;
    begin = at;
  }
  return Buffer.concat([...parts, ...literal(input.subarray(begin))]);
}

function literal(bytes: Buffer): readonly Buffer[] {
  if (bytes.length === 0) return [];
  const size = bytes.length - 1;
  if (size < 60) return [Buffer.from([size * 4]), bytes];
  const extra = size < 2 ** 8 ? 1 : size < 2 ** 16 ? 2 : size < 2 ** 24 ? 3 : 4;
  const head = Buffer.alloc(1 + extra);
  head[0] = (59 + extra) * 4;
  head.writeUIntLE(size, 1, extra);
  return [head, bytes];
}

function copy(offset: number, size: number): Buffer {
  if (offset < 2_048 && size < 12) {
    return Buffer.from([(offset >>> 8) * 32 + (size - 4) * 4 + 1, offset & 0xff]);
  }
  const far = offset >= 2 ** 16;
  const head = Buffer.alloc(far ? 5 : 3);
  head[0] = (size - 1) * 4 + (far ? 3 : 2);
  head.writeUIntLE(offset, 1, far ? 4 : 2);
  return head;
}
