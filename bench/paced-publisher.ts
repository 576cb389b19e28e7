import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Packr } from 'msgpackr';
import { connectNats } from '../pipelines/nats/nats.ts';
import { createPublisher, type LogPublisher } from '../pipelines/nats/publisher.ts';
import { assetNames, PLANT, SIGNALS_PER_ASSET, valuesOf } from './paced-plant.ts';
import { BURST_SECONDS, type Bursts, burstMessages, burstsOf } from './paced-waveforms.ts';

/** What the publisher prints at its end, as one line of JSON. */
export type Published = {
  readonly messages: number;
  readonly readings: number;
  readonly waveforms: number;
  readonly seconds: number;
  /** The longest that it ran behind its own pace: its share of the machine was too small then. */
  readonly behindMilliseconds: number;
};

const packr = new Packr({ useRecords: false });

/** Publishes frames of 20 readings at a steady pace, one asset after the other, and waveforms between them. */
export async function publishPaced(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string', default: 'nats://127.0.0.1:4222' },
      assets: { type: 'string', default: '250' },
      rate: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '120' },
      waveforms: { type: 'string', default: '0x0' },
    },
  });
  const connection = await connectNats({ servers: values.url, name: 'bench publisher' });
  const publisher = createPublisher(connection, { inFlight: 2_000, run: `bench-${process.pid}` });
  try {
    const assets = Number(values.assets);
    await start(publisher, assets);
    const published = await pace(publisher, {
      assets,
      rate: Number(values.rate),
      seconds: Number(values.seconds),
      bursts: burstsOf(values.waveforms),
    });
    await publisher.flush();
    console.log(JSON.stringify(published));
  } finally {
    publisher.close();
    await connection.close();
  }
  return true;
}

/** Says of every machine that it runs. */
async function start(publisher: LogPublisher, assets: number): Promise<void> {
  for (const { line, asset } of assetNames(assets)) {
    const payload = packr.pack({ time: Date.now(), type: 'state', data: { state: 'EXECUTE' } });
    await publisher.publish({ subject: `event.${PLANT}.${line}.${asset}`, payload });
  }
}

type Pace = {
  readonly assets: number;
  readonly rate: number;
  readonly seconds: number;
  readonly bursts: Bursts;
};

async function pace(
  publisher: LogPublisher,
  { assets, rate, seconds, bursts }: Pace,
): Promise<Published> {
  const subjects = assetNames(assets).map(
    ({ line, asset }) => `telemetry.${PLANT}.${line}.${asset}`,
  );
  const perSecond = rate / SIGNALS_PER_ASSET;
  const total = Math.round(perSecond * seconds);
  const started = performance.now();
  const producer = `bench/${process.pid}`;
  const sendWaveforms = waveformSender(publisher, bursts, seconds);
  let readings = 0;
  let waveforms = 0;
  let behindMilliseconds = 0;
  for (let sent = 0; sent < total; ) {
    const elapsed = (performance.now() - started) / 1_000;
    const due = Math.min(total, Math.floor(elapsed * perSecond));
    behindMilliseconds = Math.max(behindMilliseconds, ((due - sent) / perSecond) * 1_000);
    for (; sent < due; sent += 1) {
      const asset = sent % assets;
      const frame = valuesOf(asset, sent / perSecond, seconds / 3);
      readings += Object.keys(frame).length;
      await publisher.publish({
        subject: subjects[asset] ?? '',
        headers: {
          'Andon-Producer': producer,
          'Andon-Sequence': String(Math.floor(sent / assets)),
        },
        payload: packr.pack({ time: Date.now(), values: frame }),
      });
    }
    waveforms += await sendWaveforms(elapsed);
    await pause(5);
  }
  waveforms += await sendWaveforms(seconds);
  const took = (performance.now() - started) / 1_000;
  return { messages: total, readings, waveforms, seconds: took, behindMilliseconds };
}

/** Sends what is due after so many seconds: one asset after the other, each with all its points at once. */
function waveformSender(publisher: LogPublisher, bursts: Bursts, seconds: number) {
  const perSecond = bursts.assets / BURST_SECONDS;
  const total = Math.floor(perSecond * seconds);
  const messagesOf = burstMessages(bursts);
  let sent = 0;
  return async (elapsed: number): Promise<number> => {
    let waveforms = 0;
    for (; sent < Math.min(total, Math.floor(perSecond * elapsed)); sent += 1) {
      for (const { subject, payload } of messagesOf(sent % bursts.assets)) {
        const headers = {
          'Andon-Producer': `bench/${process.pid}`,
          'Andon-Sequence': String(Math.floor(sent / bursts.assets)),
        };
        await publisher.publish({ subject, headers, payload });
        waveforms += 1;
      }
    }
    return waveforms;
  };
}
