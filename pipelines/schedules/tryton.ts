/**
 * Productions of Tryton as orders of a line, by its JSON-RPC. Tryton plans by days: an order begins with the day of its planned
 * start, or that of its end where it has none, and ends with the day of its end.
 */

import { z } from 'zod';
import { readBody } from '../../sinks/remote/http.ts';
import type { RawEntry } from './b2mml.ts';

/** A call of Tryton: the method, such as `model.product.product.search_read`, and its parameters. */
export type TrytonCall = <T>(method: string, ...params: readonly unknown[]) => Promise<T>;

/** Who signs in. */
export type TrytonLogin = { readonly user: string; readonly password: string };

/** Signs in at `url`, the address of a database, and gives how it is asked then. */
export async function signInToTryton(
  url: string,
  { user, password }: TrytonLogin,
  signal?: AbortSignal,
): Promise<TrytonCall> {
  const [id, token] = await post<[number, string]>(
    { url, headers: {}, signal },
    'common.db.login',
    [...[user, { password }, 'en']],
  );
  const session = Buffer.from(`${user}:${id}:${token}`).toString('base64');
  const headers = { Authorization: `Session ${session}` };
  return (method, ...params) => post({ url, headers, signal }, method, params);
}

type Asked = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
};

async function post<T>(asked: Asked, method: string, params: readonly unknown[]): Promise<T> {
  const { url, headers, signal = null } = asked;
  const response = await fetch(`${url}/rpc/`, {
    ...{ method: 'POST', signal, redirect: 'manual' },
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: 1, method, params }),
  });
  const text = await readBody(response);
  if (!response.ok) throw new Error(`Tryton: ${method}: ${response.status} ${text.slice(0, 200)}`);
  const { result, error } = JSON.parse(text) as { result: T; error?: unknown };
  if (error !== undefined) throw new Error(`Tryton: ${method}: ${JSON.stringify(error)}`);
  return result;
}

/** Days back from today: what was planned to end before is not asked for any more. */
const LOOK_BACK = 7;
const DAY = 86_400_000;
/** What is a proposal of Tryton itself, which nobody has taken up, is not planned. */
const STATES = ['draft', 'waiting', 'assigned', 'running', 'done', 'cancelled'];
const FIELDS = [
  ...['number', 'state', 'planned_start_date', 'planned_date', 'quantity'],
  ...['product.code', 'product.rec_name'],
];

/** The productions that are planned, as a text that `readSchedule` reads. `now`: milliseconds. */
export async function trytonProductions(call: TrytonCall, now: number): Promise<string> {
  type Preferences = { readonly company: number | null };
  const { company } = await call<Preferences>('model.res.user.get_preferences', true, {});
  const since = new Date(now - LOOK_BACK * DAY);
  const [year, month, day] = [since.getUTCFullYear(), since.getUTCMonth() + 1, since.getUTCDate()];
  const planned = [
    ['state', 'in', STATES],
    // A draft has none yet.
    ['number', '!=', null],
    ['planned_date', '>=', { __class__: 'date', year, month, day }],
  ];
  const asked = [planned, 0, null, [['id', 'ASC']], FIELDS, { company }];
  return JSON.stringify({ productions: await call('model.production.search_read', ...asked) });
}

const dateSchema = z
  .object({ year: z.int(), month: z.int(), day: z.int() })
  .transform(({ year, month, day }) => Date.UTC(year, month - 1, day));

const productionSchema = z.object({
  number: z.string().min(1),
  state: z.string(),
  planned_date: dateSchema,
  planned_start_date: dateSchema.nullable(),
  quantity: z.number().nullable(),
  'product.': z.object({ code: z.string().nullable(), rec_name: z.string() }).nullable(),
});

/** Throws an `Error` that says what was expected where. */
export function entriesOfProductions(productions: unknown): readonly RawEntry[] {
  const parsed = z.array(productionSchema).safeParse(productions);
  const [issue] = parsed.error?.issues ?? [];
  if (!parsed.success) throw new Error(`productions.${issue?.path.join('.')}: ${issue?.message}`);
  return parsed.data.map(({ number, state, planned_date, planned_start_date, ...rest }) => {
    const product = rest['product.']?.code ?? rest['product.']?.rec_name;
    return {
      ...{ id: number, kind: 'order' },
      ...{ start: planned_start_date ?? planned_date, end: planned_date + DAY },
      ...(product === undefined ? {} : { product }),
      ...(rest.quantity === null ? {} : { quantity: rest.quantity }),
      ...(state === 'cancelled' ? { cancelled: true } : {}),
    };
  });
}
