import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'vitest';
import { type ScheduleIntake, takeTrytonProductions } from '../../pipelines/schedules/intake.ts';
import { lacksTryton, trytonService } from '../../pipelines/stand/tryton.ts';
import { startNats } from '../stand/nats.ts';
import { longSuite, longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const date = (year: number, month: number, day: number) => ({
  __class__: 'date',
  year,
  month,
  day,
});

longSuite(
  'productions of Tryton as the schedule of a line',
  () => {
    longTest('are in the log, and one that is cancelled is taken back', 300_000, async () => {
      const tryton = await trytonService(join(temporaryDirectory(), 'tryton'));
      const nats = await startNats();
      const connection = await connect({ servers: nats.url });
      try {
        const manager = await jetstreamManager(connection);
        await manager.streams.add({ name: 'ANDON_0', subjects: ['schedule.>'] });
        await tryton.start();
        await tryton.furnish([{ code: 'P-9', name: 'Housing', on_hand: 0 }]);
        const call = await tryton.signIn();
        const context = { company: 1 };
        const first = async (model: string, ...where: readonly unknown[]) =>
          (await call<number[]>(`model.${model}.search`, [where], context))[0];
        const template = await first('product.template', 'name', '=', 'Housing');
        await call('model.product.template.write', [template], { producible: true }, context);
        const year = new Date().getUTCFullYear() + 1;
        const productions = await call<number[]>(
          'model.production.create',
          [
            {
              product: await first('product.product', 'code', '=', 'P-9'),
              unit: await first('product.uom', 'symbol', '=', 'u'),
              warehouse: await first('stock.location', 'code', '=', 'WH'),
              location: await first('stock.location', 'type', '=', 'production'),
              ...{
                quantity: 120,
                planned_start_date: date(year, 3, 2),
                planned_date: date(year, 3, 4),
              },
            },
          ],
          context,
        );
        await call('model.production.wait', productions, context);
        const refused: string[] = [];
        const intake: ScheduleIntake = {
          ...{ connection, partitions: 1, given: { plant: 'p1', line: 'l1' } },
          ...{
            signal: new AbortController().signal,
            answered: new Map(),
            onTaken: () => undefined,
          },
          onRefused: ({ message }) => void refused.push(message),
        };
        const { ERP_USER: user, ERP_PASSWORD: password } = tryton.env;
        const take = async () => {
          await takeTrytonProductions(intake, tryton.url, { user, password });
          const last = { last_by_subj: 'schedule.p1.l1' };
          return (await manager.streams.getMessage('ANDON_0', last))?.json<{ entries: object[] }>();
        };
        const entry = {
          ...{ kind: 'order', product: 'P-9', quantity: 120 },
          ...{ start: Date.UTC(year, 2, 2), end: Date.UTC(year, 2, 5) },
        };
        const read = await take();
        expect(refused).toEqual([]);
        expect(read?.entries).toMatchObject([entry]);
        await call('model.production.cancel', productions, context);
        expect((await take())?.entries).toMatchObject([{ ...entry, cancelled: true }]);
        expect(refused).toEqual([]);
      } finally {
        await connection.close();
        await nats.stop();
        await tryton.stop();
      }
    });
  },
  lacksTryton(),
);
