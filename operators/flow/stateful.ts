import type { Plain } from '../model/plain.ts';
import type { Flow, Stage, StageId } from './flow.ts';
import { stage } from './stage.ts';
import type { States } from './states.ts';

/** A stage with one state for the whole partition, which may also make marks of its own. Only the flow itself needs this. */
export function stateful<S extends Plain, I, O>(
  logic: {
    readonly id: StageId;
    readonly version: number;
    open(): S;
    /** Handles one item and passes on, through `emit`, whatever shall go on, the item itself included. */
    handle(
      state: S,
      item: Exclude<Flow<I>, { kind: 'barrier' }>,
      emit: (item: Flow<O>) => void,
    ): void;
  },
  states: States,
): Stage<I, O> {
  const { id, version } = logic;
  return stage((emit) => {
    const restored = states.restore(id);
    if (restored !== undefined && restored.version !== version) {
      throw new Error(
        `stage ${id}: state of version ${restored.version}, code of version ${version}`,
      );
    }
    const state = restored === undefined ? logic.open() : (restored.shared as S);
    return (item) => {
      if (item.kind !== 'barrier') {
        logic.handle(state, item, emit);
        return;
      }
      states.save(id, () => ({
        head: { version, timers: [], clocks: [] },
        shared: state,
        more: () => false,
      }));
      emit(item);
    };
  });
}
