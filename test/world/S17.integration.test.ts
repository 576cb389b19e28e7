import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrytonCall } from '../../pipelines/schedules/tryton.ts';
import { lacksTryton, type Tryton, trytonService } from '../../pipelines/stand/tryton.ts';
import { until } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

const DAY = 86_400;
const company = { company: 1 };

longSuite('S17: the record of a supplier in Tryton', withTryton, lacksTryton());

function withTryton(): void {
  let tryton: Tryton;
  let world: World;
  let call: TrytonCall;
  let party: number;
  const days = (count: number) => ({
    supplier_lead_time: { __class__: 'timedelta', seconds: count * DAY },
  });
  const leadTime = async () => {
    const fields = ['supplier_lead_time'];
    const [found] = await call<{ supplier_lead_time: { seconds: number } }[]>(
      ...(['model.party.party.read', [party], fields, company] as const),
    );
    return (found?.supplier_lead_time.seconds ?? 0) / DAY;
  };

  beforeAll(async () => {
    tryton = await trytonService(join(temporaryDirectory(), 'tryton'));
    await tryton.start();
    await tryton.furnish([{ code: 'SEAL-45', name: 'Shaft seal 45 mm', on_hand: 0 }]);
    call = await tryton.signIn();
    const seals = { name: 'Seals & Co', code: 'S-1', ...days(12) };
    [party = 0] = await call<number[]>('model.party.party.create', [seals], company);
    world = await startWorld({ erp: tryton });
    // Tryton's stock names no supplier: the rules of the plant do.
    const text = JSON.stringify(workflow('supplier-record'));
    const rule = JSON.parse(text.replaceAll('steps.stock.supplier', "'S-1'"));
    const part = JSON.parse(JSON.stringify(hotMachines(rule)).replaceAll('6205-2RS', 'SEAL-45'));
    await world.apply(MODEL, part);
  });
  afterAll(async () => {
    await world?.stop();
    await tryton?.stop();
  });

  test('S17: a person approves, and the lead time of the party is another one', async () => {
    world.heat('mill', 90);
    await world.untilStep('mill', 'allowed', 'pending');
    await world.answer('mill', 'allowed', 'approve', { lead_time_days: 20 });
    await world.untilStep('mill', 'change', 'done');
    expect(await leadTime()).toBe(20);
  });

  test('S17: what a person in Tryton has changed meanwhile is not overwritten', async () => {
    world.heat('press', 90);
    await world.untilStep('press', 'allowed', 'pending');
    await call('model.party.party.write', [party], days(9), company);
    await world.answer('press', 'allowed', 'approve', { lead_time_days: 25 });
    await world.untilStep('press', 'change', 'rejected');
    expect(await leadTime()).toBe(9);
    await until('the mail', PATIENCE, async () => world.mailbox.mails.length > 0);
    expect(world.mailbox.mails[0]?.text).toContain('expected a lead time of 20 days');
  });

  test('S17: Tryton refuses a change that shows an older lock', async () => {
    const fields = ['_timestamp'];
    const [seen] = await call<{ _timestamp: string }[]>(
      ...(['model.party.party.read', [party], fields, company] as const),
    );
    await call('model.party.party.write', [party], days(10), company);
    const lock = { _timestamp: { [`party.party,${party}`]: seen?._timestamp } };
    const late = call('model.party.party.write', [party], days(30), { ...company, ...lock });
    await expect(late).rejects.toThrow('ConcurrencyException');
    expect(await leadTime()).toBe(10);
  });
}
