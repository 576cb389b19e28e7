/** The rules: what is in force, since when and by whom, how often each spoke, and another limit tried on what was. */

import { ChosenPlant, type ChosenPlantProps, OtherPlants } from '../parts/chosen-plant.tsx';
import '../style/rules.css';
import type { Answer } from '../api/client.ts';
import { LimitTrial } from '../parts/limit-trial.tsx';
import { RuleCheck } from '../parts/rule-check.tsx';
import { RulePause } from '../parts/rule-pause.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { Table } from '../parts/table.tsx';
import { newestOf, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { place, setQuery } from '../state/route.ts';
import { may } from '../state/session.ts';
import { say } from '../text/pages/rules.ts';
import { clock, moment, number, t } from '../text/text.ts';

type Rules = Answer<'getRules'>;
type Rule = Rules['rules'][number];

export function RulesPage({ plant }: { readonly plant: string }) {
  return (
    <ChosenPlant id={plant}>
      {(chosen) => <OfPlant key={chosen.plant.id} {...chosen} />}
    </ChosenPlant>
  );
}

function OfPlant({ plant, all }: ChosenPlantProps) {
  const rules = useResource('getRules', {
    path: { plant: plant.id },
    tables: ['rules', 'anomalies', 'incidents', 'alarms'],
    pace: 15_000,
  });
  return (
    <>
      <div class="head">
        <h1>{t('rules')}</h1>
        <OtherPlants page="rules" chosen={{ plant, all }} />
      </div>
      <Shown resource={rules.value}>
        {(found) =>
          found.rules.length === 0 ? (
            <Empty title={say('none')} why={say('noneWhy')} />
          ) : (
            <Found rules={found} plant={plant} />
          )
        }
      </Shown>
      {may('check-rules', plant.id, '') ? <RuleCheck plant={plant.id} /> : null}
    </>
  );
}

type Silenced = Answer<'getSilenced'>['silenced'];
type FoundOptions = { readonly rules: Rules; readonly plant: Plant };

function Found({ rules, plant }: FoundOptions) {
  const silenced = useResource('getSilenced', {
    query: { plant: plant.id },
    tables: ['alarms'],
  });
  const tried = rules.rules.find(
    ({ id, family, subjects }) =>
      family === 'detector' && subjects.length > 0 && id === place.value.query.rule,
  );
  const listed = { rules: rules.rules, plant, silenced: silenced.value.data?.silenced ?? [] };
  return (
    <>
      <Changes rules={rules} plant={plant} />
      {rules.never.length === 0 ? null : (
        <section class="card" aria-labelledby="never">
          <h2 id="never">{say('silentRules')}</h2>
          <ul class="plain">
            {rules.never.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </section>
      )}
      {tried === undefined ? null : (
        <LimitTrial key={tried.id} plant={plant.id} zone={plant.time_zone} rule={tried} />
      )}
      <Family {...listed} family="detector" title={say('detectors')} />
      <Family {...listed} family="pattern" title={say('patterns')} />
      <Family {...listed} family="trigger" title={say('triggers')} />
    </>
  );
}

function Changes({ rules: { changes }, plant }: FoundOptions) {
  const [latest, ...before] = changes;
  if (latest === undefined) return null;
  const whoIs = ({ who, name }: Rules['changes'][number]) => {
    if (who === '') return say('nobody');
    return name === '' ? `${say('somebody')} (${who})` : name;
  };
  const zone = plant.time_zone;
  return (
    <section class="card" aria-label={say('changes')}>
      <p>
        {say('inForce', { time: moment(latest.time, zone), who: whoIs(latest) })}{' '}
        <span class="quiet">{latest.change}</span>
      </p>
      {before.length === 0 ? null : (
        <details>
          <summary>{say('changes')}</summary>
          <ul class="plain">
            {before.map((each) => (
              <li key={each.sequence}>
                {moment(each.time, zone)}, {whoIs(each)} <span class="quiet">{each.change}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

type FamilyOptions = {
  readonly rules: readonly Rule[];
  readonly plant: Plant;
  readonly silenced: Silenced;
  readonly family: Rule['family'];
  readonly title: string;
};

function Family({ rules, plant, silenced, family, title }: FamilyOptions) {
  const rows = rules.filter((each) => each.family === family);
  if (rows.length === 0) return null;
  const now = newestOf(plant);
  const isTrigger = family === 'trigger';
  return (
    <section aria-labelledby={family}>
      <h2 id={family}>{title}</h2>
      <Table
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          {
            name: say('rule'),
            cell: ({ id, kind }) => (
              <>
                {id} <span class="quiet">{kind}</span>
              </>
            ),
          },
          { name: say('about'), cell: ({ about }) => <span class="break">{about}</span> },
          ...(isTrigger
            ? []
            : [
                { name: say('raised'), cell: ({ raised }: Rule) => number(raised) },
                {
                  name: say('latest'),
                  cell: ({ latest }: Rule) =>
                    latest === null ? say('never') : clock(latest, plant.time_zone, now),
                },
                {
                  name: say('right'),
                  cell: ({ answers, precision }: Rule) =>
                    precision === null
                      ? say('noAnswers')
                      : say('ofAnswers', { share: number(precision * 100), count: answers }),
                },
              ]),
          {
            name: say('definition'),
            cell: (rule) => (
              <>
                {family === 'detector' ? (
                  <RulePause {...{ plant, silenced, rule: rule.id }} />
                ) : null}
                <Definition rule={rule} />
              </>
            ),
          },
        ]}
      />
    </section>
  );
}

function Definition({ rule }: { readonly rule: Rule }) {
  const { id, subjects, definition } = rule;
  const tries = () => {
    setQuery({ rule: id, subject: undefined });
    scrollTo({ top: 0 });
  };
  return (
    <>
      {subjects.length === 0 ? null : (
        <button type="button" class="button" onClick={tries}>
          {say('limitOf')}
        </button>
      )}
      <details>
        <summary>{say('definition')}</summary>
        <pre>{JSON.stringify(definition, null, 2)}</pre>
      </details>
    </>
  );
}
