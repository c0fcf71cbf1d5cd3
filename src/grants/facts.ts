import { CompiledQuery } from 'kysely';
import type {
  ApiAccess,
  ApiPermission,
  ClaimsMapping,
  Client,
  ClientDocuments,
  Facts,
  Grant,
  GrantRequest,
  Ledger,
  Lookup,
  Person,
  Session,
  SigningAlg,
  Token,
} from '#oidc/ports.ts';
import { firstCells } from '#platform/db/in-place.ts';
import type { Db, DbKind } from '#platform/db/open.ts';
import { keyOf } from '#platform/stamped.ts';
import { type FactsStatement, factsStatement, type Places, type Shape } from './facts-statement.ts';
import { tokenKey } from './token-key.ts';

/** One custom claim of a person, their own (`group` null) or of one of their groups. */
export interface ClaimRow {
  key: string;
  value: string;
  group: string | null;
}
/** Decides which of several claims of one key counts. */
export type MergeClaims = (rows: readonly ClaimRow[]) => Record<string, string>;

interface ApiRow {
  resource: string;
  api: string;
  user: 0 | 1;
  client: 0 | 1;
  kind: 'user' | 'client' | null;
  key: string | null;
  name: string;
  description: string | null;
  position: number;
}

function toApis(rows: readonly ApiRow[]): ApiAccess[] {
  return [...new Set(rows.map((row) => row.resource))].map((resource) => {
    const here = rows.filter((row) => row.resource === resource);
    const permissions = (kind: 'user' | 'client'): ApiPermission[] | undefined => {
      if (!here.some((row) => row[kind] === 1)) return undefined;
      const granted = here.filter((row) => row.kind === kind && row.key !== null).sort((a, b) => a.position - b.position);
      const byKey = new Map(granted.map((row) => [row.key as string, row]));
      return [...byKey].map(([key, { name, description }]) => ({ key, name, ...(description ? { description } : {}) }));
    };
    return { resource, name: here[0]?.api ?? resource, forPeople: permissions('user'), forItself: permissions('client') };
  });
}

/** Values as the database gives them. */
type Cell = string | number | null;
type Cells = readonly Cell[];

const parsed = <T>(cell: Cell | undefined) => JSON.parse(cell as string) as T;
const words = (value: string) => (value === '' ? [] : value.split(' '));

const toClient = (row: Cells, at: Places<'client'>): Client => ({
  id: row[at.id] as string,
  name: row[at.name] as string,
  type: row[at.type] as Client['type'],
  isPublic: row[at.isPublic] === 1,
  redirectUris: parsed<string[]>(row[at.redirectUris]),
  postLogoutRedirectUris: parsed<string[]>(row[at.postLogoutRedirectUris]),
  requirePkce: row[at.pkceEnabled] === 1 || row[at.isPublic] === 1,
  pkceSupported: row[at.pkceSupported] === 1,
  requirePar: row[at.requirePar] === 1,
  requireReauthentication: row[at.requireReauthentication] === 1,
  skipConsent: row[at.skipConsent] === 1,
  groupRestricted: row[at.groupRestricted] === 1,
  allowedGroupIds: parsed<string[]>(row[at.allowedGroupIds]),
  secrets: parsed<Client['secrets']>(row[at.secrets]),
  federatedIdentities: parsed<Client['federatedIdentities']>(row[at.federatedIdentities]),
  idTokenAlg: row[at.idTokenAlg] as SigningAlg,
  accessTokenAlg: row[at.accessTokenAlg] as SigningAlg,
  minimalIdToken: row[at.minimalIdToken] === 1,
  claimsMapping: parsed<ClaimsMapping>(row[at.claimsMapping]),
  accessTokenSeconds: (row[at.accessTokenMinutes] as number) * 60,
  refreshTokenSeconds: (row[at.refreshTokenMinutes] as number) * 60,
  launchUrl: row[at.launchUrl] as string | null,
  apis: row[at.apis] === '[]' ? [] : toApis(parsed<ApiRow[]>(row[at.apis])),
});

const toGrant = (row: Cells, at: Places<'grant'>): Grant => ({
  id: row[at.id] as string,
  clientId: row[at.clientId] as string,
  userId: row[at.userId] as string | null,
  sessionId: row[at.sessionId] as string | null,
  kind: row[at.kind] as Grant['kind'],
  scopes: words(row[at.scope] as string),
  resource: row[at.resource] as string | null,
  authTime: row[at.authTime] as number | null,
  amr: parsed<string[]>(row[at.amr]),
  request: parsed<GrantRequest>(row[at.request]),
  codeExpiresAt: row[at.codeExpiresAt] as number | null,
  codeUsedAt: row[at.codeUsedAt] as number | null,
  createdAt: row[at.createdAt] as number,
  expiresAt: row[at.expiresAt] as number,
  revokedAt: row[at.revokedAt] as number | null,
});

