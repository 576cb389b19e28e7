/** The plant models and rules in force, as the log has them: names, time zones, units and limits are nowhere else. */

import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import {
  type Asset,
  type PlantModel,
  plantModelSchema,
} from '../../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../../operators/model/rules.ts';
import { streamManager, subjectIn } from '../../nats/jetstream.ts';
import { findStream, logStream, partitionPrefix } from '../../nats/streams.ts';

export type KnownPlant = { readonly model: PlantModel; readonly rules: Rules | undefined };

export interface PlantModels {
  /** By the id of the plant, in the order of their ids. */
  plants(): Promise<ReadonlyMap<string, KnownPlant>>;
  /** A change was seen: the next question reads anew. */
  forget(): void;
}

/** Milliseconds after which the log is looked at again, whatever was announced. */
const GOOD_FOR = 30_000;

export function createPlantModels(connection: NatsConnection, partitions: number): PlantModels {
  let known: { readonly at: number; readonly plants: Promise<Map<string, KnownPlant>> } | undefined;
  return {
    plants() {
      if (known !== undefined && performance.now() - known.at < GOOD_FOR) return known.plants;
      const before = known?.plants;
      const plants = readPlants(connection, partitions).catch((error: unknown) => {
        // The log is away: what was true before is better than nothing.
        if (before !== undefined) return before;
        known = undefined;
        throw error;
      });
      known = { at: performance.now(), plants };
      return plants;
    },
    forget() {
      if (known !== undefined) known = { ...known, at: Number.NEGATIVE_INFINITY };
    },
  };
}

async function readPlants(
  connection: NatsConnection,
  partitions: number,
): Promise<Map<string, KnownPlant>> {
  const found = new Map<
    string,
    { sequence: number; model: PlantModel; rules: Rules | undefined }
  >();
  for (let partition = 0; partition < partitions; partition += 1) {
    const stream = logStream(connection, partition);
    for (const [subject, plant] of await subjectsOf(connection, stream, partition, 'model')) {
      const latest = await lastOf(connection, stream, subject, plantModelSchema);
      if (latest === undefined || latest.sequence < (found.get(plant)?.sequence ?? 0)) continue;
      const beside = subject.replace(/model\.([^.]*)$/, 'rules.$1');
      const rules = await lastOf(connection, stream, beside, rulesSchema);
      found.set(plant, { sequence: latest.sequence, model: latest.value, rules: rules?.value });
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Subjects of one kind in a partition's stream, plainly published and by the partition, with their plants. */
async function subjectsOf(
  connection: NatsConnection,
  stream: string,
  partition: number,
  kind: string,
): Promise<readonly (readonly [subject: string, plant: string])[]> {
  if ((await findStream(connection, stream)) === undefined) return [];
  const { streams } = await streamManager(connection);
  const all: [string, string][] = [];
  for (const prefix of ['', partitionPrefix(partition)]) {
    const subjects_filter = subjectIn(connection, `${prefix}${kind}.*`);
    const { state } = await streams.info(stream, { subjects_filter });
    for (const subject of Object.keys(state.subjects ?? {})) {
      all.push([subject, subject.slice(subject.lastIndexOf('.') + 1)]);
    }
  }
  return all;
}

async function lastOf<T extends z.ZodType>(
  connection: NatsConnection,
  stream: string,
  subject: string,
  schema: T,
): Promise<{ readonly sequence: number; readonly value: z.output<T> } | undefined> {
  const { streams } = await streamManager(connection);
  const stored = await streams.getMessage(stream, { last_by_subj: subject });
  if (stored === null) return undefined;
  // What cannot be read became a dead letter, and is not in force.
  const parsed = schema.safeParse(readJson(stored.data));
  return parsed.success ? { sequence: stored.seq, value: parsed.data } : undefined;
}

function readJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}

/** An asset of a model; undefined if it has none of this name. */
export function assetIn({ model }: KnownPlant, line: string, asset: string): Asset | undefined {
  return model.lines.find(({ id }) => id === line)?.assets.find(({ id }) => id === asset);
}
