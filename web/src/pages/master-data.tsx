/** Master data of a plant: its systems, what is wrong in them, what things are called there; and how objectives were kept. */

import type { Answer } from '../api/client.ts';
import { ChosenPlant, type ChosenPlantProps, OtherPlants } from '../parts/chosen-plant.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { Table } from '../parts/table.tsx';
import { useResource } from '../state/resource.ts';
import { nameOfObjective, say } from '../text/pages/master-data.ts';
import { number, t } from '../text/text.ts';

type MasterData = Answer<'getMasterData'>;

export function MasterDataPage({ plant }: { readonly plant: string }) {
  return (
    <ChosenPlant id={plant}>
      {(chosen) => <OfPlant key={chosen.plant.id} {...chosen} />}
    </ChosenPlant>
  );
}

function OfPlant({ plant, all }: ChosenPlantProps) {
  const found = useResource('getMasterData', {
    path: { plant: plant.id },
    tables: [],
    pace: 60_000,
  });
  return (
    <>
      <div class="head">
        <h1>{t('masterData')}</h1>
        <OtherPlants page="master-data" chosen={{ plant, all }} />
      </div>
      <Shown resource={found.value}>
        {(data) =>
          data.held.length === 0 ? (
            <Empty title={say('none')} why={say('noneWhy')} />
          ) : (
            <>
              <Findings {...data} />
              <Held held={data.held} />
              <Mappings mappings={data.mappings} />
            </>
          )
        }
      </Shown>
      <Objectives plant={plant.id} />
    </>
  );
}

/** How much of each error budget is spent. */
function Objectives({ plant }: { readonly plant: string }) {
  const kept = useResource('getObjectives', { path: { plant }, tables: [], pace: 60_000 });
  return (
    <section aria-labelledby="objectives">
      <h2 id="objectives">{say('objectives')}</h2>
      <p class="quiet">{say('objectivesWhy')}</p>
      <Shown resource={kept.value}>
        {({ objectives }) =>
          objectives.length === 0 ? (
            <p>{say('nothingKnown')}</p>
          ) : (
            <Table
              rows={objectives}
              keyOf={({ objective }) => objective}
              columns={[
                {
                  name: say('objective'),
                  cell: ({ objective, title }) => nameOfObjective(objective, title),
                },
                { name: say('target'), cell: ({ target }) => `${number(target)} %` },
                { name: say('budget'), cell: ({ budget }) => number(budget) },
                { name: say('degraded'), cell: ({ degraded }) => number(degraded) },
                {
                  name: say('spent'),
                  cell: ({ spent }) =>
                    `${number(spent * 100)} %${spent > 1 ? ` – ${say('missed')}` : ''}`,
                },
                { name: say('heldUp'), cell: ({ held }) => number(held) },
                {
                  name: say('worst'),
                  cell: ({ worst }) =>
                    worst === null ? '–' : `${dayOf(worst.begun)}: ${worst.text}`,
                },
              ]}
            />
          )
        }
      </Shown>
    </section>
  );
}

function Findings({ findings, scores: [last] }: MasterData) {
  return (
    <section aria-labelledby="findings">
      <h2 id="findings">{say('findings')}</h2>
      <p class="quiet">
        {last === undefined
          ? say('notLooked')
          : `${say('score')}: ${last.score === null ? '–' : `${number(last.score * 100)} %`} · ${say('looked')}: ${dayOf(last.time)}`}
      </p>
      {findings.length === 0 ? (
        last === undefined ? null : (
          <p>{say('nothing')}</p>
        )
      ) : (
        <Table
          rows={findings}
          keyOf={({ check, system, objects, text }) => [check, system, ...objects, text].join(' ')}
          columns={[
            { name: say('finding'), cell: ({ text }) => text },
            { name: say('proposal'), cell: ({ proposal }) => proposal },
            { name: say('owner'), cell: ({ owner }) => (owner === '' ? say('nobody') : owner) },
            { name: say('system'), cell: ({ system }) => system },
            { name: say('since'), cell: ({ since }) => dayOf(since) },
            {
              name: say('check'),
              cell: ({ check, of_plant }) => (of_plant ? check : `${check} (${say('noPlant')})`),
            },
          ]}
        />
      )}
    </section>
  );
}

function Held({ held }: Pick<MasterData, 'held'>) {
  return (
    <section aria-labelledby="systems">
      <h2 id="systems">{say('systems')}</h2>
      <Table
        rows={held}
        keyOf={({ system, entity }) => `${system} ${entity}`}
        columns={[
          { name: say('system'), cell: ({ system }) => system },
          { name: say('entity'), cell: ({ entity }) => entity.replaceAll('_', ' ') },
          { name: say('objects'), cell: ({ objects }) => number(objects) },
          { name: say('record'), cell: ({ is_record }) => (is_record ? say('yes') : '–') },
          { name: say('asOf'), cell: ({ as_of }) => dayOf(as_of) },
        ]}
      />
    </section>
  );
}

function Mappings({ mappings }: Pick<MasterData, 'mappings'>) {
  if (mappings.length === 0) return null;
  return (
    <section aria-labelledby="mappings">
      <h2 id="mappings">{say('mappings')}</h2>
      <Table
        rows={mappings}
        keyOf={({ entity, id, system, remote, from, state }) =>
          [entity, id, system, remote, from, state].join(' ')
        }
        columns={[
          { name: say('id'), cell: ({ id }) => id },
          { name: say('system'), cell: ({ system }) => system },
          { name: say('remote'), cell: ({ remote }) => remote },
          {
            name: say('valid'),
            cell: ({ from, to }) => `${from === '1970-01-01' ? '' : from} – ${to ?? ''}`,
          },
          { name: say('state'), cell: ({ state }) => state },
        ]}
      />
    </section>
  );
}

function dayOf(time: string): string {
  return time.slice(0, 10);
}
