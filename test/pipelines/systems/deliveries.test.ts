import { afterEach, expect, test } from 'vitest';
import { type Deliveries, keepDeliveries } from '../../../pipelines/systems/deliveries.ts';
import type { EpochContent } from '../../../sinks/sink.ts';

const kept: Deliveries[] = [];
afterEach(async () => {
  await Promise.all(kept.splice(0).map((each) => each.stop()));
});

function keep(landed: EpochContent[] = []) {
  const deliveries = keepDeliveries({
    ...{ stream: 'ANDON_3', record: () => undefined, now: () => 1_000 },
    land: async (content) => void landed.push(content),
  });
  kept.push(deliveries);
  return deliveries;
}

/** What landed, by `lane id`. */
function rowsOf(landed: readonly EpochContent[]): Record<string, string> {
  const lines = landed.flatMap(({ blocks }) =>
    blocks.flatMap(({ data }) => Buffer.from(data).toString().trim().split('\n')),
  );
  const rows = lines.map((line) => JSON.parse(line) as Record<string, string>);
  return Object.fromEntries(
    rows.map(({ lane, id, state, attempts }) => [`${lane} ${id}`, `${state} ${attempts}`]),
  );
}

test('keeps no process alive: who cannot begin ends', () => {
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  const before = timers();
  keep();
  expect(timers()).toBe(before);
});

test('says of its own log that it moves, and of its own way to the broker whether it is there', async () => {
  const landed: EpochContent[] = [];
  const deliveries = keep(landed);
  deliveries.watch({ kind: 'disconnected', server: 'NATS', reason: 'killed' });
  await deliveries.stop();
  expect(rowsOf(landed)).toEqual({
    'log ANDON_3': 'moving 1',
    'log NATS of ANDON_3': 'stalled 1',
  });
});

test('counts how often the same is met, until it is over', async () => {
  const landed: EpochContent[] = [];
  const deliveries = keep(landed);
  const met = { outcome: 'unknown', note: '503', place: 'target', after: 0 } as const;
  const one = { system: 'erp', id: 'c1', ...met } as const;
  deliveries.watch({ kind: 'command-delayed', ...one });
  deliveries.watch({ kind: 'command-delayed', ...one });
  const refused = { system: 'cmms', id: 'r1', revision: 1, note: 'no such asset' };
  deliveries.watch({ kind: 'request-rejected', ...refused });
  deliveries.watch({ kind: 'request-rejected', ...refused });
  await deliveries.stop();
  expect(rowsOf(landed)).toMatchObject({
    'commands c1': 'delayed 2',
    'requests r1': 'rejected 1',
  });
});
