/** What somebody has to look after, with owner, state and age, and what one may do about it. */

import { useSignal } from '@preact/signals';
import { type Answer, call } from '../api/client.ts';
import { houseZone, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo, place, setQuery } from '../state/route.ts';
import { mayAnywhere, me } from '../state/session.ts';
import { say } from '../text/pages/health.ts';
import { letterText } from '../text/pages/letters.ts';
import { clock, hours, money, number, shortTitle, t } from '../text/text.ts';
import { doAct } from './alarm-list.tsx';
import { Dialog, Field } from './dialog.tsx';
import { MachineLink } from './machine-link.tsx';
import { Empty, Shown } from './shown.tsx';
import { Table } from './table.tsx';

type Exceptions = Answer<'getExceptions'>;
type Exception = Exceptions['exceptions'][number];
type State = Exception['state'];

const STATES = ['open', 'taken', 'solved', 'waived'] as const;
const EVERY = 5_000;
/** Rows that are shown at once: a flood of sources is no list to read. */
const MOST = 50;

export function ExceptionList({ plants }: { readonly plants: readonly Plant[] }) {
  const resource = useResource('getExceptions', {
    tables: ['dead_letters', 'requests', 'commands', 'machine_events', 'epochs'],
    pace: EVERY,
  });
  const { exceptions: wanted = '' } = place.value.query;
  return (
    <section aria-labelledby="exceptions">
      <h2 id="exceptions">{say('exceptions')}</h2>
      <Shown resource={resource.value}>
        {({ exceptions, counts, cut, people }) => {
          const all = exceptions.filter(({ state }) =>
            wanted === '' ? state === 'open' || state === 'taken' : state === wanted,
          );
          return (
            <>
              <StateFilter counts={counts} wanted={wanted} />
              {all.length === 0 ? (
                <Empty title={say('noExceptions')} why={say('noExceptionsWhy')} />
              ) : (
                <ExceptionTable exceptions={all.slice(0, MOST)} people={people} plants={plants} />
              )}
              {all.length > MOST ? (
                <p class="quiet">{say('moreExceptions', { count: all.length - MOST })}</p>
              ) : null}
              {cut.length === 0 ? null : (
                <p class="quiet">
                  {say('exceptionsCut', { kinds: cut.map((kind) => say(kind)).join(', ') })}
                </p>
              )}
            </>
          );
        }}
      </Shown>
    </section>
  );
}

type FilterOptions = { readonly counts: Exceptions['counts']; readonly wanted: string };

function StateFilter({ counts, wanted }: FilterOptions) {
  return (
    <div class="row filters">
      <Field name={say('exceptionState')}>
        {(id) => (
          <select
            id={id}
            value={wanted}
            onChange={(event) => setQuery({ exceptions: event.currentTarget.value || undefined })}
          >
            <option value="">{`${say('notDealtWith')} (${counts.open + counts.taken})`}</option>
            {STATES.map((state) => (
              <option key={state} value={state}>{`${say(state)} (${counts[state]})`}</option>
            ))}
          </select>
        )}
      </Field>
    </div>
  );
}

type People = Pick<Exceptions, 'people'>;
type TableOptions = People & {
  readonly exceptions: readonly Exception[];
  readonly plants: readonly Plant[];
};

function ExceptionTable({ exceptions, people, plants }: TableOptions) {
  const zone = houseZone(plants);
  const currencyOf = ({ plant }: Exception) =>
    plants.find(({ id }) => id === plant)?.currency ?? null;
  return (
    <Table
      rows={exceptions}
      keyOf={({ id }) => id}
      columns={[
        { name: say('what'), cell: (each) => <What exception={each} plants={plants} /> },
        {
          name: say('note'),
          cell: ({ note, stop_cost: cost, ...each }) => (
            <>
              <span class="break">{note}</span>
              {cost === null ? null : (
                <span class="quiet">
                  {' '}
                  {say('worth')}: {money(cost, currencyOf({ note, stop_cost: cost, ...each }))}
                </span>
              )}
            </>
          ),
        },
        {
          name: say('age'),
          cell: ({ since, age_seconds: age }) => (
            <>
              {ageText(age)} <span class="quiet">{t('since', { time: clock(since, zone) })}</span>
            </>
          ),
        },
        { name: say('owner'), cell: (each) => <Owner exception={each} zone={zone} /> },
        { name: say('handle'), cell: (each) => <Handling exception={each} people={people} /> },
      ]}
    />
  );
}

const HOURS_OF_A_DAY = 24;

function ageText(seconds: number): string {
  const age = seconds / 3_600;
  return age < 2 * HOURS_OF_A_DAY
    ? hours(age)
    : say('days', { count: Math.round(age / HOURS_OF_A_DAY) });
}

type WhatOptions = { readonly exception: Exception; readonly plants: readonly Plant[] };

function What({ exception, plants }: WhatOptions) {
  const { kind, what, title, request, plant, line, asset, count } = exception;
  const text = request === '' ? title : shortTitle(title);
  return (
    <>
      {request === '' ? (
        <span class="break">{text}</span>
      ) : (
        <a href={linkTo(['requests', request])}>{text}</a>
      )}{' '}
      <span class="quiet">
        {say(kind)}: {what}
        {kind === 'dead-letters' ? ` (${letterText(what)})` : ''}
        {count > 1 ? `, ${number(count)}` : ''}
      </span>
      {asset === '' ? null : (
        <>
          {' '}
          <MachineLink of={{ plant, line, asset }} plants={plants} />
        </>
      )}
    </>
  );
}

