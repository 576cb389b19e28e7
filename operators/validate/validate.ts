import type { Event, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type Decoded, type Tick, weightOf } from '../model/decoded.ts';
import { assetOf } from '../model/knowledge.ts';
import type { Counters } from './counters.ts';
import { isRepeated, noMessages, type SeenMessages } from './repeats.ts';
import { checkFrame } from './values.ts';

type State = { readonly seen: SeenMessages; readonly counters: Counters };

/**
 * Checks each message against the plant model: unknown assets and repeated messages go to `dead_letters`; signals that the
 * model does not have are marked `unknown`, counted, and still land; values are what the model declares of their signals.
 */
export function validate(states: States): Stage<Decoded, Decoded> {
  return keyed<State, Decoded, Decoded>(
    {
      id: 'validate' as StageId,
      version: 1,
      scope: 'source',
      open: () => ({ seen: noMessages(), counters: {} }),
      onEvent(state, event, knowledge, out) {
        const { value } = event;
        if (value.kind === 'tick') {
          pass(event, value, out);
          return;
        }
        const { identity, sequence } = value.origin;
        const original = `message ${sequence}`;
        const asset = assetOf(knowledge, value.asset);
        if (asset === undefined) {
          const detail = `the plant model has no asset ${value.asset}`;
          out.deadLetter('unknown', detail, original, weightOf(value));
          // No state is kept for subjects that anybody can make up.
          out.close();
          return;
        }
        if (identity !== undefined && isRepeated(state.seen, identity)) {
          const detail = 'the same message was seen before on this subject';
          out.deadLetter('duplicate', detail, original, weightOf(value));
          return;
        }
        const checked =
          value.kind === 'frame' ? checkFrame(value, asset, state.counters, out) : value;
        pass(event, checked, out);
        if (value.kind === 'waveform' && !asset.points.some(({ id }) => id === value.point)) {
          out.deadLetter('unknown', `the asset has no point ${value.point}`, original);
        }
      },
    },
    states,
  );
}

function pass(event: Event<Decoded>, value: Decoded | Tick, out: Out<Decoded>): void {
  out.emit(value, { time: event.time });
}
