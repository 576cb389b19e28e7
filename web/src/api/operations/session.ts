// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type SessionOperations = {
  /** Begins a session by name and password; the answer sets its cookie. */
  signIn: {
    method: 'POST';
    url: '/api/v1/session';
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      name: string;
      password: string;
    };
    answer: {
      /** Opaque: what the log has of a person. */
      id: string;
      name: string;
      roles: Array<{
        role: 'viewer' | 'operator' | 'technician' | 'supervisor' | 'planner' | 'engineer' | 'analyst' | 'manager' | 'administrator';
        plant?: string;
        line?: string;
      }>;
      rights: Array<{
        act: string;
        everywhere: boolean;
        plants: Array<string>;
        /** `plant/line`. */
        lines: Array<string>;
      }>;
      /** To be sent with each act as X-Andon-CSRF; null for programs, which have no session. */
      csrf: string | null;
    };
  };
  /** Ends the session. */
  signOut: {
    method: 'DELETE';
    url: '/api/v1/session';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
  /** Who one is, and what one may do. */
  getMe: {
    method: 'GET';
    url: '/api/v1/me';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** Opaque: what the log has of a person. */
      id: string;
      name: string;
      roles: Array<{
        role: 'viewer' | 'operator' | 'technician' | 'supervisor' | 'planner' | 'engineer' | 'analyst' | 'manager' | 'administrator';
        plant?: string;
        line?: string;
      }>;
      rights: Array<{
        act: string;
        everywhere: boolean;
        plants: Array<string>;
        /** `plant/line`. */
        lines: Array<string>;
      }>;
      /** To be sent with each act as X-Andon-CSRF; null for programs, which have no session. */
      csrf: string | null;
    };
  };
};
