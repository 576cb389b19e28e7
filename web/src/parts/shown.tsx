/** A resource on the screen: what is there, that it is being read, or why it cannot be shown. */

import type { ComponentChildren } from 'preact';
import type { ProblemDetails } from '../api/client.ts';
import type { Resource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { t } from '../text/text.ts';

export function Shown<T>({
  resource: { data, problem, loading },
  children,
}: {
  readonly resource: Resource<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  if (data === undefined && problem !== undefined) return <ProblemNote problem={problem} />;
  if (data === undefined) return loading ? <Waiting /> : null;
  return (
    <>
      {problem === undefined ? null : <ProblemNote problem={problem} old />}
      {children(data)}
    </>
  );
}

/** Grey places for what comes: they do not jump about when it is there. */
export function Waiting() {
  return (
    <div class="waiting" role="status">
      <span class="unseen">{t('loading')}</span>
      <span class="bone" />
      <span class="bone" />
      <span class="bone" />
    </div>
  );
}

export function ProblemNote({
  problem,
  old = false,
}: {
  readonly problem: ProblemDetails;
  /** Something older is shown below it. */
  readonly old?: boolean;
}) {
  return (
    <div class="note note-problem" role="status">
      <strong>{t(old ? 'old' : 'problem')}</strong> <span>{whatToDo(problem)}</span>
      {problem.detail === '' ? null : (
        <details>
          <summary>{problem.status === 0 ? '…' : problem.status}</summary>
          <p>{problem.detail}</p>
          <p class="quiet">{problem.instance}</p>
        </details>
      )}
    </div>
  );
}

/** A sentence that says what to do. */
export function whatToDo({ status, detail }: ProblemDetails): string {
  if (status === 0 || status === 502 || status === 504) return t('noAnswer');
  if (status === 401) return t('notSignedIn');
  if (status === 403) return t('forbidden');
  if (status === 503) return t('away');
  return detail;
}

/** Nothing is here, and what would be here if there were something. */
export function Empty({ title, why }: { readonly title: string; readonly why?: string }) {
  return (
    <div class="empty">
      <p>{title}</p>
      {why === undefined ? null : <p class="quiet">{why}</p>}
    </div>
  );
}

/** For an address that leads nowhere: says so, and shows a way on. */
export function NotFound() {
  return (
    <>
      <Empty title={t('notFound')} why={t('notFoundWhy')} />
      <p>
        <a href={linkTo(['plant'])}>{t('toPlant')}</a>
      </p>
    </>
  );
}
