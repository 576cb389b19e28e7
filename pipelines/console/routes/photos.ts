/** Photos of machines: taken with a report or a comment, and shown to whoever sees the line of the machine. */

import { z } from 'zod';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, route, SpecialAnswer } from '../api/route.ts';
import { MOST_PHOTO_BYTES, PHOTO_TYPES, type PhotoPlace } from '../data/photos.ts';
import { assetInSight, assetPath, type Services } from './services.ts';

/** The id of a photo, as `keepPhoto` gave it. */
export const photoName = z.string().regex(/^[0-9a-f]{32}$/, 'expected the id of a photo');

const bytesOfBody = z.custom<Buffer>(Buffer.isBuffer, 'expected the bytes of a picture');

export function photoRoutes(services: Services): readonly ApiRoute[] {
  return [keepRoute(services), showRoute(services)];
}

function keepRoute({ models, photos }: Services): ApiRoute {
  return route({
    id: 'keepPhoto',
    method: 'POST',
    path: '/assets/{plant}/{line}/{asset}/photos',
    tag: 'Acts',
    access: 'report',
    summary: `Keeps a photo of the asset, of at most ${MOST_PHOTO_BYTES} bytes: a report or comment may then name it.`,
    pathSchema: assetPath,
    bodyTypes: PHOTO_TYPES,
    mostBytes: MOST_PHOTO_BYTES,
    bodySchema: bytesOfBody,
    answer: z.object({ photo: photoName.describe('The same photo of the same asset is one.') }),
    status: 201,
    async handle({ reach, path, body, visitor }) {
      await assetInSight(models, reach, path);
      if (visitor === undefined) throw new ApiProblem('not-signed-in', 'Sign in.');
      return { photo: await photos.keep(path, body, visitor.id) };
    },
  });
}

function showRoute({ models, photos }: Services): ApiRoute {
  return route({
    id: 'getPhoto',
    method: 'GET',
    path: '/assets/{plant}/{line}/{asset}/photos/{photo}',
    tag: 'Requests',
    access: 'view-plant',
    summary: 'A photo of the asset, for whoever sees its line.',
    pathSchema: assetPath.extend({ photo: photoName }),
    answerTypes: PHOTO_TYPES,
    async handle({ reach, path }) {
      await assetInSight(models, reach, path);
      const found = await photos.find(path, path.photo);
      if (found === undefined) {
        const detail = `expected a photo of the asset, found none with the id ${path.photo}`;
        throw new ApiProblem('not-found', detail);
      }
      return new SpecialAnswer({ body: found.bytes, type: found.type });
    },
  });
}

/** Where the page shows a photo. */
export function photoPath({ plant, line, asset }: PhotoPlace, id: string): string {
  return `/photo/${plant}/${line}/${asset}/${id}`;
}

/** @throws ApiProblem where an act names a photo that is not of its machine */
export async function checkPhoto(
  { photos }: Pick<Services, 'photos'>,
  place: PhotoPlace,
  photo: string | undefined,
): Promise<void> {
  if (photo === undefined || (await photos.find(place, photo)) !== undefined) return;
  const detail = `photo: expected a photo that was kept of this asset, found ${photo}`;
  throw new ApiProblem('bad-request', detail);
}
