/** What handlers of routes work with, and the schemas that several of them share. */

import { z } from 'zod';
import type { NotifyConfig } from '../../../sinks/remote/system-config.ts';
import type { Accounts } from '../access/accounts.ts';
import type { Lockout } from '../access/lockout.ts';
import type { SignOnFailure } from '../access/openid.ts';
import type { SessionStore } from '../access/sessions.ts';
import type { SingleSignOn } from '../access/sign-on.ts';
import { isNowhere, isWithinReach, type LineReach, reachesInto } from '../access/visitor.ts';
import type { ActPublisher } from '../acts.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { nameParameter } from '../api/route.ts';
import type { FeedReader } from '../data/feed-reader.ts';
import type { FlowState } from '../data/flow-state.ts';
import type { Photos } from '../data/photos.ts';
import { assetIn, type KnownPlant, type PlantModels } from '../data/plant-models.ts';
import type { Questions } from '../data/questions.ts';
import type { LiveChanges } from '../live.ts';

export type Services = {
  readonly questions: Questions;
  readonly models: PlantModels;
  readonly accounts: Accounts;
  readonly sessions: SessionStore;
  /** Undefined where no provider is configured. */
  readonly signOn: SingleSignOn | undefined;
  /** Somebody did not get in by the provider, or does not get on. */
  readonly onSignOnFailure: (failure: SignOnFailure) => void;
  /** By name, and by address. */
  readonly lockouts: { readonly name: Lockout; readonly address: Lockout };
  readonly live: LiveChanges;
  readonly acts: ActPublisher;
  readonly flow: FlowState;
  readonly photos: Photos;
  readonly feed: FeedReader;
  /** The address of the page, as people open it: empty where nobody has said it. */
  readonly page: string;
  /** The people file; undefined where the configuration of the console names none. */
  readonly people: NotifyConfig | undefined;
};

/** The name behind an opaque id, of an account or in the table of names; empty where none is known. */
export async function personNameOf(
  { accounts, flow }: Pick<Services, 'accounts' | 'flow'>,
  id: string,
): Promise<string> {
  return (await accounts.find(id))?.name ?? (await flow.nameOf(id)) ?? '';
}

/** The id of a request. */
export const requestName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected the id of a request');

export const assetPath = z.object({
  plant: nameParameter,
  line: nameParameter,
  asset: nameParameter,
});

/** Filters of a list by where it is about. */
export const placeQuery = {
  plant: nameParameter.optional().describe('Only of this plant.'),
  line: nameParameter.optional().describe('Only of this line; with plant.'),
  asset: nameParameter.optional().describe('Only of this asset; with plant and line.'),
};

type Place = {
  readonly plant?: string | undefined;
  readonly line?: string | undefined;
  readonly asset?: string | undefined;
};

/** The condition and parameters of `placeQuery`. */
export function atPlace({ plant = '', line = '', asset = '' }: Place, table = '') {
  const of = table === '' ? '' : `${table}.`;
  const condition = (['plant', 'line', 'asset'] as const)
    .map((name) => `({at_${name}:String} = '' OR ${of}${name} = {at_${name}:String})`)
    .join(' AND ');
  return { condition, parameters: { at_plant: plant, at_line: line, at_asset: asset } };
}

/** The plants that somebody sees anything of. */
export async function plantsInSight(
  models: PlantModels,
  reach: LineReach,
): Promise<readonly KnownPlant[]> {
  if (isNowhere(reach)) return [];
  return [...(await models.plants()).values()].filter(({ model }) => reachesInto(reach, model.id));
}

/** A plant by its id. @throws ApiProblem where there is none, or where nothing of it is to be seen */
export async function plantInSight(
  models: PlantModels,
  reach: LineReach,
  plant: string,
): Promise<KnownPlant> {
  const found = (await plantsInSight(models, reach)).find(({ model }) => model.id === plant);
  if (found !== undefined) return found;
  throw new ApiProblem('not-found', `expected a plant, found ${plant}`);
}

/** A plant and asset by their names. @throws ApiProblem where there is none, or where it is not to be seen */
export async function assetInSight(
  models: PlantModels,
  reach: LineReach,
  { plant, line, asset }: { readonly plant: string; readonly line: string; readonly asset: string },
) {
  const known = (await models.plants()).get(plant);
  const found = known === undefined ? undefined : assetIn(known, line, asset);
  const name = `${plant}/${line}/${asset}`;
  if (known === undefined || found === undefined) {
    throw new ApiProblem('not-found', `expected an asset of the plant model, found ${name}`);
  }
  if (!isWithinReach(reach, plant, line)) {
    throw new ApiProblem(
      'forbidden',
      `expected an asset within reach of the account, found ${name}`,
    );
  }
  return { known, asset: found };
}
