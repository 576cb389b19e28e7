import type { Dictionary } from './native/dictionary.ts';

type Shape = { readonly signals: readonly string[]; readonly indexes: Uint32Array; epoch: number };

/** Shapes that are remembered for one asset: devices that send a few kinds of frames in turn. */
const SHAPES = 8;

/** Finds the dictionary indexes of a frame's signals without looking each of them up: frames repeat their signals. */
export interface SignalShapes {
  indexesOf(asset: string, signals: readonly string[]): Uint32Array;
  /** Forgets the indexes, but not the shapes: the dictionary begins anew. */
  clear(): void;
}

export function createSignalShapes(dictionary: Dictionary): SignalShapes {
  const shapes = new Map<string, Shape[]>();
  let epoch = 0;

  function shapeOf(asset: string, signals: readonly string[]): Shape {
    let known = shapes.get(asset);
    if (known === undefined) {
      known = [];
      shapes.set(asset, known);
    }
    const found = known.find((shape) => same(shape.signals, signals));
    if (found !== undefined) return found;
    const shape = { signals, indexes: new Uint32Array(signals.length), epoch: -1 };
    if (known.length >= SHAPES) known.shift();
    known.push(shape);
    return shape;
  }

  return {
    indexesOf(asset, signals) {
      const shape = shapeOf(asset, signals);
      if (shape.epoch !== epoch) {
        for (let s = 0; s < signals.length; s += 1) {
          shape.indexes[s] = dictionary.indexOf(signals[s] ?? '');
        }
        shape.epoch = epoch;
      }
      return shape.indexes;
    },
    clear() {
      epoch += 1;
    },
  };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) {
    if (a[index] !== b[index]) return false;
  }
  return true;
}
