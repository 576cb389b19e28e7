/** A table with a heading for each column; on a telephone each row is a block. */

import type { ComponentChildren } from 'preact';

export type TableColumn<Row> = {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
};

type TableOptions<Row> = {
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The first names the row. */
  readonly columns: readonly TableColumn<Row>[];
};

export function Table<Row>({ rows, keyOf, columns }: TableOptions<Row>) {
  return (
    <div class="scroll">
      <table class="look-first">
        <thead>
          <tr>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, cell }, at) =>
                at === 0 ? (
                  <th key={name} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={name} data-name={name}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