const toToken = (row: Cells, at: Places<'token'>): Token => ({
  kind: row[at.kind] as Token['kind'],
  grantId: row[at.grantId] as string,
  jti: row[at.jti] as string,
  scopes: words(row[at.scope] as string),
  audience: parsed<string[]>(row[at.audience]),
  issuedAt: row[at.issuedAt] as number,
  expiresAt: row[at.expiresAt] as number,
  usedAt: row[at.usedAt] as number | null,
});

const toSession = (row: Cells, at: Places<'session'>): Session => ({
  id: row[at.id] as string,
  userId: row[at.userId] as string,
  authTime: row[at.authTime] as number,
  amr: parsed<string[]>(row[at.amr]),
  createdAt: row[at.createdAt] as number,
  lastSeenAt: row[at.lastSeenAt] as number,
  expiresAt: row[at.expiresAt] as number,
});

const toPerson =
  (merge: MergeClaims) =>
  (row: Cells, at: Places<'person'>): Person => ({
    id: row[at.id] as string,
    username: row[at.username] as string,
    email: row[at.email] as string | null,
    emailVerified: row[at.emailVerified] === 1,
    firstName: row[at.firstName] as string,
    lastName: row[at.lastName] as string,
    displayName: row[at.displayName] as string,
    locale: row[at.locale] as string | null,
    disabled: row[at.disabled] === 1,
    updatedAt: row[at.updatedAt] as number,
    groups: parsed<{ id: string; name: string }[]>(row[at.groups]).sort((a, b) => (a.name < b.name ? -1 : 1)),
    customClaims: row[at.claims] === '[]' ? {} : merge(parsed<ClaimRow[]>(row[at.claims])),
  });

/** Clients and people whose rows were decoded lately; more than that and it begins anew. */
const MOST_REMEMBERED = 1000;

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}

/**
 * Decodes a part of a row; the same cells as before give the same object as before, since a client's row changes once a month and is read with
 * every request. Every row is read from the database all the same: only the decoding is spared.
 */
function remembering<A extends Readonly<Record<string, number>> & { id: number }, T>(decode: (row: Cells, at: A) => T) {
  const known = new Map<Cell, { cells: Cells; value: T }>();
  return (row: Cells, at: A): T => {
    const from = at.id;
    const id = row[from] as Cell;
    const before = known.get(id);
    if (before?.cells.every((cell, i) => cell === row[from + i])) return before.value;
    const value = frozen(decode(row, at));
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(id, { cells: row.slice(from, from + Object.keys(at).length), value });
    return value;
  };
}

interface LedgerDeps {
  db: Db;
  kind: DbKind;
  merge: MergeClaims;
  /** A client that may not be used any more is as good as none. */
  documents: Pick<ClientDocuments, 'admits'>;
}

/**
 * Reads everything a request is decided by in one statement, so that the decision stands on one moment's facts and a token, userinfo or
 * introspection request costs one read.
 */
export function createLedger({ db, kind, merge, documents }: LedgerDeps): Ledger {
  const statements = new Map<string, FactsStatement>();
  const statementFor = (shape: Shape) => {
    const name = `${shape.clientId} ${shape.session} ${shape.grantBy}`;
    let statement = statements.get(name);
    if (!statement) {
      statement = factsStatement(kind, shape);
      statements.set(name, statement);
    }
    return statement;
  };
  const clientOf = remembering(toClient);
  const personOf = remembering(toPerson(merge));

  return {
    async read({ clientId, session, token, code }: Lookup): Promise<Facts> {
      const grantBy = token !== undefined ? 'token' : code !== undefined ? 'code' : undefined;
      const { sql, columns, places } = statementFor({ clientId: clientId !== undefined, session: session !== undefined, grantBy });
      const values: string[] = [];
      if (token !== undefined) values.push(tokenKey(token));
      else if (code !== undefined) values.push(keyOf(code));
      if (session !== undefined) values.push(keyOf(session));
      if (clientId !== undefined) values.push(clientId);
      const row = (await firstCells(db, CompiledQuery.raw(sql, values), columns)) as Cells | undefined;
      if (!row) throw new Error('the facts statement answered no row');
      const isThere = (at: number | undefined): boolean => at !== undefined && row[at] != null;
      const facts: Facts = {};
      if (places.client && isThere(places.client.id)) {
        const client = clientOf(row, places.client);
        if (documents.admits(client)) facts.client = client;
      }
      if (places.session && isThere(places.session.id)) facts.session = toSession(row, places.session);
      if (places.grant && isThere(places.grant.id)) facts.grant = toGrant(row, places.grant);
      if (places.token && isThere(places.token.kind)) facts.token = toToken(row, places.token);
      if (places.person && isThere(places.person.id)) facts.person = personOf(row, places.person);
      if (places.consent && isThere(places.consent.scopes)) {
        facts.consented = parsed<string[]>(row[places.consent.scopes]);
        facts.consentUsedAt = row[places.consent.lastUsedAt] as number;
      }
      return facts;
    },
  };
}
