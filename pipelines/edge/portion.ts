/** Readings of a payload that one message of each asset holds. */

import {
  addValue,
  type Keep,
  type MappedMessage,
  type PartMessage,
  type TelemetryRow,
} from './edge-message.ts';
import { MOST_READINGS, type TagQuality, type TagReading, type TagValue } from './tag-reading.ts';

/** Cells (names times times) of what becomes one message: beyond it the message would be mostly empty. */
const MOST_CELLS = 20_000;

/**
 * Of two values of a signal at one time one would hide the other, so they are in two portions. What is in which depends on
 * nothing but the payload: ids are made of it.
 */
export class Portion {
  readonly #contents = new Map<string, AssetContent>();
  /** Of machines that are not in `assets`. */
  readonly #unknown = new Map<string, TagReading[]>();
  readonly #names = new Set<string>();
  readonly #cells = new Map<number, Set<string>>();

  /** Takes the cell of a message; false where there is no place for it. */
  place(cell: string, time: number): boolean {
    let cells = this.#cells.get(time);
    if (cells === undefined) {
      cells = new Set();
      this.#cells.set(time, cells);
    }
    if (cells.has(cell)) return false;
    cells.add(cell);
    this.#names.add(cell);
    const { size } = this.#names;
    return size <= MOST_READINGS && size * this.#cells.size <= MOST_CELLS;
  }

  contentOf(asset: string, stays: boolean): AssetContent {
    const key = stays ? `${asset} stays` : asset;
    const known = this.#contents.get(key);
    if (known !== undefined) return known;
    const made = new AssetContent(asset, stays);
    this.#contents.set(key, made);
    return made;
  }

  /** With the names that the rule gives it. */
  keep(machine: string, tag: string, time: number, { value, quality, unit }: TagReading): void {
    const list = this.#unknown.get(machine) ?? [];
    this.#unknown.set(machine, list);
    list.push({ labels: { machine, tag }, time, value, quality, unit });
  }

  /** From 0. */
  messages(portion: number, keep: Keep | undefined): readonly MappedMessage[] {
    const all: MappedMessage[] = [];
    for (const content of this.#contents.values()) all.push(...content.messages());
    if (keep !== undefined) for (const each of this.#unknown) all.push(keep(...each));
    return portion === 0 ? all : all.map((each) => ({ ...each, portion }));
  }
}

/** What one message says of one asset, and what goes beside it. `stays`: none of it leaves the plant. */
export class AssetContent {
  readonly #rows = new Map<number, TelemetryRow>();
  readonly #asset: string;
  readonly #stays: boolean;
  /** Events and waveforms. */
  readonly others: PartMessage[] = [];

  constructor(asset: string, stays: boolean) {
    this.#asset = asset;
    this.#stays = stays;
  }

  add(time: number, name: string, value: TagValue, quality: TagQuality): void {
    let row = this.#rows.get(time);
    if (row === undefined) {
      row = { time, names: [], values: [] };
      this.#rows.set(time, row);
    }
    addValue(row, name, value, quality);
  }

  messages(): readonly MappedMessage[] {
    const rows = [...this.#rows.values()].sort((a, b) => a.time - b.time);
    const telemetry = { subject: `telemetry.${this.#asset}`, rows };
    const all = rows.length === 0 ? this.others : [telemetry, ...this.others];
    return this.#stays ? all.map((each) => ({ ...each, stays: true as const })) : all;
  }
}
