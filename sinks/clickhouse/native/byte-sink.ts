/** Bytes written one after the other into one buffer that doubles when it is full. */
export interface ByteSink {
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
export function createByteSink(expected: number): ByteSink {
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
