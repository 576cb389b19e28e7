import { malformed } from '../model/decoded.ts';
import type { ChangeValue } from '../model/knowledge.ts';
import { plantModelSchema } from '../model/plant-model.ts';
import { rulesSchema } from '../model/rules.ts';
import { scheduleMessageSchema } from '../model/schedule.ts';
import { firstIssue } from './machine-event.ts';
import type { Route } from './subject.ts';

type ChangeRoute = Extract<Route, { kind: 'model' | 'rules' | 'schedule' }>;

/**
 * Reads what changes the pipeline itself. `id` is the change id of its publisher.
 *
 * @throws MalformedError: what was applied by `andon apply` was checked there, so this is somebody else's publisher
 */
export function decodeChange(payload: unknown, route: ChangeRoute, id: string): ChangeValue {
  switch (route.kind) {
    case 'model': {
      const parsed = plantModelSchema.safeParse(payload);
      if (!parsed.success) throw malformed('a plant model', firstIssue(parsed.error));
      if (parsed.data.id !== route.plant)
        throw malformed(`the model of ${route.plant}`, parsed.data.id);
      return { kind: 'model', id, model: parsed.data };
    }
    case 'rules': {
      const parsed = rulesSchema.safeParse(payload);
      if (!parsed.success) throw malformed('rules', firstIssue(parsed.error));
      return { kind: 'rules', id, plant: route.plant, rules: parsed.data };
    }
    case 'schedule': {
      const parsed = scheduleMessageSchema.safeParse(payload);
      if (!parsed.success) throw malformed('a schedule {entries}', firstIssue(parsed.error));
      return { kind: 'schedule', line: route.line, entries: parsed.data.entries };
    }
  }
}