function Owner({
  exception: { state, again, owner, owner_name: name, changed, reason },
  zone,
}: {
  readonly exception: Exception;
  readonly zone: string;
}) {
  const who = owner === me.value?.id ? say('you') : name === '' ? owner : name;
  return (
    <>
      <strong>{say(state)}</strong>
      {owner === '' ? null : ` · ${who}`}
      {again ? ` · ${say('again')}` : null}
      {changed === null ? null : (
        <span class="quiet"> {t('since', { time: clock(changed, zone) })}</span>
      )}
      {reason === '' ? null : <span class="quiet"> {reason}</span>}
    </>
  );
}

type HandlingOptions = People & { readonly exception: Exception };

function Handling({ exception, people }: HandlingOptions) {
  const told = useSignal<string | undefined>(undefined);
  const asking = useSignal<'given' | 'solved' | 'waived' | undefined>(undefined);
  const { id, kind, state, owner } = exception;
  const others = people.filter((each) => each.id !== me.value?.id && each.id !== owner);
  const handle = async (next: State, reason: string, to?: string) => {
    const body = { state: next, seen: state, reason, ...(to === undefined ? {} : { owner: to }) };
    return doAct((key) => call('handleException', { path: { id }, key, body }));
  };
  const press = async (next: State) => {
    told.value = (await handle(next, ''))?.text;
  };
  return (
    <div class="row handling">
      {kind === 'request' || kind === 'command' ? (
        <SendAgain kind={kind} id={id.slice(kind.length + 1)} />
      ) : null}
      {mayAnywhere('handle-exceptions') ? (
        <>
          {state === 'taken' && owner === me.value?.id ? null : (
            <button type="button" class="button" onClick={() => void press('taken')}>
              {say('take')}
            </button>
          )}
          {others.length === 0 ? null : (
            <button type="button" class="button" onClick={() => (asking.value = 'given')}>
              {say('giveTo')}
            </button>
          )}
          {(['solved', 'waived'] as const)
            .filter((each) => each !== state)
            .map((each) => (
              <button key={each} type="button" class="button" onClick={() => (asking.value = each)}>
                {say(each === 'solved' ? 'solve' : 'waive')}
              </button>
            ))}
          {state === 'open' ? null : (
            <button type="button" class="button" onClick={() => void press('open')}>
              {say('giveBack')}
            </button>
          )}
        </>
      ) : null}
      <span class="note" role="status">
        {told.value}
      </span>
      {asking.value === undefined ? null : (
        <HandleDialog
          exception={exception}
          next={asking.value}
          people={others}
          send={handle}
          onTold={(text) => (told.value = text)}
          onClose={() => (asking.value = undefined)}
        />
      )}
    </div>
  );
}

type HandleOptions = People & {
  readonly exception: Exception;
  readonly next: 'given' | 'solved' | 'waived';
  readonly send: (next: State, reason: string, to?: string) => ReturnType<typeof doAct>;
  readonly onTold: (text: string | undefined) => void;
  readonly onClose: () => void;
};

const DIALOGS = {
  given: ['giveTo', 'giveToWhy'],
  solved: ['solve', 'solveWhy'],
  waived: ['waive', 'waiveWhy'],
} as const;

function HandleDialog({ exception, next, people, send, onTold, onClose }: HandleOptions) {
  const problem = useSignal<string | undefined>(undefined);
  const isWaived = next === 'waived';
  const [title, why] = DIALOGS[next];
  const onSend = async (form: FormData) => {
    const reason = String(form.get('reason'));
    const told =
      next === 'given'
        ? await send('taken', reason, String(form.get('owner')))
        : await send(next, reason);
    if (told?.bad === true) problem.value = told.text;
    else {
      onTold(told?.text);
      onClose();
    }
  };
  return (
    <Dialog
      title={say(title)}
      problem={problem.value}
      onClose={onClose}
      onSend={(form) => void onSend(form)}
    >
      <p class="break">{exception.title}</p>
      <p class="quiet">{say(why)}</p>
      {next === 'given' ? (
        <Field name={say('toWhom')}>
          {(id) => (
            <select id={id} name="owner">
              {people.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                </option>
              ))}
            </select>
          )}
        </Field>
      ) : null}
      <Field name={t('reason')}>
        {(id) => (
          <input
            id={id}
            name="reason"
            required={isWaived}
            minLength={isWaived ? 3 : 0}
            maxLength={1000}
          />
        )}
      </Field>
    </Dialog>
  );
}

type AgainOptions = { readonly kind: 'request' | 'command'; readonly id: string };

/** For what waits, and for what was refused. */
export function SendAgain({ kind, id }: AgainOptions) {
  const told = useSignal<string | undefined>(undefined);
  if (!mayAnywhere('resend')) return null;
  const send = async () => {
    const input = { path: { id }, body: {} };
    const result = await doAct(() =>
      kind === 'request' ? call('resendRequest', input) : call('resendCommand', input),
    );
    told.value = result?.bad === true ? result.text : say('sentAgain');
  };
  return (
    <>
      <button type="button" class="button" onClick={() => void send()}>
        {say('sendAgain')}
      </button>{' '}
      <span class="note" role="status">
        {told.value}
      </span>
    </>
  );
}
