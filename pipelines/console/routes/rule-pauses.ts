/** A rule is paused by shelving its alarms at each machine that it is about: so it has a reason, an end, and who did it. */

import { z } from 'zod';
import { isAboutAsset } from '../../../operators/detect/compile.ts';
import { identity } from '../../../operators/model/canonical.ts';
import { assetKey } from '../../../operators/model/key.ts';
import { isWithinReach, type LineReach } from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import {
  type ApiRoute,
  type Asked,
  nameParameter,
  parameterMilliseconds,
  route,
  timeParameter,
} from '../api/route.ts';
import { ACT_HEADERS, actKeyOf } from './act-routes.ts';
import { plantInSight, type Services } from './services.ts';

const rulePath = z.object({
  plant: nameParameter,
  rule: nameParameter.describe('A detector of the rules in force.'),
});
const pauseBody = z.strictObject({
  until: timeParameter,
  reason: z.string().min(3).max(1_000).describe('Why, in words.'),
});
const endBody = z.strictObject({ reason: z.string().max(1_000).optional() });

const pausedSchema = z.object({
  assets: z
    .array(z.object({ line: z.string(), asset: z.string() }))
    .describe('Where it is so from now on: at each an act is in the log.'),
});

export function rulePauseRoutes(services: Services): readonly ApiRoute[] {
  const about = {
    method: 'POST',
    tag: 'Acts',
    access: 'shelve-alarms',
    headers: ACT_HEADERS,
    pathSchema: rulePath,
    answer: pausedSchema,
    status: 202,
  } as const;
  return [
    route({
      ...about,
      id: 'pauseRule',
      path: '/plants/{plant}/rules/{rule}/pauses',
      summary:
        'Pauses a detector until a time: its alarms are shelved at each of its assets within reach of the account.',
      bodySchema: pauseBody,
      handle: (asked) => {
        const { until, reason } = asked.body;
        const data = { until: parameterMilliseconds(until), reason };
        return actAtAssets(services, asked, 'shelved', data);
      },
    }),
    route({
      ...about,
      id: 'resumeRule',
      path: '/plants/{plant}/rules/{rule}/pauses/end',
      summary: 'Ends the pause of a detector before its time.',
      bodySchema: endBody,
      handle: (asked) => {
        const { reason = '' } = asked.body;
        return actAtAssets(services, asked, 'unshelved', reason === '' ? {} : { reason });
      },
    }),
  ];
}

type AskedOfRule = Pick<
  Asked<z.output<typeof rulePath>, never, never>,
  'path' | 'reach' | 'header' | 'visitor'
>;

/** Acts that are on their way into the log at a time. */
const AT_ONCE = 50;

/** What is sent again with the same key is the same acts, also where the first time broke off among them. */
async function actAtAssets(
  services: Services,
  asked: AskedOfRule,
  type: string,
  more: Readonly<Record<string, string | number>>,
): Promise<z.output<typeof pausedSchema>> {
  const { visitor, path } = asked;
  const key = actKeyOf(asked);
  if (visitor === undefined) throw new ApiProblem('not-signed-in', 'Sign in.');
  const assets = await assetsOfRule(services, asked.reach, path);
  const data = { rule: path.rule, ...more };
  for (let at = 0; at < assets.length; at += AT_ONCE) {
    await Promise.all(
      assets.slice(at, at + AT_ONCE).map(({ line, asset }) =>
        services.acts.publish({
          ...{ plant: path.plant, line, asset, user: visitor.id, type, data },
          key: identity([key, line, asset]),
        }),
      ),
    );
  }
  return { assets };
}

async function assetsOfRule(
  { models }: Services,
  reach: LineReach,
  { plant, rule }: z.output<typeof rulePath>,
): Promise<z.output<typeof pausedSchema>['assets']> {
  const { model, rules } = await plantInSight(models, reach, plant);
  const detector = rules?.detectors.find(({ id }) => id === rule);
  if (detector === undefined) {
    throw new ApiProblem('not-found', `expected a detector of the rules in force, found ${rule}`);
  }
  return model.lines
    .filter(({ id }) => isWithinReach(reach, plant, id))
    .flatMap((line) =>
      line.assets
        .filter((asset) => isAboutAsset(detector, assetKey(plant, line.id, asset.id), asset))
        .map(({ id: asset }) => ({ line: line.id, asset })),
    );
}
