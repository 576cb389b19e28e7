// Blocks of ClickHouse's Native format.

/** One block of ClickHouse's Native format (revision 0, as over HTTP). Throws if the columns differ in length. */
export function nativeBlock(columns: readonly NativeColumn[]): Uint8Array {
  const rows = columns[0]?.rows ?? 0;
  const expected = columns.reduce(
    (sum, column) => sum + column.bytes + column.name.length + column.type.length + 16,
    32,
  );
  const sink = createByteSink(expected);
  sink.varint(columns.length);
  sink.varint(rows);
  for (const column of columns) {
    if (column.rows !== rows) {
      throw new RangeError(
        `expected ${rows} rows in every column, found ${column.rows} in ${column.name}`,
      );
    }
    sink.text(column.name);
    sink.text(column.type);
    column.write(sink);
  }
  return sink.bytes();
}

/** One column of a Native block: its ClickHouse type, and how its values are written. */
export type NativeColumn = {
  readonly name: string;
  readonly type: string;
  readonly rows: number;
  /** About how many bytes its values take. */
  readonly bytes: number;
  write(sink: ByteSink): void;
};

/** Bytes written one after the other into one buffer that doubles when it is full. */
interface ByteSink {
  /** LEB128, as ClickHouse writes lengths. At most 2^53 - 1. */
  varint(value: number): void;
  /** UTF-8 with its length in front. */
  text(value: string): void;
  /** The memory of a typed array, as it lies there: little endian on every machine that Node runs on here. */
  memory(view: ArrayBufferView): void;
  uint64(value: number): void;
  /** What was written. Write nothing more afterwards: the memory is the sink's own. */
  bytes(): Uint8Array;
}

/** Makes an empty sink with room for `expected` bytes. */
function createByteSink(expected: number): ByteSink {
  let buffer = Buffer.allocUnsafe(Math.max(64, expected));
  let length = 0;

  function room(needed: number): void {
    if (length + needed <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + needed));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }

  function varint(value: number): void {
    room(8);
    let rest = value;
    while (rest > 127) {
      buffer[length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    buffer[length++] = rest;
  }

  return {
    varint,
    text(value) {
      const size = Buffer.byteLength(value);
      varint(size);
      room(size);
      length += buffer.write(value, length);
    },
    memory(view) {
      room(view.byteLength);
      buffer.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), length);
      length += view.byteLength;
    },
    uint64(value) {
      room(8);
      buffer.writeUInt32LE(value % 4_294_967_296, length);
      buffer.writeUInt32LE(Math.floor(value / 4_294_967_296), length + 4);
      length += 8;
    },
    bytes: () => new Uint8Array(buffer.buffer, buffer.byteOffset, length),
  };
}
