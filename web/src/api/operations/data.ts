// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type DataOperations = {
  /** What left the main way and why, newest first: one entry for each epoch, reason, stage and source. */
  getDeadLetters: {
    method: 'GET';
    url: '/api/v1/dead-letters';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      reason?: string;
      source?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        stream: string;
        sequence: number;
        last_sequence: number;
        appended: string;
        reason: string;
        stage: string;
        /** Subject, asset or rule that it came from. */
        source: string;
        /** Readings or messages. */
        count: number;
        detail: string;
        /** The first three, shortened. */
        originals: Array<string>;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** Flow, systems with what waits for them, dead letters by reason, sensors that are not well. */
  getHealth: {
    method: 'GET';
    url: '/api/v1/health';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      flow: Array<{
        /** Partition of the log. */
        stream: string;
        /** That the log holds. */
        messages: number;
        last_sequence: number;
        /** When its latest message was stored. */
        latest: string | null;
        bytes: number;
        is_replay: boolean;
        /** The latest message whose epoch is in ClickHouse; 0: none. */
        landed: number;
        /** Messages that have not landed. */
        backlog: number;
        /** Append time of the latest one that landed. */
        appended: string | null;
        /** How old what lands is; null in a replay. */
        lag_seconds: number | null;
        /** Over the latest five minutes of append time. */
        messages_per_second: number;
        rows_per_second: number;
        /** Mean length of an epoch. */
        epoch_seconds: number;
      }>;
      systems: Array<{
        /** The CMMS that took requests, `cmms` before one did; or a system that takes commands. */
        system: string;
        waiting: number;
        /** Of the latest five hundred. */
        done: number;
        refused: number;
        /** Answers in a row that were neither a yes nor a no: the most of one. */
        failures: number;
        attempts: number;
        /** Since when the oldest waits. */
        oldest: string | null;
        /** The latest attempt. */
        latest: {
          time: string;
          what: string;
          outcome: string;
          note: string;
        } | null;
        /** What waits, the oldest first; at most fifty. */
        holds: Array<{
          kind: 'request' | 'command';
          id: string;
          /** The request that it is, or that the command is for. */
          request: string;
          plant: string;
          line: string;
          asset: string;
          title: string;
          priority: string;
          /** Since when it waits, or was refused. */
          since: string;
          stop_cost: number | null;
          order_late: boolean | null;
          /** Of the latest attempt. */
          note: string;
        }>;
      }>;
      /** What a system said no to, the newest first; at most fifty. */
      refused: Array<{
        kind: 'request' | 'command';
        id: string;
        /** The request that it is, or that the command is for. */
        request: string;
        plant: string;
        line: string;
        asset: string;
        title: string;
        priority: string;
        /** Since when it waits, or was refused. */
        since: string;
        stop_cost: number | null;
        order_late: boolean | null;
        /** Of the latest attempt. */
        note: string;
      }>;
      dead_letters: Array<{
        reason: string;
        /** In the latest day of the log. */
        day: number;
        /** In the latest thirty days. */
        month: number;
        latest: string;
        stages: Array<string>;
        /** The three that it came from most. */
        sources: Array<string>;
        /** Of the latest. */
        detail: string;
        /** Of the latest: the first three, shortened. */
        originals: Array<string>;
      }>;
      /** That are not well, the longest silent first; at most fifty. */
      sensors: Array<{
        plant: string;
        line: string;
        asset: string;
        signal: string;
        /** silent, thin or still. */
        verdict: string;
        silent_seconds: number;
        latest_time: string;
      }>;
    };
  };
  /** Dead letters by reason and source, what systems refused, and findings: with owner, state and age, those that wait first. */
  getExceptions: {
    method: 'GET';
    url: '/api/v1/exceptions';
    path: Record<never, never>;
    query: {
      state?: 'open' | 'taken' | 'solved' | 'waived';
      kind?: 'dead-letters' | 'request' | 'command' | 'difference' | 'master-data';
    };
    body: undefined;
    answer: {
      /** Of each kind the newest two hundred. */
      exceptions: Array<{
        id: string;
        /** request, command: a system refused it. */
        kind: 'dead-letters' | 'request' | 'command' | 'difference' | 'master-data';
        /** Empty where nobody knows; line and asset, too. */
        plant: string;
        line: string;
        asset: string;
        /** The request that it is about; empty for none. */
        request: string;
        /** Reason of dead letters, name of the system or of the check. */
        what: string;
        /** Where dead letters came from, or what is wrong. */
        title: string;
        /** Of the latest. */
        note: string;
        /** Readings or messages of the latest thirty days; else 1. */
        count: number;
        stop_cost: number | null;
        since: string;
        /** When it was last so. */
        latest: string;
        /** Since then, up to the latest message of the log. */
        age_seconds: number;
        /** What happens again after it was solved is open; what is waived stays so. */
        state: 'open' | 'taken' | 'solved' | 'waived';
        /** It was solved, and happened again. */
        again: boolean;
        /** Opaque id of who took, solved or waived it, or to whom it was given; empty for nobody. */
        owner: string;
        /** Empty where no name is known, or where it was erased. */
        owner_name: string;
        /** When the state changed; null where it never did. */
        changed: string | null;
        /** What the owner said. */
        reason: string;
      }>;
      /** Kinds of which there are more. */
      cut: Array<'dead-letters' | 'request' | 'command' | 'difference' | 'master-data'>;
      /** To whom an exception can be given, by their names. */
      people: Array<{
        id: string;
        name: string;
      }>;
      counts: {
        open: number;
        taken: number;
        solved: number;
        waived: number;
      };
    };
  };
  /** Who did what with the installation, newest first. A page may have few entries, or none, and a next one. `andon audit verify` checks the chain itself. */
  getAudit: {
    method: 'GET';
    url: '/api/v1/audit';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      who?: string;
      act?: string;
      what?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        /** Number of the entry in the chain. */
        n: number;
        /** When the broker took it. */
        appended: string;
        /** When it was written, by the clock of the writer. */
        time: string;
        /** Opaque id of whoever acted. */
        who: string;
        /** Of the person; empty where none is known, or where it was erased. */
        name: string;
        /** Role that attests it. */
        via: string;
        act: string;
        step: 'intent' | 'done' | 'failed';
        /** Entry of the intent that this is the end of. */
        of: number | null;
        /** What it was done to. */
        what: string;
        /** The message of the log that it is about. */
        place: {
          stream: string;
          created: string | null;
          sequence: number;
        } | null;
        /** sha256 of what was there. */
        before: string | null;
        /** sha256 of what is there now. */
        after: string | null;
        /** In their words; null where none is kept. */
        reason: string | null;
        /** sha256 of the entry before. */
        previous: string;
        /** Of all bytes of this one. */
        sha256: string;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
};
