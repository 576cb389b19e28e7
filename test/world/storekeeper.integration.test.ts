import { join } from 'node:path';
import { expect } from 'vitest';
import { trytonStorekeeper } from '../../pipelines/demo/storekeeper.ts';
import { lacksTryton, trytonService } from '../../pipelines/stand/tryton.ts';
import { longSuite, longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

longSuite(
  'the storekeeper of the demo, in Tryton',
  () => {
    longTest(
      'brings a part to the workshop, and one that is short once it has come',
      300_000,
      async () => {
        const tryton = await trytonService(join(temporaryDirectory(), 'tryton'));
        try {
          await tryton.start();
          await tryton.furnish([
            { code: 'SEAL-KIT-80', name: 'Seal kit 80 mm', on_hand: 1 },
            { code: 'BELT-A42', name: 'V-belt A42', on_hand: 0 },
          ]);
          const call = await tryton.signIn();
          const context = { company: 1 };
          const first = async (model: string, field: string, value: string) =>
            (await call<number[]>(`model.${model}.search`, [[field, '=', value]], context))[0];
          const [from_location, to_location, unit] = [
            await first('stock.location', 'code', 'STO'),
            await first('stock.location', 'code', 'MNT-STO'),
            await first('product.uom', 'symbol', 'u'),
          ];
          const bring = trytonStorekeeper(tryton);
          for (const part of ['SEAL-KIT-80', 'BELT-A42']) {
            expect(await bring(part)).toBe(false);
            const product = await first('product.product', 'code', part);
            // As `reserve` of the profile makes it.
            const places = { from_location, to_location };
            const move = { product, quantity: 1, unit, ...places };
            const shipments = await call<number[]>(
              'model.stock.shipment.internal.create',
              [{ reference: part, ...places, moves: [['create', [move]]] }],
              context,
            );
            for (const button of ['wait', 'assign_try']) {
              await call(`model.stock.shipment.internal.${button}`, shipments, context);
            }
            // A button at each look.
            for (let look = 0; look < 4 && !(await bring(part)); look += 1);
            expect(await bring(part)).toBe(true);
          }
        } finally {
          await tryton.stop();
        }
      },
    );
  },
  lacksTryton(),
);
