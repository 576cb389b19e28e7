import type { RequestStatus } from '../../operators/model/machine-event.ts';

/** How a revision came to be in the CMMS. */
export type Settled = 'created' | 'found' | 'written' | 'present' | 'passed-over';

/** What the maintenance pipeline has to tell: each becomes a log line and a metric. */
export type MaintenanceHappening =
  | { readonly kind: 'maintenance-owned'; readonly owner: string; readonly own: boolean }
  | { readonly kind: 'maintenance-trouble'; readonly where: string; readonly error: Error }
  | {
      readonly kind: 'request-settled';
      readonly id: string;
      readonly revision: number;
      readonly how: Settled;
      readonly remote: string | null;
    }
  | {
      readonly kind: 'request-delayed';
      readonly id: string;
      readonly revision: number;
      readonly outcome: 'retryable' | 'unknown';
      readonly note: string;
      /** Milliseconds until the next attempt. */
      readonly after: number;
    }
  | {
      readonly kind: 'request-rejected';
      readonly id: string;
      readonly revision: number;
      readonly note: string;
    }
  | { readonly kind: 'request-doubled'; readonly id: string; readonly remotes: readonly string[] }
  | { readonly kind: 'request-status'; readonly id: string; readonly status: RequestStatus }
  | { readonly kind: 'status-unmapped'; readonly id: string; readonly word: string };

export type Happen = (happening: MaintenanceHappening) => void;
