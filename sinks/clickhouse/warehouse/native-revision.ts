import { columnEnd, readLength } from './native-width.ts';

// Clients that speak ClickHouse's own protocol inside of HTTP say its revision (`client_protocol_version`) and expect
// Native blocks as that revision has them. The engine writes those of revision 0.
// Source: src/Formats/NativeWriter.cpp, src/Core/ProtocolDefines.h.

const WITH_BLOCK_INFO = 51_903;
const WITH_CUSTOM_SERIALIZATION = 54_454;

/** Field 1: no overflow; field 2: no bucket (-1); end of the fields. */
const BLOCK_INFO = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);
const PLAIN_SERIALIZATION = Buffer.from([0]);

/** Native blocks of revision 0 as a later revision writes them. Throws an `EngineError` for types it cannot walk over. */
export function inRevision(blocks: Buffer, revision: number): Buffer {
  if (revision < WITH_BLOCK_INFO) return blocks;
  const pieces: Buffer[] = [];
  for (let at = 0; at < blocks.length; ) {
    const start = at;
    const [columns, behind] = readLength(blocks, at);
    const [rows, first] = readLength(blocks, behind);
    pieces.push(BLOCK_INFO, blocks.subarray(start, first));
    at = first;
    for (let column = 0; column < columns; column += 1) {
      const [nameLength, name] = readLength(blocks, at);
      const [typeLength, type] = readLength(blocks, name + nameLength);
      const values = type + typeLength;
      const end = columnEnd(blocks, blocks.toString('utf8', type, values), rows, values);
      pieces.push(blocks.subarray(at, values));
      if (revision >= WITH_CUSTOM_SERIALIZATION) pieces.push(PLAIN_SERIALIZATION);
      pieces.push(blocks.subarray(values, end));
      at = end;
    }
  }
  return Buffer.concat(pieces);
}
