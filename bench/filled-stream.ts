import { Packr } from 'msgpackr';
import { connectNats } from '../pipelines/nats/nats.ts';
import { createPublisher } from '../pipelines/nats/publisher.ts';
import { assetNames, PLANT, SIGNALS_PER_ASSET, valuesOf } from './paced-plant.ts';

export type Filled = { readonly frames: number; readonly readings: number };

const packr = new Packr({ useRecords: false });

/**
 * Publishes as fast as it goes what a plant sent in the seconds before now: `readings` in frames of twenty, at `rate`
 * readings a second of event time, after word that every machine runs.
 */
export async function fillStream(
  url: string,
  plant: { readonly assets: number; readonly readings: number; readonly rate: number },
): Promise<Filled> {
  const { assets, rate } = plant;
  const frames = Math.round(plant.readings / SIGNALS_PER_ASSET);
  const perSecond = rate / SIGNALS_PER_ASSET;
  const seconds = frames / perSecond;
  const begins = Date.now() - seconds * 1_000;
  const connection = await connectNats({ servers: url, name: 'bench publisher' });
  const publisher = createPublisher(connection, { inFlight: 2_000, run: `bench-${process.pid}` });
  const names = assetNames(assets).map(({ line, asset }) => `${PLANT}.${line}.${asset}`);
  let readings = 0;
  try {
    for (const name of names) {
      const payload = packr.pack({ time: begins, type: 'state', data: { state: 'EXECUTE' } });
      await publisher.publish({ subject: `event.${name}`, payload });
    }
    for (let sent = 0; sent < frames; sent += 1) {
      const second = sent / perSecond;
      const values = valuesOf(sent % assets, second, seconds / 3);
      readings += Object.keys(values).length;
      await publisher.publish({
        subject: `telemetry.${names[sent % assets]}`,
        headers: {
          'Andon-Producer': 'bench/0',
          'Andon-Sequence': String(Math.floor(sent / assets)),
        },
        payload: packr.pack({ time: begins + second * 1_000, values }),
      });
    }
    await publisher.flush();
  } finally {
    publisher.close();
    await connection.close();
  }
  return { frames, readings };
}
