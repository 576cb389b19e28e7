import { BAD, type Frame, GOOD, QUALITIES, type TextColumn } from '../model/decoded.ts';
import { malformed, recordOf } from './payload.ts';

const WORDS: readonly string[] = QUALITIES;
const EXPECTED = `a quality (${WORDS.join(', ')})`;

/** One code for all samples, or one for each. */
type Codes = number | Uint8Array;

/**
 * A frame with the quality of its values, and without the bad ones. `quality` is one word for the whole message, or by signal
 * one word, a word per sample (null: good), or a byte per sample with the code.
 *
 * @throws MalformedError for any other word: taken for good it would be believed, taken for bad it would be lost
 */
export function applyQuality(
  frame: Frame,
  quality: unknown,
): { readonly frame: Frame; readonly bad: number } {
  const count = frame.times.length;
  const ofAll = typeof quality === 'string' ? codeOf(quality) : undefined;
  const bySignal = ofAll === undefined ? recordOf(quality, `${EXPECTED} by signal`) : {};
  const codesOf = (signal: string): Codes =>
    ofAll ?? (Object.hasOwn(bySignal, signal) ? codesIn(bySignal[signal], count) : GOOD);
  const codes = new Uint8Array(frame.values.length);
  frame.signals.forEach((signal, position) => {
    spread(codesOf(signal), codes.subarray(position * count, (position + 1) * count));
  });
  const numbers = dropBadNumbers(frame.values, codes);
  let bad = numbers.bad;
  const texts: TextColumn[] = [];
  for (const column of frame.texts) {
    const rated = rateTexts(column, spread(codesOf(column.signal), new Uint8Array(count)));
    bad += rated.bad;
    if (rated.column !== undefined) texts.push(rated.column);
  }
  const rated = { ...frame, texts };
  return { frame: numbers.allGood ? rated : { ...rated, quality: codes }, bad };
}

function spread(codes: Codes, into: Uint8Array): Uint8Array {
  if (typeof codes === 'number') into.fill(codes);
  else into.set(codes);
  return into;
}

/** Takes the bad values out; what has no value has no quality either. */
function dropBadNumbers(
  values: Float64Array,
  codes: Uint8Array,
): { readonly bad: number; readonly allGood: boolean } {
  let bad = 0;
  let allGood = true;
  for (let at = 0; at < values.length; at += 1) {
    const code = codes[at] ?? GOOD;
    if (code === GOOD) continue;
    const absent = Number.isNaN(values[at]);
    if (code === BAD && !absent) bad += 1;
    if (code === BAD) values[at] = Number.NaN;
    if (code === BAD || absent) codes[at] = GOOD;
    else allGood = false;
  }
  return { bad, allGood };
}

function rateTexts(
  { signal, values }: TextColumn,
  quality: Uint8Array,
): { readonly bad: number; readonly column?: TextColumn } {
  if (quality.every((code) => code === GOOD)) return { bad: 0, column: { signal, values } };
  let bad = 0;
  const rated = values.map((value, index) => {
    if (value === null || quality[index] !== BAD) return value;
    bad += 1;
    return null;
  });
  if (rated.every((value) => value === null)) return { bad };
  return { bad, column: { signal, values: rated, quality } };
}

function codesIn(quality: unknown, count: number): Codes {
  if (quality === undefined || quality === null) return GOOD;
  if (typeof quality === 'string') return codeOf(quality);
  if (Array.isArray(quality) && quality.length === count) {
    return Uint8Array.from(quality, (word: unknown) => (word === null ? GOOD : codeOf(word)));
  }
  const isBytes = quality instanceof Uint8Array && quality.length === count;
  if (isBytes && quality.every((code) => code <= BAD)) return quality;
  throw malformed(`${EXPECTED}, or a list or bytes of ${count}`, quality);
}

function codeOf(word: unknown): number {
  const code = typeof word === 'string' ? WORDS.indexOf(word) : -1;
  if (code < 0) throw malformed(EXPECTED, word);
  return code;
}
