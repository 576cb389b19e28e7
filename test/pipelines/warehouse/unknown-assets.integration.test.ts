import { expect, test } from 'vitest';
import { UnknownAssets } from '../../../pipelines/warehouse/unknown-assets.ts';
import { migratedWarehouse } from '../../sinks/clickhouse/started-warehouse.ts';

const RUN = { stream: 'ANDON_0', run: '1' };
const CREATED = '2026-12-01T00:00:00Z';
const SOURCE = 'telemetry.works.line2.press p';
const APPENDED = '2026-12-01 06:00:00.000000';

test('what came before the model had its asset is listed, until a mark of that asset says that it was sent', async () => {
  const { client } = await migratedWarehouse();
  const insert = async (table: string, row: object) => {
    const values = [{ ...RUN, appended: APPENDED, ...row }];
    await client.insert({
      table,
      values,
      format: 'JSONEachRow',
      clickhouse_settings: { input_format_skip_unknown_fields: 0 },
    });
  };
  const letter = (sequence: number, last_sequence: number, detail: string) =>
    insert('dead_letters', {
      ...{ sequence, last_sequence, reason: 'unknown', stage: 'validate', source: SOURCE },
      ...{ count: last_sequence - sequence + 1, detail },
    });
  const modelled = (sequence: number, asset: string) =>
    insert('assets', { sequence, plant: 'works', line: 'line2', asset });
  const marked = (sequence: number, asset: string, to: number) =>
    insert('machine_events', {
      ...{ sequence, plant: 'works', line: 'line2', asset, time: APPENDED },
      ...{ type: 'sent-again', kind: 'event' },
      data: JSON.stringify({ stream: RUN.stream, created: CREATED, source: SOURCE, to }),
    });
  const epoch = { pipeline: 'plant', created: CREATED, epoch: 1, messages: 100, rows: 0 };
  await client.insert({
    table: 'epochs',
    values: [
      {
        ...{ ...RUN, ...epoch, first_sequence: 1, last_sequence: 100 },
        ...{ first_appended: APPENDED, last_appended: APPENDED },
      },
    ],
    format: 'JSONEachRow',
  });
  await letter(10, 20, 'the plant model has no asset press');
  const assets = new UnknownAssets(client, 'plant');
  expect(await assets.places()).toEqual([
    { stream: 'ANDON_0', run: '1', created: CREATED, last: 100 },
  ]);
  const listed = async () => {
    return (await assets.sources()).map(({ asset, isKnown, ranges }) => [asset, isKnown, ranges]);
  };
  expect(await listed()).toEqual([['works/line2/press', false, [[10, 20]]]]);

  await modelled(50, 'press');
  expect(await listed()).toEqual([['works/line2/press', true, [[10, 20]]]]);
  // Another machine may not say that.
  await marked(60, 'other', 100);
  expect(await listed()).toEqual([['works/line2/press', true, [[10, 20]]]]);
  await marked(61, 'press', 15);
  expect(await listed()).toEqual([['works/line2/press', true, [[16, 20]]]]);
  await marked(62, 'press', 20);
  expect(await listed()).toEqual([]);
});
