/** What people change while the plant runs, under whatever is open then: rules and plant model, one edit after the other. */
import { MODEL, RULES } from './model.ts';

/** What is in force. */
export type Applied = { readonly rules: typeof RULES; readonly model: typeof MODEL };

const EDITS = {
  'another limit': (now) => withDetector(now, 'plain', { above: 70 }),
  'another window': (now) => withDetector(now, 'plain', { window: 'long' }),
  'another severity': (now) => withDetector(now, 'zone', { raise: { severity: 'danger' } }),
  'another learning': (now) => withDetector(now, 'usual', { learn: 25 }),
  'a sooner silence': (now) => withDetector(now, 'gone', { after: '15s' }),
  'events by no code': (now) => withDetector(now, 'guard', { by: undefined }),
  'detectors removed': ({ rules, model }) => {
    const detectors = rules.detectors.filter((_, index) => index % 3 > 0);
    const known = new Set([...detectors, ...rules.patterns].map(({ id }) => id));
    const triggers = rules.triggers.filter(({ on }) => known.has(on) || on.endsWith('-timeout'));
    return { model, rules: { ...rules, detectors, triggers } };
  },
  'patterns reshaped': ({ rules, model }) => {
    const patterns = rules.patterns.map((rule) => ({ ...rule, within: '45s' }));
    return { model, rules: { ...rules, patterns } };
  },
  'windows reshaped': ({ rules, model }) => {
    const windows = rules.windows.map((rule) => {
      return rule.id === 'short' ? { ...rule, size: '4s' } : { ...rule, early: undefined };
    });
    return { model, rules: { ...rules, windows } as typeof RULES };
  },
  'triggers reshaped': ({ rules, model }) => {
    const triggers = rules.triggers.slice(1).map((rule) => ({ ...rule, rearm: '15s' }));
    return { model, rules: { ...rules, triggers } as typeof RULES };
  },
  'no alarm rules': ({ rules, model }) => {
    return { model, rules: { ...rules, alarms: {} } as typeof RULES };
  },
  'workflows reshaped': ({ rules, model }) => {
    const workflows = rules.workflows.map((rule) => {
      return {
        ...rule,
        steps: rule.steps
          .slice(0, 4)
          .map((step) => ({ ...step, escalate: [], otherwise: 'continue' })),
      };
    });
    return { model, rules: { ...rules, workflows } as unknown as typeof RULES };
  },
  'no workflows': ({ rules, model }) => {
    return { model, rules: { ...rules, workflows: [] as unknown as typeof RULES.workflows } };
  },
  'another hold': ({ rules, model }) => {
    return { model, rules: { ...rules, time: { ...rules.time, hold: '12s', idle: '15s' } } };
  },
  'a machine removed': (now) => withAssets(now, (assets) => assets.slice(1)),
  'a signal removed': (now) =>
    withAssets(now, (assets) =>
      assets.map((asset) => {
        const { temperature: _, ...signals } = asset.signals as Record<string, object>;
        return { ...asset, signals };
      }),
    ),
  'a counter that is none': (now) =>
    withAssets(now, (assets) =>
      assets.map((asset) => ({ ...asset, signals: { ...asset.signals, parts: {} } })),
    ),
  'another hold of a machine': (now) =>
    withAssets(now, (assets) => assets.map((asset) => ({ ...asset, hold: '5s' }))),
  'as it was': () => ({ rules: RULES, model: MODEL }),
} satisfies Readonly<Record<string, (now: Applied) => Applied>>;

export type Edit = keyof typeof EDITS;
export const EDIT_NAMES = Object.keys(EDITS) as Edit[];

/** What an edit publishes: one message, since only one of the two changes; the last of all restores both. */
export function edited(now: Applied, edit: Edit): Applied {
  return EDITS[edit](now);
}

function withDetector({ rules, model }: Applied, id: string, change: object): Applied {
  const detectors = rules.detectors.map((rule) => (rule.id === id ? { ...rule, ...change } : rule));
  return { model, rules: { ...rules, detectors } as typeof RULES };
}

type Assets = readonly { readonly signals: object }[];

function withAssets({ rules, model }: Applied, change: (assets: Assets) => Assets): Applied {
  const lines = model.lines.map((line) => ({ ...line, assets: change(line.assets) }));
  return { rules, model: { ...model, lines } as typeof MODEL };
}
