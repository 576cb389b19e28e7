import type { Waveform } from '../../operators/model/decoded.ts';
import type { Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import type { Block } from '../sink.ts';
import {
  constant,
  float32Arrays,
  lowCardinality,
  nullable,
  numbers,
  times,
} from './native/columns.ts';
import { createDictionary } from './native/dictionary.ts';
import { nativeBlock } from './native/native.ts';

type Entry = {
  readonly waveform: Waveform;
  readonly sequence: Sequence;
  readonly appended: EventTime;
};

/** The `waveforms` of one epoch, with their samples. */
export interface WaveformsBlock {
  readonly rows: number;
  /** About how many bytes the block will have. */
  readonly bytes: number;
  append(waveform: Waveform, sequence: Sequence, appended: EventTime): void;
  /** The block, or undefined if there is no row. Empties the builder. */
  finish(stream: string, run: string): Block | undefined;
}

/** Makes a builder of `waveforms` blocks. It holds the waveforms, so their samples must not change until `finish`. */
export function createWaveformsBlock(): WaveformsBlock {
  let entries: Entry[] = [];
  let bytes = 0;
  return {
    get rows() {
      return entries.length;
    },
    get bytes() {
      return bytes;
    },
    append(waveform, sequence, appended) {
      entries.push({ waveform, sequence, appended });
      bytes += waveform.samples.byteLength + 64;
    },
    finish(stream, run) {
      if (entries.length === 0) return undefined;
      const data = encode(entries, stream, run);
      const block = { table: 'waveforms', format: 'Native', rows: entries.length, data } as const;
      entries = [];
      bytes = 0;
      return block;
    },
  };
}

function encode(entries: readonly Entry[], stream: string, run: string): Uint8Array {
  const rows = entries.length;
  const text = (name: string, of: (waveform: Waveform) => string) => {
    const dictionary = createDictionary();
    const indexes = Uint32Array.from(entries, ({ waveform }) => dictionary.indexOf(of(waveform)));
    return lowCardinality(name, dictionary.keys, indexes);
  };
  const token = (part: number) => (waveform: Waveform) => waveform.asset.split('/')[part] ?? '';
  const rpm = Float64Array.from(entries, ({ waveform }) => waveform.rpm ?? 0);
  const noRpm = Uint8Array.from(entries, ({ waveform }) => (waveform.rpm === undefined ? 1 : 0));
  return nativeBlock([
    constant('stream', stream, rows),
    constant('run', run, rows),
    numbers(
      'sequence',
      BigUint64Array.from(entries, ({ sequence }) => BigInt(sequence)),
    ),
    times(
      'appended',
      Float64Array.from(entries, ({ appended }) => appended),
    ),
    text('plant', token(0)),
    text('line', token(1)),
    text('asset', token(2)),
    text('point', (waveform) => waveform.point),
    times(
      'time',
      Float64Array.from(entries, ({ waveform }) => waveform.time),
    ),
    numbers(
      'rate',
      Float64Array.from(entries, ({ waveform }) => waveform.rate),
    ),
    text('unit', (waveform) => waveform.unit),
    nullable(numbers('rpm', rpm), noRpm),
    numbers(
      'part',
      Uint16Array.from(entries, ({ waveform }) => waveform.part?.[0] ?? 0),
    ),
    numbers(
      'parts',
      Uint16Array.from(entries, ({ waveform }) => waveform.part?.[1] ?? 1),
    ),
    float32Arrays(
      'samples',
      entries.map(({ waveform }) => waveform.samples),
    ),
  ]);
}
