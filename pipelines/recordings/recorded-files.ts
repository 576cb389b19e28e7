import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { type EventTime, plus, SECOND } from '../../operators/model/time.ts';
import { VIBRATION_UNITS, vibrationUnit } from '../../operators/spectrum/time-waveform.ts';
import type { Channel } from '../files/channel.ts';
import { readSamples } from '../files/files.ts';
import { lineage, type MoveTime, type Recorded, wrongRecording } from './recorded.ts';
import type { WaveformFilesDescription } from './recording-description.ts';

const packr = new Packr({ useRecords: false });
/** Samples of one message: 800 kB, below the usual limit of a server. */
const MOST_SAMPLES = 200_000;
/** Share by which a stated rate may differ from that of the file. */
const RATE_ERROR = 0.01;

/** The waveforms of a file of samples, or of each file of a folder in the order of their names, `interval` apart. */
export async function* recordedFiles(
  description: WaveformFilesDescription,
  move: MoveTime,
  boot: string,
): AsyncGenerator<Recorded> {
  const { start, interval, name, subject, points } = description;
  let message = 0;
  for (const [number, file] of (await filesOf(description)).entries()) {
    const time = (start + number * (interval ?? 0)) as EventTime;
    const { scale, format, channels: wanted = 'all' } = description;
    const read = readSamples(file, { scale, wanted, ...(format === undefined ? {} : { format }) });
    if (read.channels.length !== points.length) {
      const expected = `${points.length} channels, one for each point`;
      const found = `${read.channels.length}: ${read.channels.map((each) => each.name || each.number).join(', ')}`;
      throw wrongRecording({ where: file, expected, found });
    }
    for (const [at, channel] of read.channels.entries()) {
      for (const { payload, length } of waveformsOf(file, channel, move(time), description)) {
        message += 1;
        yield {
          subject: `${subject}.${points[at]}`,
          appended: move(plus((time + length) as EventTime, description.delay)),
          headers: lineage(name, boot, message),
          payload,
        };
      }
    }
  }
}

async function filesOf({ file, interval }: WaveformFilesDescription): Promise<readonly string[]> {
  if (!statSync(file).isDirectory()) return [file];
  const names = (await readdir(file)).filter((name) => !name.startsWith('.')).sort();
  if (names.length > 1 && interval === undefined) {
    const expected = 'interval, from one file to the next';
    throw wrongRecording({ where: file, expected, found: `${names.length} files, and none` });
  }
  return names.map((name) => join(file, name));
}

/** One message, or several parts of a burst that is too long for one. */
function waveformsOf(
  file: string,
  { samples, rate: own, unit: said }: Channel,
  time: EventTime,
  { rate: stated, unit: given, rpm }: WaveformFilesDescription,
) {
  const rate = stated ?? own;
  if (rate === undefined || (own !== undefined && Math.abs(rate / own - 1) > RATE_ERROR)) {
    const expected = own === undefined ? 'rate in the description' : `${own} samples per second`;
    throw wrongRecording({
      where: file,
      expected,
      found: stated === undefined ? 'none' : `${stated}`,
    });
  }
  const unit = given ?? said;
  if (unit === undefined || vibrationUnit(unit) === undefined) {
    const expected = `unit in the description: one of ${VIBRATION_UNITS}`;
    throw wrongRecording({ where: file, expected, found: unit ?? 'none' });
  }
  const length = Math.round((samples.length / rate) * SECOND);
  const count = Math.ceil(samples.length / MOST_SAMPLES);
  return Array.from({ length: count }, (_, part) => {
    const bytes = samples.slice(part * MOST_SAMPLES, (part + 1) * MOST_SAMPLES).buffer;
    // All parts have the time of the burst: that is how they are known to belong together.
    const wire = {
      time: time / 1_000,
      rate,
      unit,
      samples: Buffer.from(bytes),
      ...(rpm === undefined ? {} : { rpm }),
      ...(count === 1 ? {} : { part: [part, count] }),
    };
    return { payload: packr.pack(wire), length };
  });
}
