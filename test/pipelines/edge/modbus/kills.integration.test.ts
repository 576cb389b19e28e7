import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { broughtTo, type EdgeStand, startEdgeStand } from '../../../stand/edge-stand.ts';
import {
  type ModbusDevice,
  modbusAnswer,
  startModbusDevice,
} from '../../../stand/modbus-device.ts';
import { until } from '../../../stand/stand.ts';
import { longTest } from '../../../support/long.ts';
import { randomOf } from '../../../support/plant-log.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const LONG = 120_000;

let stand: EdgeStand | undefined;
let device: ModbusDevice | undefined;
afterEach(stopAll);
async function stopAll(): Promise<void> {
  await stand?.stop();
  await device?.stop();
  [stand, device] = [undefined, undefined];
}

/** A device that counts its answers. */
async function start() {
  device = await startModbusDevice();
  let served = 0;
  device.answer = (question) => {
    served += 1;
    const values = Buffer.alloc(4);
    values.writeUInt32BE(served);
    return modbusAnswer(question, values);
  };
  const tags = [{ tag: 'n', holding: 0, type: 'uint32' }];
  const modbus = {
    ...{ host: '127.0.0.1', port: device.port, folder: join(temporaryDirectory(), 'seen') },
    groups: [{ every: '50ms', machine: 'p2', tags }],
  };
  stand = await startEdgeStand({
    partitions: 1,
    edge: { sources: [{ name: 'plc', kind: 'modbus', modbus }] },
  });
  await stand.edge.start();
  return { stand, device, served: () => served };
}

type All = Awaited<ReturnType<typeof start>>;

async function brought({ stand: { hub } }: All) {
  const all = await broughtTo(hub, 1);
  const numbers = all.flatMap(({ subject, payload }) =>
    subject.startsWith('telemetry') ? [(payload.values as { n: number }).n] : [],
  );
  const gaps = all.flatMap(({ subject, payload }) =>
    subject.startsWith('event') ? [payload.data as { count: number; reason: string }] : [],
  );
  return { numbers, missing: gaps.reduce((sum, { count }) => sum + count, 0) };
}

/** What is read from now on is at the centre. */
async function untilNews(all: All): Promise<void> {
  const before = all.served() + 30;
  await until('news at the centre', LONG, async () => {
    const { numbers } = await brought(all);
    return Math.max(0, ...numbers) > before;
  });
}

function faultsOf({ stand: { edge, leaf, hub, link, status }, device: own }: All) {
  const bounce = async (service: { kill(): Promise<void>; start(): Promise<void> }) => {
    await service.kill();
    await service.start();
  };
  return {
    link: async () => {
      link.cut();
      await until('the edge to see it', LONG, async () => {
        return (await status())?.centre.away === true;
      }).catch(async (error: unknown) => {
        const last = edge.lines.slice(-10).join('\n');
        throw new Error(`${error}: ${JSON.stringify(await status())}\n${last}`);
      });
      link.mend();
    },
    edge: async () => {
      await edge.kill();
      // The device hears of the end when it comes to it: the next connection would count beside the last one.
      await until('no connection', LONG, async () => own.open === 0);
      await edge.start();
    },
    leaf: () => bounce(leaf),
    hub: () => bounce(hub.server),
    device: async () => {
      own.cut();
      await until('no connection', LONG, async () => own.open === 0);
      own.mend();
    },
  };
}

longTest(
  'schedules of kills and cuts: what the device answered came once or is told as a gap, over one connection',
  2_400_000,
  async () => {
    const random = randomOf(Number(process.env.ANDON_SEED ?? 20_261_130));
    for (let schedule = 0; schedule < Number(process.env.ANDON_KILLS ?? 20); schedule += 1) {
      const all = await start();
      const faults = faultsOf(all);
      const names = Object.keys(faults)
        .filter(() => random() < 0.5)
        .slice(0, 3);
      for (const name of names.length < 2 ? ['edge', 'device'] : names) {
        await untilNews(all);
        await faults[name as keyof typeof faults]();
      }
      await untilNews(all);
      const label = `schedule ${schedule}: ${names}`;
      // Live values overtake what was held.
      const served = all.served();
      const count = async () => {
        const { numbers, missing } = await brought(all);
        return numbers.filter((n) => n <= served).length + missing;
      };
      await until('everything until now', LONG, async () => (await count()) >= served).catch(
        async (error: unknown) => {
          const now = JSON.stringify(await all.stand.status());
          throw new Error(`${label}: ${error}: ${await count()} of ${served}: ${now}`);
        },
      );
      const { numbers } = await brought(all);
      expect(new Set(numbers).size, label).toBe(numbers.length);
      expect(all.device.most, label).toBe(1);
      await stopAll();
    }
  },
);
