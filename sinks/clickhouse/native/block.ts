import { createByteSink } from './byte-sink.ts';
import type { Column } from './column.ts';

/** One block of ClickHouse's Native format (revision 0, as over HTTP). Throws if the columns differ in length. */
export function nativeBlock(columns: readonly Column[]): Uint8Array {
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
