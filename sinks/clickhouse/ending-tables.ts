/** Tables whose rows end after some days, by the files of the schema. Rows of the others are kept for ever. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SQL_FOLDER } from './migrate.ts';

/** `days`: as the schema has it. `byPlant`: its rows are of plants. */
export type EndingTable = {
  readonly table: string;
  readonly days: number;
  readonly byPlant: boolean;
};

const TABLE = /CREATE TABLE IF NOT EXISTS (\w+)\n\(\n([\s\S]*?)\n\)\n([\s\S]*?);/g;
const ENDS = /^TTL landed \+ INTERVAL (\d+) DAY$/m;

export function endingTables(folder = join(SQL_FOLDER, 'schema')): readonly EndingTable[] {
  const texts = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  return texts.flatMap((text) =>
    [...text.matchAll(TABLE)].flatMap(([, table = '', columns = '', rest = '']) => {
      const [, days] = ENDS.exec(rest) ?? [];
      if (days === undefined) return [];
      return [{ table, days: Number(days), byPlant: /^\s+plant\s/m.test(columns) }];
    }),
  );
}
