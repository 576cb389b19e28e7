/** Who did what with the installation, newest first: for whoever keeps it. */

import { useSignal } from '@preact/signals';
import { type Answer, call } from '../api/client.ts';
import { Empty, ProblemNote, Shown } from '../parts/shown.tsx';
import { Table } from '../parts/table.tsx';
import { useResource } from '../state/resource.ts';
import { place, setQuery } from '../state/route.ts';
import { say } from '../text/pages/audit.ts';
import { moment, t } from '../text/text.ts';

type Page = Answer<'getAudit'>;
type Entry = Page['entries'][number];

export function AuditPage() {
  const { act = '', who = '' } = place.value.query;
  const query = { limit: 100, ...(act === '' ? {} : { act }), ...(who === '' ? {} : { who }) };
  const page = useResource('getAudit', {
    query,
    tables: ['machine_events', 'rules', 'assets'],
    pace: 10_000,
  });
  return (
    <>
      <div class="head">
        <h1>{t('audit')}</h1>
        <Filter name="act" value={act} />
        <Filter name="who" value={who} />
      </div>
      <p class="quiet">{say('why')}</p>
      <Shown resource={page.value}>
        {(found) =>
          found.entries.length === 0 && found.next === null ? (
            <Empty title={say('none')} why={say('noneWhy')} />
          ) : (
            <Entries key={`${act} ${who}`} first={found} query={query} />
          )
        }
      </Shown>
    </>
  );
}

function Filter({ name, value }: { readonly name: 'act' | 'who'; readonly value: string }) {
  return (
    <label class="field field-row">
      <span>{say(name)}</span>
      <input
        type="search"
        value={value}
        maxLength={64}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value.trim() })}
      />
    </label>
  );
}

type EntriesOptions = {
  readonly first: Page;
  readonly query: { readonly limit: number; readonly act?: string; readonly who?: string };
};

/** The newest follow by themselves; older ones come when they are asked for. */
function Entries({ first, query }: EntriesOptions) {
  const older = useSignal<Page | undefined>(undefined);
  const problem = useSignal<Parameters<typeof ProblemNote>[0]['problem'] | undefined>(undefined);
  const next = older.value === undefined ? first.next : older.value.next;
  const more = async (cursor: string) => {
    try {
      const page = await call('getAudit', { query: { ...query, cursor } });
      const before = older.value?.entries ?? [];
      older.value = { next: page.next, entries: [...before, ...page.entries] };
      problem.value = undefined;
    } catch (error) {
      problem.value = (error as { problem?: NonNullable<typeof problem.value> }).problem;
    }
  };
  const known = new Set<string>();
  const rows = [...first.entries, ...(older.value?.entries ?? [])].filter((each) => {
    const isNew = !known.has(keyOf(each));
    known.add(keyOf(each));
    return isNew;
  });
  return (
    <>
      <Table
        rows={rows}
        keyOf={keyOf}
        columns={[
          { name: say('number'), cell: ({ n }) => n },
          { name: say('when'), cell: ({ appended }) => moment(appended, 'UTC') },
          { name: say('who'), cell: Person },
          { name: say('act'), cell: Act },
          { name: say('what'), cell: ({ what }) => <span class="break">{what}</span> },
          { name: say('reason'), cell: ({ reason }) => reason ?? '' },
        ]}
      />
      {problem.value === undefined ? null : <ProblemNote problem={problem.value} />}
      {next === null ? null : (
        <div class="row">
          <button type="button" class="button" onClick={() => void more(next)}>
            {say('older')}
          </button>
        </div>
      )}
    </>
  );
}

function keyOf({ n, sha256 }: Entry): string {
  return `${n} ${sha256}`;
}

function Person({ name, who, via }: Entry) {
  return (
    <>
      {name === '' ? who : name} <span class="quiet">{via}</span>
    </>
  );
}

function Act({ act, step, of }: Entry) {
  const word = step === 'intent' ? say('intent') : step === 'failed' ? say('failed') : '';
  return (
    <>
      {act} <span class="quiet">{of === null ? word : `${word} ${say('ofEntry', { of })}`}</span>
    </>
  );
}
