// The LZ4 block format: sequences of a token, literals, and a copy of what is already there (lz4_Block_format.md).

/** Bytes of a block. Throws a RangeError if they are not `size`, or if the block is damaged. */
export function lz4Decompressed(block: Buffer, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
  const length = (start: number): number => {
    if (start < 15) return start;
    let sum = start;
    for (;;) {
      const more = block[from++];
      if (more === undefined) throw new RangeError('an LZ4 block ends within a length');
      sum += more;
      if (more < 255) return sum;
    }
  };
  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = length(token >> 4);
    if (to + literals > size || from + literals > block.length) throw tooLong(size);
    block.copy(bytes, to, from, from + literals);
    from += literals;
    to += literals;
    // The last sequence has no copy.
    if (from >= block.length) break;
    const offset = block.readUInt16LE(from);
    from += 2;
    const copied = length(token & 15) + 4;
    if (offset === 0 || offset > to || to + copied > size) throw tooLong(size);
    if (offset >= copied) bytes.copyWithin(to, to - offset, to - offset + copied);
    // The copy overlaps itself: it repeats the last `offset` bytes.
    else for (let at = to; at < to + copied; at += 1) bytes[at] = bytes[at - offset] ?? 0;
    to += copied;
  }
  if (to !== size) throw tooLong(size);
  return bytes;
}

function tooLong(size: number): RangeError {
  return new RangeError(`expected an LZ4 block of ${size} bytes`);
}

/** A valid block of these bytes, not made smaller: on one machine only the form counts. At least one byte. */
export function lz4Stored(bytes: Buffer): Buffer {
  const more = bytes.length < 15 ? 0 : Math.floor((bytes.length - 15) / 255) + 1;
  const head = Buffer.alloc(1 + more, 255);
  head[0] = Math.min(bytes.length, 15) << 4;
  if (more > 0) head[more] = (bytes.length - 15) % 255;
  return Buffer.concat([head, bytes]);
}
