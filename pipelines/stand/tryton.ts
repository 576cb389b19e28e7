/** Tryton as a process of its own, with a small plant's company in it: made by its published interface, as a person would. */

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTryton, TRYTON_ADMIN, TRYTON_REMEDY } from '../../scripts/tryton.js';
import { freePort } from '../base/free-port.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { signInToTryton, type TrytonCall } from '../schedules/tryton.ts';
import { createService, type Program, type Service } from './service.ts';

export interface Tryton extends Service {
  /** `base` of a profile: the address of its database. */
  readonly url: string;
  /** Whom Andon signs in as: what a profile takes from the environment. */
  readonly env: Readonly<Record<'ERP_URL' | 'ERP_USER' | 'ERP_PASSWORD', string>>;
  /** Signs in as somebody; by default as the administrator, who may do all. Every call is made in the company. */
  signIn(user?: string, password?: string): Promise<TrytonCall>;
  /** Makes company, places, parts and the user of Andon. Once, after the first start. */
  furnish(parts: readonly StockedPart[]): Promise<void>;
}

/** A part as it is before anything happens. */
export type StockedPart = {
  readonly code: string;
  readonly name: string;
  readonly on_hand: number;
};

/** The name of its database. */
const DATABASE = 'plant';
/** Milliseconds for one answer of a server that is starting. */
const PATIENCE = 5_000;
const ANDON = { user: 'andon', password: 'reference-andon' };

/** Whether it is installed here. Else a sentence says what to do. */
export function lacksTryton(): string | undefined {
  return findTryton() === undefined ? `Tryton is not installed. ${TRYTON_REMEDY}` : undefined;
}

/** Everything that it keeps is below `folder`. Throws a `Problem` if it is not installed on this machine. */
export async function trytonService(
  folder: string,
  create: (program: Program) => Service = createService,
): Promise<Tryton> {
  const installed = findTryton();
  if (installed === undefined) {
    const problem = { expected: 'Tryton', found: 'none in the cache folder' };
    throw new Problem({ ...problem, remedy: TRYTON_REMEDY, exit: EXIT.outside });
  }
  mkdirSync(folder, { recursive: true });
  copyFileSync(installed.database, join(folder, `${DATABASE}.sqlite`));
  const port = await freePort();
  const file = join(folder, 'trytond.conf');
  const settings = `[database]\nuri = sqlite://\npath = ${folder}\n[web]\nlisten = 127.0.0.1:${port}\n`;
  writeFileSync(file, settings);
  const url = `http://127.0.0.1:${port}/${DATABASE}`;
  const service = create({
    ...{ name: 'tryton', command: installed.python },
    // The database by name: without it the first log-in finds no tables.
    args: [installed.server, '-c', file, '-d', DATABASE],
    ready: (signal) => untilAnswered(url, signal),
  });
  const { user, password } = TRYTON_ADMIN;
  return {
    ...{ ...service, url },
    env: { ERP_URL: url, ERP_USER: ANDON.user, ERP_PASSWORD: ANDON.password },
    signIn: (who = user, secret = password) => signInToTryton(url, { user: who, password: secret }),
    furnish: async (parts) => furnish(await signInToTryton(url, TRYTON_ADMIN), parts),
  };
}

async function untilAnswered(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const asked = { method: 'POST', signal: AbortSignal.timeout(PATIENCE) };
    const answer = await fetch(`${url}/rpc/`, asked).catch(() => undefined);
    // Without a method it refuses, and so shows that it is there.
    if (answer !== undefined && answer.status < 500) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const GROUPS = [
  ...[
    'Stock',
    'Production',
    'Purchase Requisition',
    'Timesheet Administration',
    'Party Administration',
  ],
];

const decimal = (value: string) => ({ __class__: 'Decimal', decimal: value });

/** What a new Tryton lacks before anybody can work with it, and the places and the user of `examples/systems/tryton.yaml`. */
async function furnish(call: TrytonCall, parts: readonly StockedPart[]): Promise<void> {
  const company = await makeCompany(call);
  const context = { company };
  const make = async (model: string, ...records: readonly object[]): Promise<number> => {
    const [id] = await call<number[]>(`model.${model}.create`, records, context);
    if (id === undefined) throw new Error(`Tryton: expected a new ${model}, found none`);
    return id;
  };
  const find = async (model: string, ...domain: readonly unknown[]): Promise<number[]> =>
    call<number[]>(`model.${model}.search`, domain, 0, null, null, context);

  const party = await make('party.party', { name: 'Andon' });
  const employee = await make('company.employee', { party, company });
  const groups = await find('res.group', ['name', 'in', GROUPS]);
  await make('res.user', {
    ...{ name: 'Andon', login: ANDON.user, password: ANDON.password, company, employee },
    ...{ companies: [['add', [company]]], employees: [['add', [employee]]] },
    groups: [['add', groups]],
  });
  await makePlaces(make, find);
  await make('timesheet.work', { name: 'Maintenance' });
  await makeParts(parts, { make, find, call, context });
}

type Make = (model: string, ...records: readonly object[]) => Promise<number>;
type Find = (model: string, ...domain: readonly unknown[]) => Promise<number[]>;

async function makeCompany(call: TrytonCall): Promise<number> {
  const euro = { name: 'Euro', symbol: '€', code: 'EUR', numeric_code: '978' };
  const [currency] = await call<number[]>('model.currency.currency.create', [euro], {});
  const [party] = await call<number[]>('model.party.party.create', [{ name: 'Plant' }], {});
  const [company = 0] = await call<number[]>(
    'model.company.company.create',
    [{ party, currency }],
    {},
  );
  const admins = await call(
    'model.res.user.search',
    [['login', '=', TRYTON_ADMIN.user]],
    0,
    1,
    null,
    {},
  );
  await call('model.res.user.write', admins, { companies: [['add', [company]]], company }, {});
  return company;
}

/** The workshop is a warehouse of its own, so that what is reserved for it is packed and shipped. */
async function makePlaces(make: Make, find: Find): Promise<void> {
  const [production] = await find('stock.location', ['type', '=', 'production']);
  const shelf = await make('stock.location', {
    name: 'Workshop',
    code: 'MNT-STO',
    type: 'storage',
  });
  await make('stock.location', {
    ...{ name: 'Maintenance', code: 'MNT', type: 'warehouse', storage_location: shelf },
    ...{ input_location: shelf, output_location: shelf, production_location: production },
  });
  await make('stock.location', { name: 'Used in maintenance', code: 'USED', type: 'lost_found' });
}

async function makeParts(
  parts: readonly StockedPart[],
  { make, find, call, context }: { make: Make; find: Find; call: TrytonCall; context: object },
): Promise<void> {
  const [unit] = await find('product.uom', ['symbol', '=', 'u']);
  const [shelf] = await find('stock.location', ['code', '=', 'STO']);
  const lines: unknown[] = [];
  for (const { code, name, on_hand } of parts) {
    await make('product.template', {
      ...{
        name,
        type: 'goods',
        default_uom: unit,
        list_price: decimal('10'),
        cost_price_method: 'fixed',
      },
      ...{ purchasable: true, purchase_uom: unit },
      products: [['create', [{ suffix_code: code, cost_price: decimal('4.9') }]]],
    });
    const [product] = await find('product.product', ['code', '=', code]);
    if (on_hand > 0) lines.push({ product, quantity: on_hand });
  }
  if (lines.length === 0) return;
  const inventory = await make('stock.inventory', { location: shelf, lines: [['create', lines]] });
  await call('model.stock.inventory.confirm', [inventory], context);
}
