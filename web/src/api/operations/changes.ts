// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type ChangesOperations = {
  /** Server-sent events: `change` names what rows that landed are about, `reset` says that everything has to be read anew. The id of an event is its sequence in ANDON_LIVE: with `Last-Event-ID` the stream goes on where it broke off. */
  followChanges: {
    method: 'GET';
    url: '/api/v1/live';
    path: Record<never, never>;
    query: {
      after?: number;
    };
    body: undefined;
    answer: undefined;
  };
  /** What happens, as CloudEvents, oldest first, from a place on. A page may be empty, and a next one is always there: ask again. */
  getFeed: {
    method: 'GET';
    url: '/api/v1/feed';
    path: Record<never, never>;
    query: {
      after?: string;
      limit?: number;
      kind?: 'anomaly' | 'alarm' | 'downtime-begun' | 'downtime-ended' | 'production-exception' | 'request' | 'parts-used' | 'work-completed';
      plant?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        specversion: string;
        /** The same for a repeat. */
        id: string;
        source: string;
        /** andon.<kind>.v1 */
        type: string;
        subject: string;
        time: string;
        datacontenttype: string;
        /** In the stream. */
        sequence: number;
        data: unknown;
      }>;
      /** Where to go on. */
      next: string;
    };
  };
  /** This description. */
  getDescription: {
    method: 'GET';
    url: '/api/v1/openapi.json';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: Record<string, unknown>;
  };
};
