/** A detector's values against its limit, and a slider that shows what another limit would have raised. */

import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Answer } from '../api/client.ts';
import { useResource } from '../state/resource.ts';
import { place, setQuery } from '../state/route.ts';
import { say } from '../text/pages/rules.ts';
import { hours, number, quantity } from '../text/text.ts';
import { Chart } from './chart.tsx';
import { Field } from './dialog.tsx';
import { Fact } from './marks.tsx';
import { Empty, Shown } from './shown.tsx';

type Rule = Answer<'getRules'>['rules'][number];
type Subject = Rule['subjects'][number];
type Trace = Answer<'getRuleTrace'>;

const DAYS = [7, 28, 91] as const;
const POINTS = 800;

function subjectKey({ line, asset, signal, point }: Subject): string {
  return [line, asset, signal, point].join('/');
}

type TrialOptions = { readonly plant: string; readonly zone: string; readonly rule: Rule };

export function LimitTrial({ plant, zone, rule }: TrialOptions) {
  const { subject: wanted = '', days: asked = '28' } = place.value.query;
  const subject = rule.subjects.find((each) => subjectKey(each) === wanted) ?? rule.subjects[0];
  const days = DAYS.find((each) => String(each) === asked) ?? 28;
  if (subject === undefined) return null;
  return (
    <section class="card" aria-label={say('limitOf')}>
      <h2>
        {say('limitOf')}: {rule.id}
      </h2>
      <div class="row filters">
        <Field name={say('subject')}>
          {(id) => (
            <select
              id={id}
              value={subjectKey(subject)}
              onChange={(event) => setQuery({ subject: event.currentTarget.value })}
            >
              {rule.subjects.map((each) => (
                <option key={subjectKey(each)} value={subjectKey(each)}>
                  {[each.asset, each.signal, each.point].filter((part) => part !== '').join(' · ')}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field name={say('days')}>
          {(id) => (
            <select
              id={id}
              value={String(days)}
              onChange={(event) => setQuery({ days: event.currentTarget.value })}
            >
              {DAYS.map((each) => (
                <option key={each} value={String(each)}>
                  {each}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <Tried key={`${subjectKey(subject)} ${days}`} {...{ plant, zone, rule, subject, days }} />
    </section>
  );
}

type TriedOptions = TrialOptions & { readonly subject: Subject; readonly days: number };

function Tried({ plant, zone, rule, subject, days }: TriedOptions) {
  const { line, asset, signal, point } = subject;
  const trace = useResource('getRuleTrace', {
    path: { plant, line, asset, rule: rule.id },
    query: { signal, days, points: POINTS, ...(point === '' ? {} : { point }) },
    tables: ['rules'],
    pace: 60_000,
  });
  return (
    <Shown resource={trace.value}>
      {(found) =>
        found.values === 0 ? (
          <Empty title={say('noValues')} />
        ) : (
          <Slider trace={found} zone={zone} />
        )
      }
    </Shown>
  );
}

function Slider({ trace, zone }: { readonly trace: Trace; readonly zone: string }) {
  const { limits, limit, side, series, values, failures, left_out: left } = trace;
  const inForce = limits.findIndex((each) => each.limit === limit);
  const chosen = useSignal(inForce);
  const outcome = limits[chosen.value] ?? limits[inForce];
  const shown = outcome?.limit ?? limit;
  const points = useMemo(
    () => ({
      ...series,
      limits: [{ rule: trace.rule, kind: side, value: shown, of: '', severity: '' }],
    }),
    [series, shown],
  );
  if (outcome === undefined) return null;
  const text = `${say(side)} ${quantity(shown, series.unit)}${shown === limit ? ` (${say('now')})` : ''}`;
  return (
    <>
      <Chart points={points} zone={zone} title={`${series.signal}: ${text}`} />
      <Field name={say('slider', { limit: text })}>
        {(id) => (
          <input
            id={id}
            type="range"
            class="slider"
            min={0}
            max={limits.length - 1}
            step={1}
            value={chosen.value}
            aria-valuetext={text}
            onInput={(event) => (chosen.value = Number(event.currentTarget.value))}
          />
        )}
      </Field>
      <dl class="facts-row" aria-live="polite">
        <Fact name={say('alarms')}>{outcome.alarms}</Fact>
        <Fact name={say('perMonth')}>{number(outcome.per_month)}</Fact>
        <Fact name={say('warned')}>
          {failures.length === 0
            ? say('noFailures')
            : say('warnedOf', { count: outcome.warned, all: failures.length })}
        </Fact>
        <Fact name={say('lead')}>
          {outcome.lead_hours === null ? say('noLead') : hours(outcome.lead_hours)}
        </Fact>
      </dl>
      <p class="quiet">
        {say('tried', { count: number(values) })}
        {left.length === 0 ? '' : ` ${say('leftOut', { what: left.join(', ') })}`}
      </p>
    </>
  );
}
