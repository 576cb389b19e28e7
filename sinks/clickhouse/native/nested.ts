import type { Column } from './column.ts';
import { numbers } from './numbers.ts';

/** `Nullable` of another column: where `absent` is 1 the value below it does not count. */
export function nullable(column: Column, absent: Uint8Array): Column {
  return {
    ...column,
    type: `Nullable(${column.type})`,
    bytes: column.bytes + absent.length,
    write(sink) {
      sink.memory(absent);
      column.write(sink);
    },
  };
}

/** `Array(Float32)`: one array per row. */
export function float32Arrays(name: string, values: readonly Float32Array[]): Column {
  const lengths = values.reduce((sum, value) => sum + value.length, 0);
  return {
    name,
    type: 'Array(Float32)',
    rows: values.length,
    bytes: values.length * 8 + lengths * 4,
    write(sink) {
      let end = 0;
      for (const value of values) {
        end += value.length;
        sink.uint64(end);
      }
      for (const value of values) numbers(name, value).write(sink);
    },
  };
}
