import type { Event, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type Decoded, type Tick, weightOf } from '../model/decoded.ts';
import type { Frame } from '../model/frame.ts';
import { assetOf, type Knowledge, learn, nothingKnown } from '../model/knowledge.ts';
import type { Asset } from '../model/plant-model.ts';
import { isRepeat, noRepeats, type Repeats } from './repeats.ts';

// A source that fails over between gateways has two producers; more than a few are reboots of the same one.
const MOST_PRODUCERS = 4;

type State = { producers: [name: string, repeats: Repeats][] };

/**
 * Holds each message against the plant model: unknown assets and repeated messages go to `dead_letters`; signals that the
 * model does not have are marked `unknown`, counted, and still land.
 */
export function validate(states: States): Stage<Decoded, Decoded> {
  return keyed<State, Knowledge, Decoded, Decoded>(
    {
      id: 'recognise' as StageId,
      version: 1,
      scope: 'source',
      open: () => ({ producers: [] }),
      openShared: nothingKnown,
      onChange: (knowledge, change) => learn(knowledge, change.value),
      onEvent(state, event, knowledge, out) {
        const { value } = event;
        if (value.kind === 'tick') {
          pass(event, value, out);
          return;
        }
        const { identity, sequence } = value.origin;
        const place = `message ${sequence}`;
        const asset = assetOf(knowledge, value.asset);
        if (asset === undefined) {
          const detail = `the plant model has no asset ${value.asset}`;
          out.deadLetter('unknown', detail, place, weightOf(value));
          // Nothing is remembered of subjects that anybody can make up.
          out.close();
          return;
        }
        if (identity !== undefined && wasSeen(state, identity.producer, identity.mark)) {
          const detail = 'the same message was seen before on this subject';
          out.deadLetter('duplicate', detail, place, weightOf(value));
          return;
        }
        pass(event, value.kind === 'frame' ? known(value, asset, out) : value, out);
        if (value.kind === 'waveform' && !asset.points.some(({ id }) => id === value.point)) {
          out.deadLetter('unknown', `the asset has no point ${value.point}`, place);
        }
      },
    },
    states,
  );
}

function pass(event: Event<Decoded>, value: Decoded | Tick, out: Out<Decoded>): void {
  out.emit(value, { time: event.time });
}

function wasSeen(state: State, producer: string, mark: number): boolean {
  const known = state.producers.find(([name]) => name === producer);
  if (known !== undefined) return isRepeat(known[1], mark, producer !== '');
  const repeats = noRepeats();
  state.producers.push([producer, repeats]);
  if (state.producers.length > MOST_PRODUCERS) state.producers.shift();
  return isRepeat(repeats, mark, producer !== '');
}

/** What a machine sent last, and what of it its model does not have. Derived, so no state. */
type Checked = { readonly signals: readonly string[]; readonly unknown: readonly string[] };
const checked = new WeakMap<Asset, Checked>();

function known(frame: Frame, asset: Asset, out: Out<Decoded>): Frame {
  const unknown = [...unknownOf(frame.signals, asset)];
  for (const { signal } of frame.texts) {
    if (!Object.hasOwn(asset.signals, signal)) unknown.push(signal);
  }
  if (unknown.length === 0) return frame;
  const count = unknown.length * frame.times.length;
  const detail = `the asset has no signal ${unknown.slice(0, 5).join(', ')}`;
  out.deadLetter('unknown', detail, `message ${frame.origin.sequence}`, count);
  return { ...frame, unknown };
}

/** Frames of a machine repeat their signals, and share the list then. */
function unknownOf(signals: readonly string[], asset: Asset): readonly string[] {
  const last = checked.get(asset);
  if (last?.signals === signals) return last.unknown;
  const unknown = signals.filter((signal) => !Object.hasOwn(asset.signals, signal));
  checked.set(asset, { signals, unknown });
  return unknown;
}
