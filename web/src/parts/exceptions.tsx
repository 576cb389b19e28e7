/** What left the main way, by its reason and with its originals, and the sensors that are not well. */

import type { Answer } from '../api/client.ts';
import { houseZone, type Plant } from '../state/plants.ts';
import { say } from '../text/pages/health.ts';
import { letterText } from '../text/pages/letters.ts';
import { clock, number, t } from '../text/text.ts';
import { MachineLink } from './machine-link.tsx';
import { Empty } from './shown.tsx';
import { Table } from './table.tsx';

type Part = { readonly health: Answer<'getHealth'>; readonly plants: readonly Plant[] };

export function LettersByReason({ health: { dead_letters: letters }, plants }: Part) {
  const zone = houseZone(plants);
  return (
    <section aria-labelledby="letters">
      <h2 id="letters">{say('letters')}</h2>
      {letters.length === 0 ? (
        <Empty title={say('noLetters')} why={say('noLettersWhy')} />
      ) : (
        <Table
          rows={letters}
          keyOf={({ reason }) => reason}
          columns={[
            {
              name: say('letterReason'),
              cell: ({ reason, stages }) => (
                <>
                  {reason} {letterText(reason)} <span class="quiet">{stages.join(', ')}</span>
                </>
              ),
            },
            { name: say('day'), cell: ({ day }) => number(day) },
            { name: say('month'), cell: ({ month }) => number(month) },
            {
              name: say('from'),
              cell: ({ sources }) => <span class="break">{sources.join(', ')}</span>,
            },
            {
              name: say('originals'),
              cell: ({ detail, originals, latest }) => (
                <>
                  <span class="quiet">{clock(latest, zone)}</span> {detail}
                  {originals.length === 0 ? null : (
                    <details>
                      <summary>{say('originals')}</summary>
                      <pre>{originals.join('\n')}</pre>
                    </details>
                  )}
                </>
              ),
            },
          ]}
        />
      )}
    </section>
  );
}

export function UnwellSensors({ health: { sensors }, plants }: Part) {
  if (sensors.length === 0) return null;
  return (
    <section aria-labelledby="sensors">
      <h2 id="sensors">{say('sensors')}</h2>
      <Table
        rows={sensors}
        keyOf={({ plant, line, asset, signal }) => `${plant}/${line}/${asset}/${signal}`}
        columns={[
          {
            name: t('machine'),
            cell: ({ plant, line, asset, signal }) => (
              <>
                <MachineLink of={{ plant, line, asset }} plants={plants} />{' '}
                <span class="quiet">{signal}</span>
              </>
            ),
          },
          { name: say('verdict'), cell: ({ verdict }) => verdictText(verdict) },
          {
            name: say('silentFor'),
            cell: ({ plant, latest_time: time }) =>
              clock(time, plants.find(({ id }) => id === plant)?.time_zone ?? 'UTC'),
          },
        ]}
      />
    </section>
  );
}

function verdictText(verdict: string): string {
  return verdict === 'silent' || verdict === 'thin' || verdict === 'still' ? say(verdict) : verdict;
}
