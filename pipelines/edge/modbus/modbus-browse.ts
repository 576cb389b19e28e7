/** What a person looks at before a device is read: its values off by one, and in every order of bytes. */

import { EXIT, messageOf, Problem } from '../../base/problem.ts';
import type { TagValue } from '../tag-reading.ts';
import { ModbusClient, ModbusError } from './modbus-client.ts';
import { BYTE_ORDERS, type ModbusConfig, type ModbusTag, modbusTags } from './modbus-config.ts';
import { modbusValue, planBlocks } from './modbus-values.ts';

/** A tag as it is configured, one address before and behind it, and in each order of bytes; what was refused in words. */
export type LookedTag = {
  readonly tag: ModbusTag;
  readonly value: string;
  readonly before: string;
  readonly behind: string;
  readonly orders: readonly string[];
};

/** Over a connection of its own. Rejects with a `Problem` when the device does not answer. */
export async function lookAtDevice(
  config: ModbusConfig,
  name: string,
  most: number,
): Promise<readonly LookedTag[]> {
  const { host, port, answer } = config;
  let client: ModbusClient | undefined;
  try {
    client = await ModbusClient.connect({ host, port, patience: answer / 1_000 });
    const looked: LookedTag[] = [];
    for (const tag of modbusTags(config).flat().slice(0, most)) {
      looked.push(await lookAtTag(client, tag, config));
    }
    return looked;
  } catch (error) {
    if (!(error instanceof ModbusError)) throw error;
    throw new Problem({
      ...{ where: `source ${name}`, expected: `a device of Modbus at ${host}:${port}` },
      found: messageOf(error),
      remedy: 'Correct host and port, or end who has its only connection: stop the edge.',
      exit: EXIT.outside,
    });
  } finally {
    client?.close();
  }
}

async function lookAtTag(
  client: ModbusClient,
  tag: ModbusTag,
  limits: ModbusConfig,
): Promise<LookedTag> {
  const [value = '', ...orders] = await valuesAt(client, tag, limits, [tag.order, ...BYTE_ORDERS]);
  const beside = async (step: number) => {
    const address = tag.address + step;
    if (address < 0) return '-';
    const [own = '-'] = await valuesAt(client, { ...tag, address }, limits, [tag.order]);
    return own;
  };
  const [before, behind] = [await beside(-1), await beside(1)];
  const hasOrders = tag.type !== 'bit' && tag.type !== 'text' && tag.count > 1;
  return {
    tag,
    value,
    before,
    behind,
    orders: BYTE_ORDERS.map((_, at) => (hasOrders ? (orders[at] ?? '') : '-')),
  };
}

async function valuesAt(
  client: ModbusClient,
  tag: ModbusTag,
  limits: ModbusConfig,
  orders: readonly ModbusTag['order'][],
): Promise<readonly string[]> {
  const [block] = planBlocks([tag], { ...limits, gap: 0 });
  if (block === undefined) return [];
  try {
    const bytes = await client.read(block);
    return orders.map((order) => wordOf(modbusValue(bytes, block, { ...tag, order })));
  } catch (error) {
    if (!(error instanceof ModbusError) || error.fault === 'closed') throw error;
    return orders.map(() => error.message);
  }
}

function wordOf(value: TagValue | undefined): string {
  return value === undefined
    ? 'no number'
    : typeof value === 'string'
      ? JSON.stringify(value)
      : `${value}`;
}
